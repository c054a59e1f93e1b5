/**
 * A member's way to whoever leads: looks for it until it is found, and keeps the connection.
 *
 *   seek ─▶ connect ─▶ join ─▶ joined ══ beats ══▶ lost | resigned
 *             ▲ pause ┘  └▶ refused: a leader is there and will not have us
 */
import { isDatabaseError } from '../errors.ts'
import { limits } from '../limits.ts'
import type { Join, Joined } from '../wire/protocol.ts'
import type { Connection, Transport } from '../wire/transport.ts'
import { leaderGone } from './leader-gone.ts'
import { Link } from './link.ts'
import { RemoteDatabase } from './remote-database.ts'
import type { MonotonicTimer } from './timer.ts'

export interface FollowerPorts {
  readonly name: string
  readonly transport: Transport
  readonly timer: MonotonicTimer
  readonly join: Omit<Join, 'epoch'>
  /** Of the greatest epoch that is known: a leader of an older one is not followed. */
  readonly epochMin: () => number
  /** Somebody reads chunk by chunk. */
  readonly hold: () => () => void
  readonly joined: (database: RemoteDatabase, joined: Joined) => void
  readonly refused: (error: unknown) => void
  /** Something that is none of ours was dropped. */
  readonly onRefused: () => void
  readonly lost: (how: 'leader.lost' | 'leader.resigned') => void
  /** Somebody leads at that epoch. */
  readonly onAnnounced: (epoch: number) => void
}

interface Session {
  readonly connection: Connection
  readonly link: Link
  epoch: number
}

export class Follower {
  readonly #ports: FollowerPorts
  readonly #stopListening: () => void
  #session: Session | undefined
  /** Counts searches: what an earlier one finds is let go. */
  #search = 0
  #isSeeking = false
  #tryNow: () => void = () => undefined
  #isHeard = false

  constructor(ports: FollowerPorts) {
    this.#ports = ports
    this.#stopListening = ports.transport.onAnnounced((epoch) => {
      // One that stood still does not know yet that it is over.
      if (epoch !== undefined && epoch < ports.epochMin()) return
      this.#isHeard = true
      if (epoch === undefined) return
      ports.onAnnounced(epoch)
      if (this.#session !== undefined && epoch > this.#session.epoch) this.#lose(this.#session, 'leader.lost')
      this.#tryNow()
    })
  }

  /** Until a leader has taken us on or refused to. */
  seek(): void {
    this.#isSeeking = true
    void this.#seek(++this.#search)
  }

  /** Follows nobody, and looks for nobody. */
  stop(): void {
    this.#isSeeking = false
    this.#search += 1
    this.#tryNow()
    const session = this.#session
    this.#session = undefined
    if (session !== undefined) end(session)
  }

  /** Nothing more comes of it. */
  close(): void {
    this.stop()
    this.#stopListening()
  }

  /** Whether the leader was heard since this was last asked. */
  takeHeard(): boolean {
    const isHeard = this.#isHeard
    this.#isHeard = false
    return isHeard
  }

  /** Somebody waits for what the leader answers: a process does not end meanwhile. */
  hold(isHeld: boolean): void {
    this.#session?.connection.hold(isHeld)
  }

  async #seek(search: number): Promise<void> {
    const { transport } = this.#ports
    for (
      let pauseMs: number = limits.seekMs;
      this.#isCurrent(search);
      pauseMs = Math.min(2 * pauseMs, limits.seekMsMax)
    ) {
      // That it was closed meanwhile ends the search; anything else is tried again.
      const connection = await transport.connect().catch(() => undefined)
      if (!this.#isCurrent(search)) return connection?.close()
      if (connection !== undefined && (await this.#join(search, connection))) return
      await this.#pause(pauseMs)
    }
  }

  #isCurrent(search: number): boolean {
    return this.#isSeeking && search === this.#search
  }

  /** Whether that was the end of the search. */
  async #join(search: number, connection: Connection): Promise<boolean> {
    const { name, timer, join, epochMin, joined, refused } = this.#ports
    const link = new Link(connection, {
      timer,
      member: {
        onBeat: () => {
          this.#isHeard = true
        },
        onResigned: () => this.#lose(session, 'leader.resigned'),
        onRefused: this.#ports.onRefused,
      },
    })
    const session: Session = { connection, link, epoch: 0 }
    connection.onClosed(() => this.#lose(session, 'leader.lost'))
    try {
      const answer = (await link.ask((id) => ({ kind: 'join', id, join: { ...join, epoch: epochMin() } }), {
        waitMs: limits.joinMs,
      })) as Joined
      if (!this.#isCurrent(search) || answer.epoch < epochMin()) {
        end(session)
        return !this.#isCurrent(search)
      }
      link.speak(answer.version)
      session.epoch = answer.epoch
      this.#session = session
      this.#isSeeking = false
      this.#isHeard = true
      joined(
        new RemoteDatabase(name, { link, opened: answer, onClosed: () => undefined, hold: this.#ports.hold }),
        answer,
      )
      return true
    } catch (error) {
      end(session)
      const isRefused = isDatabaseError(error, 'PROTOCOL_MISMATCH') || isDatabaseError(error, 'INVALID_OPTIONS')
      if (isRefused && this.#isCurrent(search)) refused(error)
      return isRefused
    }
  }

  #lose(session: Session, how: 'leader.lost' | 'leader.resigned'): void {
    session.link.lose(leaderGone())
    if (session !== this.#session) return
    // What a leader that resigns has begun is asked of the next one, which knows whether it was applied.
    this.#session = undefined
    end(session)
    this.#ports.lost(how)
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#ports.timer.after(ms, resolve)
      this.#tryNow = () => {
        cancel()
        resolve()
      }
    })
  }
}

function end({ link, connection }: Session): void {
  link.post({ kind: 'leave' })
  link.flush()
  link.lose(leaderGone())
  connection.close()
}
