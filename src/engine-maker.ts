/** SQLite's engine as one database wants it: with its pragmas, its limits and its ear for what was ignored. */
import type { OpenOptions } from './api.ts'
import type { SqlEngine } from './effects/ports.ts'
import { limits } from './limits.ts'
import type { Settings } from './options.ts'
import type { View } from './storage/view.ts'
import type { Streams } from './streams/streams.ts'
import { createEngine } from './vfs/engine.ts'

/** Gives each view that is asked for an engine of its own. */
export function engineMaker(
  { durability, pragmas }: Settings,
  { wasmBinary }: OpenOptions,
  streams: Streams,
): (view: View) => Promise<SqlEngine> {
  return (view) =>
    createEngine({
      view,
      pragmas,
      synchronousLevel: synchronousLevels[durability],
      tempBytesMax: limits.transactionBytesMax,
      statementCacheMax: limits.statementCacheMax,
      onNotice: (notice) => streams.emit({ type: 'pragma.ignored', ...notice }),
      ...(wasmBinary === undefined ? {} : { wasmBinary }),
    })
}

/** What PRAGMA synchronous reads as. */
const synchronousLevels = { deferred: 0, relaxed: 1, strict: 2 } as const
