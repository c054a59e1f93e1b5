/**
 * What became of the commits behind receipts. Each epoch kept the transactions up to some txid when the next one began; a receipt of
 * an older epoch beyond that is lost, though its txid may have been issued again.
 */
import type { Receipt } from '../events.ts'
import type { EpochEnd } from '../storage/block-store.ts'
import type { Epoch, Txid } from '../units.ts'

export class Receipts {
  readonly #ends: () => readonly EpochEnd[]

  /** @param ends of the epochs that the store remembers now, ascending */
  constructor(ends: () => readonly EpochEnd[]) {
    this.#ends = ends
  }

  /** 'kept': durable once everything up to its txid is. 'forgotten': older than what is remembered. */
  judge(
    receipt: Receipt,
    now: { readonly epoch: Epoch; readonly sealedTxid: Txid },
  ): 'kept' | 'lost' | 'forgotten' | 'foreign' {
    if (receipt.epoch > now.epoch) return 'foreign'
    if (receipt.epoch === now.epoch) return receipt.txid <= now.sealedTxid ? 'kept' : 'foreign'
    // Kept through every later epoch end: a loss in any of them takes it.
    const later = this.#ends().filter(({ epoch }) => epoch >= receipt.epoch)
    if (later.some(({ lastTxid }) => receipt.txid > lastTxid)) return 'lost'
    return later[0]?.epoch === receipt.epoch ? 'kept' : 'forgotten'
  }
}
