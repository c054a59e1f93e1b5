/** Waits until what was sealed is durable, asked by receipt or by position. */
import type { Acks } from './effects/acks.ts'
import type { Clock } from './effects/ports.ts'
import { Receipts } from './effects/receipts.ts'
import { DatabaseError, isDatabaseError } from './errors.ts'
import type { Receipt } from './events.ts'
import { limits } from './limits.ts'
import type { BlockStore } from './storage/block-store.ts'
import type { View } from './storage/view.ts'
import type { Txid } from './units.ts'

export interface DurableWaitPorts {
  readonly store: BlockStore
  readonly view: View
  readonly acks: Acks
  readonly clock: Clock
  /** Somebody waits for a flush. */
  readonly onWaiting: () => void
}

export class DurableWaits {
  readonly #ports: DurableWaitPorts
  readonly #receipts: Receipts

  constructor(ports: DurableWaitPorts) {
    this.#ports = ports
    this.#receipts = new Receipts(() => ports.store.epochEnds)
  }

  /** Resolves when everything up to `txid` is durable and the epoch is still ours. @throws LEASE_LOST, what its flush meets */
  async through(txid: Txid): Promise<void> {
    const { store, acks, clock, onWaiting } = this.#ports
    if (txid <= store.positions.durableTxid) return store.confirmEpoch()
    await new Promise<void>((release, reject) => {
      acks.wait('strict', { txid, release, reject, deadlineAtMs: clock.now() + limits.requestDeadlineMs })
      onWaiting()
    })
  }

  /** The same for the commit that `receipt` stands for. @throws COMMIT_LOST, OUTCOME_UNKNOWN, INVALID_OPTIONS */
  async of(receipt: Receipt): Promise<void> {
    const { store, view } = this.#ports
    if (!isReceipt(receipt)) throw foreign(receipt)
    const verdict = this.#receipts.judge(receipt, { epoch: store.epoch, sealedTxid: view.sealedTxid })
    if (verdict !== 'kept') throw refusals[verdict](receipt)
    try {
      await this.through(receipt.txid as Txid)
    } catch (error) {
      throw isDatabaseError(error, 'STORAGE_FAILED') && error.outcome === undefined ? lost(receipt, error) : error
    }
  }
}

/** Types do not keep other things out. */
const isReceipt = (receipt: Partial<Receipt> | undefined | null): boolean =>
  [receipt?.epoch, receipt?.txid].every((number) => Number.isSafeInteger(number) && Number(number) >= 0)

const lost = ({ epoch, txid }: Receipt, cause?: unknown) =>
  new DatabaseError('COMMIT_LOST', `transaction ${txid} of epoch ${epoch} was lost before it was durable`, {
    details: { epoch, txid },
    cause,
  })

const forgotten = (receipt: Receipt) =>
  new DatabaseError('OUTCOME_UNKNOWN', `what epoch ${receipt.epoch} kept is no longer known`, {
    details: { ...receipt },
    outcome: 'unknown',
  })

const foreign = (receipt: Receipt) =>
  new DatabaseError('INVALID_OPTIONS', 'this receipt was not issued by this database', { details: { ...receipt } })

const refusals = { lost, forgotten, foreign }
