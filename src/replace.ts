/** An import: the file takes the place of everything that was in the database, as one commit. */
import type { Executor } from './effects/executor.ts'
import type { SqlEngine } from './effects/ports.ts'
import type { Receipt } from './events.ts'
import { assertImportable, assertSound, stage } from './import.ts'
import { limits } from './limits.ts'
import type { View } from './storage/view.ts'

export interface ReplacePorts {
  readonly view: View
  readonly executor: Executor
  /** An engine over another view, to look at the file before it is let in. */
  readonly makeEngine: (view: View) => Promise<SqlEngine>
  /** The pages are others now: the connection has to be made anew. */
  readonly onReplaced: () => void
}

/** Looks at the file as a whole, then makes it the database. @throws IMPORT_INVALID, and what its commit meets */
export async function replaceBy(file: Uint8Array, ports: ReplacePorts): Promise<Receipt> {
  const { view, executor, makeEngine, onReplaced } = ports
  assertImportable(file, view.blockSize)
  await assertSound(file, view.blockSize, makeEngine)
  const replace = async () => {
    stage(file, view)
    view.seal()
    // Nothing runs on the old connection meanwhile. It is not waited for: what was sealed is answered like any commit.
    onReplaced()
  }
  const { epoch, txid } = await executor.exclusive(replace, {
    level: 'strict',
    isStrictRead: false,
    deadlineMs: limits.requestDeadlineMs,
  })
  return { epoch, txid }
}
