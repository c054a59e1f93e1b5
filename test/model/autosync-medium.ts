/**
 * Plays a script over a store, and tells from the medium alone when something arrived there. Simulated time stands still while the
 * medium works, so a real one, slow as it is, gives the times of the table.
 *
 *   step ─▶ what the flush began with is appended ─▶ look at the medium: has it more than before? ─▶ next step
 */
import type { BlockStore, Group } from '../../src/storage/block-store.ts'
import { blockNo, txid } from '../../src/units.ts'
import { type PlayedFlush, type Script, stage } from './autosync-script.ts'

export interface LookedAt {
  readonly store: BlockStore
  /** The last transaction that would be there if everything stopped now. Does not ask the store. */
  lastOnMedium(): Promise<number>
}

export type Arrival = Omit<PlayedFlush, 'trigger'>

/** What arrived on the medium: when, and how many writes at once. */
export async function playOnMedium(script: Script, { store, lastOnMedium }: LookedAt): Promise<readonly Arrival[]> {
  const writes = script.steps.filter((step) => 'write' in step).map(({ write }) => write)
  const arrivals: Arrival[] = []
  let flushing: Promise<void> | undefined
  const { clock, end } = stage(script, {
    onFlush({ from, through }) {
      const blocks = Math.max(1, ...writes.slice(from, through).map((write) => write.blocks))
      flushing = flush(store, { from, through, blocks })
    },
  })
  let seen = await lastOnMedium()
  while (clock.runNext(script.untilMs)) {
    await flushing
    flushing = undefined
    const last = await lastOnMedium()
    if (last !== seen) arrivals.push({ atMs: clock.nowMs, count: last - seen })
    seen = last
  }
  end()
  return arrivals
}

interface Taken {
  readonly from: number
  readonly through: number
  /** Of its largest write. */
  readonly blocks: number
}

/** One transaction a write. */
async function flush(store: BlockStore, { from, through, blocks }: Taken): Promise<void> {
  const firstTxid = store.positions.writtenTxid + 1
  const images = Array.from(
    { length: blocks },
    (_, at) => [blockNo(at), new Uint8Array(store.blockSize).fill(through)] as const,
  )
  const group: Group = {
    firstTxid: txid(firstTxid),
    lastTxid: txid(firstTxid + through - from - 1),
    sizeBlocks: Math.max(store.sizeBlocks, blocks),
    blocks: new Map(images),
    freed: new Set(),
    requests: [],
    timeMs: 0,
  }
  await store.append(group, { needsBarrier: true })
  await store.barrier({ mayWait: false })
  await store.confirmEpoch()
}

/** What of a row is seen from outside: flushes that a full disk refused leave nothing. */
export const arrivalsOf = ({
  flushes,
  refused = [],
}: Script & { readonly flushes: readonly PlayedFlush[] }): readonly Arrival[] =>
  flushes.filter((_, at) => !refused.includes(at)).map(({ atMs, count }) => ({ atMs, count }))
