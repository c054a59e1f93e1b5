/** Export: a plain SQLite file of one moment, read from a pinned snapshot while writes go on. */
import { DatabaseError } from './errors.ts'
import { limits } from './limits.ts'
import type { Reign } from './reign.ts'
import type { Snapshot } from './storage/block-store.ts'
import { blockNo } from './units.ts'

/** Reads begin when the stream is first pulled; the snapshot is what was sealed by then. */
export function exportFrom(reign: Reign, flush: () => Promise<unknown>): ReadableStream<Uint8Array> {
  let held: HeldSnapshot | undefined
  let at = 0
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        held ??= await hold(reign, flush, (error) => controller.error(error))
        const { snapshot } = held
        if (at >= snapshot.sizeBlocks) {
          held.release()
          return controller.close()
        }
        held.touch()
        const count = Math.min(limits.exportChunkBlocks, snapshot.sizeBlocks - at)
        const chunk = new Uint8Array(count * snapshot.blockSize)
        readInto(held, chunk, at)
        at += count
        controller.enqueue(chunk)
      },
      cancel() {
        held?.release()
      },
    },
    { highWaterMark: 0 },
  )
}

function readInto({ snapshot, release }: HeldSnapshot, chunk: Uint8Array, from: number): void {
  const { blockSize } = snapshot
  try {
    for (let at = 0; at < chunk.length; at += blockSize) {
      snapshot.read(blockNo(from + at / blockSize), chunk.subarray(at, at + blockSize))
    }
  } catch (error) {
    release()
    throw error
  }
}

interface HeldSnapshot {
  readonly snapshot: Snapshot
  /** The reader is there: the wait for it begins anew. */
  touch(): void
  release(): void
}

/** A snapshot keeps the log from being folded, so it is not held for a reader that has gone. */
async function hold(
  reign: Reign,
  flush: () => Promise<unknown>,
  fail: (error: DatabaseError) => void,
): Promise<HeldSnapshot> {
  await flush()
  await reign.store.awaited?.all()
  const snapshot = reign.store.pin()
  let isHeld = true
  let cancelTimer: (() => void) | undefined
  const release = () => {
    if (!isHeld) return
    isHeld = false
    cancelTimer?.()
    withdraw()
    snapshot.release()
  }
  const interrupt = (why: string) => {
    release()
    fail(new DatabaseError('EXPORT_INTERRUPTED', `the export ended: ${why}`))
  }
  const withdraw = reign.onClosing(() => interrupt('the database closed'))
  return {
    snapshot,
    release,
    touch() {
      cancelTimer?.()
      cancelTimer = reign.clock.after(limits.exportIdleMs, () => interrupt(`nobody read for ${limits.exportIdleMs} ms`))
    },
  }
}
