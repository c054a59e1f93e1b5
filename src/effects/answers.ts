/**
 * When a request that has run is answered:
 *
 *   failed, or wrote nothing        at once
 *   a strict read                   when all it saw is durable and the epoch is still ours
 *   sealed: deferred                at the end of the turn, once autosync has been told
 *   sealed: relaxed, strict         when its commit is written, durable
 */
import type { DatabaseError } from '../errors.ts'
import type { View } from '../storage/view.ts'
import type { Epoch, Txid } from '../units.ts'
import type { Acks, Waiter } from './acks.ts'
import type { Answer, Call } from './call.ts'

export interface AnswerPorts {
  readonly view: View
  readonly acks: Acks
  readonly epoch: () => Epoch
  readonly durableTxid: () => Txid
  /** @throws LEASE_LOST */
  readonly confirmEpoch: () => void | Promise<void>
  /** Something was sealed since the last call. */
  readonly tellSealed: (urgency: 'now' | 'policy') => void
  /** A request ended in an error. */
  readonly observeError: (error: unknown) => void
  /** A read waits for what is sealed already. */
  readonly requestFlush: () => void
}

/** A request, as those see it who answer it. */
export interface Asked {
  readonly call: Call<unknown>
  readonly deadlineAtMs: number
  readonly resolve: (answer: Answer<unknown>) => void
  readonly reject: (error: unknown) => void
}

export class Answers {
  readonly #ports: AnswerPorts
  #urgency: 'now' | 'policy' = 'policy'
  #isFlushAsked = false
  #toldTxid: Txid
  #answeredAtTurnEnd: Pick<Waiter, 'release' | 'reject'>[] = []

  constructor(ports: AnswerPorts) {
    this.#ports = ports
    this.#toldTxid = ports.view.sealedTxid
  }

  /** The request has run: tells its caller, now or when its level is reached. `before`: what was sealed when it began. */
  answer(asked: Asked, before: Txid, { value, error }: { value: unknown; error: unknown }): void {
    const { view, acks, epoch, durableTxid } = this.#ports
    const { call, resolve, reject, deadlineAtMs } = asked
    const txid = view.sealedTxid
    const settle = () => (error === undefined ? resolve({ value, epoch: epoch(), txid }) : reject(error))
    const hasSealed = view.sealedTxid > before
    if (error !== undefined) this.#ports.observeError(error)
    if (hasSealed) call.onSealed?.({ value, epoch: epoch(), txid }, error)
    if (!hasSealed && !(call.isStrictRead && error === undefined)) return settle()
    if (hasSealed && call.level === 'deferred') {
      this.#answeredAtTurnEnd.push({ release: settle, reject })
      return
    }
    const release = hasSealed ? settle : () => this.#confirmThen(settle, reject)
    if (!hasSealed && view.sealedTxid <= durableTxid()) return release()
    if (hasSealed) this.#urgency = 'now'
    // What autosync was told of already, in an earlier turn, is not told again: a flush of it has to be asked for.
    if (!hasSealed || view.sealedTxid === this.#toldTxid) this.#isFlushAsked = true
    acks.wait(hasSealed && call.level === 'relaxed' ? 'relaxed' : 'strict', {
      txid: view.sealedTxid,
      release,
      reject,
      deadlineAtMs,
    })
  }

  #confirmThen(settle: () => void, reject: (error: unknown) => void): void {
    const confirmed = async () => this.#ports.confirmEpoch()
    confirmed().then(settle, reject)
  }

  /** Tells autosync what was sealed, then answers those that wait for nothing more. */
  endTurn(): void {
    const { view } = this.#ports
    if (view.sealedTxid !== this.#toldTxid) {
      this.#toldTxid = view.sealedTxid
      const urgency = this.#urgency
      this.#urgency = 'policy'
      this.#ports.tellSealed(urgency)
    }
    if (this.#isFlushAsked) {
      this.#isFlushAsked = false
      this.#ports.requestFlush()
    }
    if (this.#answeredAtTurnEnd.length > 0) for (const { release } of this.#answeredAtTurnEnd.splice(0)) release()
  }

  /** What was sealed is not any more: whoever was about to be answered for it is told so. */
  discarded(error: DatabaseError): void {
    this.#toldTxid = this.#ports.view.sealedTxid
    for (const { reject } of this.#answeredAtTurnEnd.splice(0)) reject(error)
  }
}
