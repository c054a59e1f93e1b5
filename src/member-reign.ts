/**
 * One reign of a member: the database lives here, and those who follow are served.
 *
 *   begin ─▶ life: store recovered, epoch raised ─▶ reachable: clients are taken on ─▶ began
 *   end, in order ─▶ nobody is taken on, open transactions of clients end ─▶ drained, lock released ─▶ ended
 *   the life fails ─▶ lost: another one leads | failed ─▶ ended
 */
import type { Lease } from './effects/lease.ts'
import type { Place, Sharing, Where } from './effects/place.ts'
import type { DatabaseHandle } from './database.ts'
import { asDatabaseError, DatabaseError } from './errors.ts'
import type { LeaderCause } from './events.ts'
import { Clients } from './host/clients.ts'
import type { LedStreams } from './host/shared-streams.ts'
import { Life } from './life.ts'
import type { MemberOptions } from './member-parts.ts'
import type { Serving, Transport } from './wire/transport.ts'

export interface MemberReignPorts {
  readonly place: Place
  readonly sharing: Sharing
  readonly transport: Transport
  readonly lease: Lease
  /** Where the leader had the database that was followed last. */
  readonly followed: Where | undefined
  readonly given: MemberOptions
  /** Raised while it opens, recovery ends. */
  readonly signal: AbortSignal
  readonly cause: LeaderCause
  /** Since when nobody led. */
  readonly sinceMs: number
  /** Of the last leader that was known here. */
  readonly epochKnown: number
  readonly began: (database: DatabaseHandle, epoch: number) => void
  /** It leads no more: LEASE_LOST, or what broke it. */
  readonly ended: (error: DatabaseError) => void
}

export class MemberReign {
  readonly #ports: MemberReignPorts
  readonly #life: Life
  #clients: Clients | undefined
  #serving: Serving | undefined

  constructor(ports: MemberReignPorts) {
    const { place, sharing, lease, followed, given, signal, cause, sinceMs } = ports
    this.#ports = ports
    const { medium, location } = place
    // The streams of the whole have the callbacks; a reign would call them a second time.
    const { on: _, signal: _opening, ...options } = given.options
    this.#life = new Life(
      { medium, location, acquire: () => sharing.hold(lease, followed) },
      { ...given, options: { ...options, signal }, cause: { cause, sinceMs } },
    )
  }

  get streams(): LedStreams & Life['streams'] {
    return this.#life.streams
  }

  async begin(): Promise<void> {
    const { transport, given, epochKnown, began, ended } = this.#ports
    const life = this.#life
    life.ended.catch((error: unknown) => ended(asDatabaseError(error)))
    transport.announce(undefined)
    const onRefused = () => life.streams.emit({ type: 'message.refused' })
    try {
      const database = await life.begin()
      if (life.epoch <= epochKnown) throw storeReplaced(epochKnown, life.epoch)
      const clients = new Clients({
        database,
        epoch: () => life.epoch,
        medium: life.medium,
        pragmas: given.settings.pragmas,
        timer: given.clock,
        onRefused,
        onEpochHeard: (epoch) => this.hearOf(epoch),
      })
      this.#clients = clients
      life.reign?.onStalled(() => clients.stoodStill())
      this.#serving = await transport.serve(life.epoch, {
        onConnection: (connection) => clients.accept(connection),
        onRefused,
      })
      life.note(this.#serving.address)
      began(database, life.epoch)
    } catch (error) {
      life.fail(asDatabaseError(error))
    }
  }

  /** A sign of life, to ourselves and to those who follow. */
  beat(): void {
    this.#life.reign?.alive()
    this.#ports.transport.announce(this.#clients === undefined ? undefined : this.#life.epoch)
    this.#clients?.beat()
  }

  /** Somebody says that there is a leader of this epoch. */
  hearOf(epoch: number): void {
    if (epoch > this.#life.epoch) this.#life.reign?.doubt()
  }

  /** Another one leads. */
  fence(): void {
    this.#life.fail(
      new DatabaseError('LEASE_LOST', 'another member has taken over this database', { outcome: 'unknown' }),
    )
  }

  /** Resolves when everything is let go, the lock included. @throws why a clean end was not one */
  async end({ isClean }: { readonly isClean: boolean }): Promise<void> {
    this.#serving?.stop()
    try {
      if (isClean) {
        const isFollowed = (this.#clients?.count ?? 0) > 0
        this.#clients?.resign()
        // A home of files is to be a plain one when all have closed, at once too.
        await this.#life.close({ isHandedOver: isFollowed && this.#life.medium !== 'fs' })
      } else {
        // It has failed, and is told why already: here it is only waited for.
        await this.#life.ended.catch(() => undefined)
      }
    } finally {
      this.#clients?.close()
    }
  }
}

/** Whoever looks at the medium alone takes it for a store that nobody has written to. */
const storeReplaced = (known: number, found: number) =>
  new DatabaseError(
    'STORE_LOST',
    `the database that this member followed at epoch ${known} is gone; in its place is one of epoch ${found}, which the next open() will open`,
    { details: { known, found }, outcome: 'unknown' },
  )
