/** Keeps damaged bytes as they were found, in a file of their own, before anything is written over them. */
import type { FileSystem, StoreFile } from './file-system.ts'
import type { QuarantinedBytes } from './recovery-report.ts'

const PIECE_BYTES = 1024 * 1024

/** Copies `bytes` bytes of `from` at `at` into the next `quarantine-<n>`; durable when it resolves. */
export async function quarantine(
  fs: FileSystem,
  { from, at, bytes }: { readonly from: StoreFile; readonly at: number; readonly bytes: number },
): Promise<QuarantinedBytes> {
  const names = await fs.list()
  let number = 1
  while (names.includes(`quarantine-${number}`)) number++
  const file = await fs.open(`quarantine-${number}`, { create: true })
  try {
    const piece = new Uint8Array(Math.min(PIECE_BYTES, bytes))
    let done = 0
    while (done < bytes) {
      const count = from.read(piece.subarray(0, Math.min(piece.length, bytes - done)), at + done)
      if (count === 0) break
      file.write(piece.subarray(0, count), done)
      done += count
    }
    await file.flushAsync()
    await fs.flushNames()
    return { file: file.name, from: from.name, at, bytes: done }
  } finally {
    file.close()
  }
}
