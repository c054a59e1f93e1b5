/** What is done to a store in the fault tests, step by step, and what it holds after each step. */
import type { BlockStore } from '../../src/storage/block-store.ts'
import { bytesAt, groupFor, imageOf, textOf, type Writes } from '../contract/groups.ts'

export interface Step {
  readonly name: string
  /** Changes the database; the other steps must not. */
  readonly writes?: Writes
  readonly run: (store: BlockStore) => Promise<void>
}

const written = (name: string, writes: Writes, needsBarrier: boolean): Step => ({
  name,
  writes,
  async run(store) {
    await store.append(groupFor(store, writes), { needsBarrier })
    if (needsBarrier) await store.barrier({ mayWait: false })
    await store.confirmEpoch()
  },
})

const many = (count: number, content: string) =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [at, `${content} ${at}`]))

export const workload: readonly Step[] = [
  written('strict', { blocks: { 0: 'a', 1: 'b', 2: 'c' } }, true),
  written('relaxed', { blocks: { 1: 'B', 70: 'far' } }, false),
  { name: 'barrier', run: async (store) => void (await store.barrier({ mayWait: false })) },
  written('in chunks', { blocks: many(40, 'long') }, true),
  { name: 'checkpoint', run: async (store) => void (await store.checkpoint({ everything: true })) },
  written('shrinks', { blocks: { 0: 'A' }, freed: [3], sizeBlocks: 20 }, false),
  { name: 'checkpoint over it', run: async (store) => void (await store.checkpoint({})) },
  written('grows again', { blocks: { 25: 'new' } }, true),
  written('in chunks again', { blocks: many(45, 'longer') }, false),
]

/** The database after each number of steps: index 0 is empty. */
export function expectedStates(): readonly string[] {
  const blocks = new Map<number, string>()
  let size = 0
  const zeros = new Uint8Array(4096)
  const state = () => [size, ...Array.from({ length: size }, (_, at) => blocks.get(at) ?? textOf(zeros))].join('|')
  const states = [state()]
  for (const { writes } of workload) {
    if (writes !== undefined) {
      const contents = Object.entries(writes.blocks ?? {})
      for (const [at, content] of contents) blocks.set(Number(at), textOf(imageOf(content)))
      for (const at of writes.freed ?? []) blocks.delete(at)
      size = writes.sizeBlocks ?? Math.max(size, ...contents.map(([at]) => Number(at) + 1))
      for (const at of blocks.keys()) if (at >= size) blocks.delete(at)
    }
    states.push(state())
  }
  return states
}

export const stateOf = (store: BlockStore): string =>
  [store.sizeBlocks, ...Array.from({ length: store.sizeBlocks }, (_, at) => bytesAt(store, at))].join('|')
