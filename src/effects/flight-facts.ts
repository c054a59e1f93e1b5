/** What is told of a flush: that it began, and that it came through or failed. */
import type { DatabaseError } from '../errors.ts'
import type { FlushTrigger } from '../machines/autosync.ts'
import type { Appended, BlockStore, Group } from '../storage/block-store.ts'
import type { View } from '../storage/view.ts'
import type { Epoch } from '../units.ts'
import type { Facts } from './facts.ts'
import type { Clock } from './ports.ts'

/** One flush on its way to the medium. */
export interface Flight {
  /** Undefined: a barrier alone, for what was written before. */
  readonly group: Group | undefined
  readonly trigger: FlushTrigger
  readonly startedAtMs: number
  readonly needsBarrier: boolean
  readonly epoch: Epoch
  /** What the store has written of it. */
  appended: Appended
}

export const nothingAppended: Appended = { bytes: 0, blocks: 0 }

export interface FlightFactsPorts {
  readonly store: BlockStore
  readonly view: View
  readonly clock: Clock
  readonly facts: Facts
}

export class FlightFacts {
  readonly #ports: FlightFactsPorts

  constructor(ports: FlightFactsPorts) {
    this.#ports = ports
  }

  started(flight: Flight): void {
    this.#ports.facts.emit({ type: 'sync.started', ...this.#extent(flight) })
  }

  /** It reached its level, and those who waited have been answered. */
  committed(flight: Flight): void {
    const { facts, clock, store } = this.#ports
    const { group, appended, needsBarrier, startedAtMs } = flight
    const ms = clock.now() - startedAtMs
    facts.emit({ type: 'sync.succeeded', ...this.#extent(flight), ms, epoch: store.epoch })
    if (group === undefined || !facts.hasCommitListeners()) return
    facts.commit({
      receipt: { epoch: store.epoch, txid: group.lastTxid },
      firstTxid: group.firstTxid,
      lastTxid: group.lastTxid,
      ...appended,
      durability: needsBarrier ? 'strict' : 'relaxed',
      timeMs: group.timeMs,
      ms,
    })
  }

  failed(
    flight: Flight,
    { error, willRetry }: { readonly error: DatabaseError | undefined; readonly willRetry: boolean },
  ): void {
    const { facts, clock } = this.#ports
    const { code, message } = error ?? { code: 'STORAGE_FAILED' as const, message: 'the flush failed' }
    const ms = clock.now() - flight.startedAtMs
    facts.emit({ type: 'sync.failed', ...this.#extent(flight), ms, code, message, willRetry })
  }

  #extent({ group, trigger }: Flight) {
    const { store, view } = this.#ports
    const at = store.positions.writtenTxid
    const blocks = group?.blocks.size ?? 0
    return {
      txidFrom: group?.firstTxid ?? at,
      txidTo: group?.lastTxid ?? at,
      blocks,
      bytes: blocks * view.blockSize,
      trigger,
    }
  }
}
