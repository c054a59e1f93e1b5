/** SQLite's engine as one database wants it: with its pragmas, its limits and its ear for what was ignored. */
import type { OpenOptions } from './api.ts'
import type { SqlEngine } from './effects/ports.ts'
import { limits } from './limits.ts'
import type { Settings } from './options.ts'
import type { View } from './storage/view.ts'
import type { Streams } from './streams/streams.ts'
import { tellDamage } from './streams/tell-damage.ts'
import { createEngine } from './vfs/engine.ts'
import { createSqliteModule, type SqliteModule } from './vfs/sqlite-module.ts'

/**
 * Gives each view that is asked for an engine of its own. SQLite for the first, unless it is there, is loaded from now on, while the
 * store is looked for and read; that this failed, whoever asks for the engine is told.
 */
export function engineMaker(
  { durability, pragmas }: Settings,
  { wasmBinary }: OpenOptions,
  { streams, sqlite }: { readonly streams: Streams; readonly sqlite: Promise<SqliteModule> | undefined },
): (view: View) => Promise<SqlEngine> {
  let first: Promise<SqliteModule> | undefined = sqlite ?? createSqliteModule(wasmBinary)
  first.catch(() => undefined)
  return (view) => {
    const module = first
    first = undefined
    return createEngine(
      {
        view,
        pragmas,
        synchronousLevel: synchronousLevels[durability],
        tempBytesMax: limits.transactionBytesMax,
        statementCacheMax: limits.statementCacheMax,
        onNotice: (notice) => streams.emit({ type: 'pragma.ignored', ...notice }),
        onPassedOver: (error) => tellDamage(streams, error),
        ...(wasmBinary === undefined ? {} : { wasmBinary }),
      },
      module,
    )
  }
}

/** What PRAGMA synchronous reads as. */
const synchronousLevels = { deferred: 0, relaxed: 1, strict: 2 } as const
