/** An engine over a View over a store in memory, and what the tests of the engine ask of it. */
import { limits } from '../../../src/limits.ts'
import type { Row, SqlParams } from '../../../src/sql.ts'
import { View } from '../../../src/storage/view.ts'
import { createEngine, type Engine, type EngineOptions } from '../../../src/vfs/engine.ts'
import { MemoryBlockStore } from './memory-block-store.ts'

export interface Fixture {
  readonly store: MemoryBlockStore
  readonly view: View
  readonly engine: Engine
  readonly notices: { pragma: string; message: string }[]
  /** Rows as arrays. */
  readonly all: (sql: string, params?: SqlParams) => readonly Row[]
  readonly run: (sql: string, params?: SqlParams) => ReturnType<Engine['run']>
  /** Everything sealed goes to the store. */
  readonly flush: () => void
}

export async function openFixture(
  options: Partial<EngineOptions> & { readonly store?: MemoryBlockStore; readonly transactionBytesMax?: number } = {},
): Promise<Fixture> {
  const store = options.store ?? new MemoryBlockStore()
  const view =
    options.view ?? new View(store, { transactionBytesMax: options.transactionBytesMax ?? limits.transactionBytesMax })
  const notices: { pragma: string; message: string }[] = []
  const engine = await createEngine({
    view,
    pragmas: {},
    synchronousLevel: 2,
    tempBytesMax: 64 * 1024 * 1024,
    statementCacheMax: limits.statementCacheMax,
    onNotice: (notice) => notices.push(notice),
    ...options,
  })
  const settings = { resultBytesMax: limits.resultBytesMax }
  return {
    store,
    view,
    engine,
    notices,
    all: (sql, params) => engine.run(sql, params, { rowMode: 'array', ...settings }).rows,
    run: (sql, params) => engine.run(sql, params, { rowMode: 'object', ...settings }),
    flush: () => flush(view, store),
  }
}

export function flush(view: View, store: MemoryBlockStore): void {
  const group = view.takeGroup({ timeMs: 0, requests: [] })
  if (group === undefined) return
  store.append(group)
  view.settle()
}

/** A second engine over what the store holds: what would be there after a crash. */
export const reopen = (store: MemoryBlockStore): Promise<Fixture> => openFixture({ store })

/** What `fn` throws; fails if it throws nothing. */
export function thrownBy(fn: () => unknown): unknown {
  try {
    fn()
  } catch (error) {
    return error
  }
  throw new Error('it threw nothing')
}
