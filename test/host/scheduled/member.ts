/** A member that only follows, and asks: the Forwarder and the Follower that ship, wired as a member wires them. */
import { Follower } from '../../../src/host/follower.ts'
import { Forwarder } from '../../../src/host/forwarder.ts'
import { limits } from '../../../src/limits.ts'
import { PROTOCOL_OLDEST, PROTOCOL_VERSION } from '../../../src/wire/protocol.ts'
import type { World } from './leader.ts'

export class FollowingMember {
  readonly #forwarder: Forwarder
  readonly #follower: Follower
  /** Of the leader that took it on last. */
  epoch = 0
  /** How often it was taken on. */
  joinedCount = 0
  refusedCount = 0
  /** What it asks, in order, and the transactions that it was told. */
  readonly names: readonly string[]
  readonly answers = new Map<string, number>()
  readonly failures: unknown[] = []

  constructor({ s, clock, switchboard }: World, { name, requests }: { name: string; requests: number }) {
    this.names = Array.from({ length: requests }, (_, n) => `${name}:${n}`)
    this.#forwarder = new Forwarder({ timer: clock, newId: () => name, onWaiting: () => undefined })
    this.#follower = new Follower({
      name,
      transport: switchboard.transport(),
      timer: clock,
      join: {
        memberId: name,
        speaks: { oldest: PROTOCOL_OLDEST, newest: PROTOCOL_VERSION },
        medium: 'memory',
        pragmas: {},
      },
      epochMin: () => this.epoch,
      hold: () => () => undefined,
      joined: (database, { epoch }) => {
        this.epoch = epoch
        this.joinedCount += 1
        this.#forwarder.lead(database, epoch)
      },
      refused: (error) => {
        throw error
      },
      onRefused: () => (this.refusedCount += 1),
      lost: () => {
        this.#forwarder.lead(undefined)
        this.#follower.seek()
      },
      onAnnounced: () => undefined,
    })
    this.#follower.seek()
    s.scheduleSequence(this.names.map((name) => ({ label: `asks ${name}`, builder: async () => this.#ask(name) })))
  }

  get isAnswered(): boolean {
    return this.answers.size + this.failures.length === this.names.length
  }

  /** The next request does not wait for the answer. */
  #ask(request: string): void {
    const asked = this.#forwarder.ask({
      run: (database, how) => database.exec(request, [], how),
      deadlineMs: limits.requestDeadlineMs,
      isRepeatable: true,
    })
    asked.then(
      ({ receipt }) => this.answers.set(request, receipt.txid),
      (error: unknown) => this.failures.push(error),
    )
  }
}
