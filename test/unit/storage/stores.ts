/** Stores in memory whose files a test may look at and damage. */
import type { BlockStore } from '../../../src/storage/block-store.ts'
import { MemoryFs } from '../../../src/storage/media/memory-fs.ts'
import { openFileStore } from '../../../src/storage/recover.ts'
import type { RecoveryReport } from '../../../src/storage/recovery-report.ts'
import type { StoreOptions } from '../../../src/storage/recovery-state.ts'
import { bytesAt, commit } from '../../contract/groups.ts'

export const options: StoreOptions = {
  storeId: '00112233445566778899aabbccddeeff',
  blockSize: 4096,
  checksum: 'xxh64',
  verify: 'full',
  onCorruption: 'fail',
  homeChanged: 'fail',
  segmentBytes: 128 * 1024,
  checkpointBytes: 256 * 1024,
  checkpointStepBytes: 32 * 1024,
}

export const openOn = (
  fs: MemoryFs,
  change: Partial<StoreOptions> = {},
): Promise<{ store: BlockStore; report: RecoveryReport }> => openFileStore(fs, { ...options, ...change })

export async function bytesOf(fs: MemoryFs, name: string): Promise<Uint8Array> {
  const file = await fs.open(name, { create: false })
  const bytes = new Uint8Array(file.size())
  file.read(bytes, 0)
  return bytes
}

export async function put(fs: MemoryFs, name: string, bytes: Uint8Array, at = 0): Promise<void> {
  const file = await fs.open(name, { create: true })
  file.write(bytes, at)
}

export async function cut(fs: MemoryFs, name: string, size: number): Promise<void> {
  const file = await fs.open(name, { create: false })
  file.truncate(size)
}

/** Inverts one byte. */
export async function flip(fs: MemoryFs, name: string, at: number): Promise<void> {
  const bytes = await bytesOf(fs, name)
  await put(fs, name, Uint8Array.of((bytes[at] ?? 0) ^ 0xff), at)
}

/** All files with their bytes, to see whether anything was written. */
export async function imageOfAll(fs: MemoryFs): Promise<ReadonlyMap<string, string>> {
  const image = new Map<string, string>()
  for (const name of await fs.list()) image.set(name, new TextDecoder('latin1').decode(await bytesOf(fs, name)))
  return image
}

/** A store with five commits, all in its first segment, left as by a crash. */
export async function crashedStore(fs = new MemoryFs()): Promise<MemoryFs> {
  const { store } = await openOn(fs)
  for (let no = 1; no <= 5; no++) await commit(store, { blocks: { [no % 3]: `v${no}` }, timeMs: no })
  store.abandon()
  return fs
}

/** The file of the segment in which the commits of `crashedStore` lie: recovery after the creation took the second. */
export const crashedLog = 'log-1'
/** Its first record is the one that carries; the n-th commit has two sectors each behind it. */
export const recordAt = (no: number): number => 8192 + 4096 + (no - 1) * 8192

/** Blocks 0…5 folded and the store closed; then more reigns than there are log files, so that no file has their images. */
export async function settledStore(): Promise<MemoryFs> {
  const fs = new MemoryFs()
  const { store } = await openOn(fs)
  await commit(store, { blocks: Object.fromEntries(Array.from({ length: 6 }, (_, at) => [at, `v${at}`])), timeMs: 7 })
  await store.close({})
  for (let reign = 0; reign < 4; reign++) {
    const { store: next } = await openOn(fs)
    for (let no = 0; no < 5; no++) await commit(next, { blocks: { 0: `r${reign}.${no}` } })
    await next.close({})
  }
  return fs
}

export const codeOf = (store: BlockStore, at: number): string => {
  try {
    bytesAt(store, at)
    return 'sound'
  } catch (error) {
    return (error as { code: string }).code
  }
}
