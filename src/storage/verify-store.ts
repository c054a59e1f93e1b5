/** Reads stored blocks, cached or not, and compares them with their checksums. */
import { assert } from '../assert.ts'
import { isDatabaseError } from '../errors.ts'
import { limits } from '../limits.ts'
import { type BlockNo, blockNo } from '../units.ts'
import type { DamagedBlock, VerifyOptions, VerifyReport } from './block-store.ts'
import type { StoreParts } from './store-parts.ts'

const codes: readonly string[] = ['CHECKSUM_MISMATCH', 'ALGORITHM_MISMATCH', 'HOME_CORRUPT', 'STORAGE_FAILED']

/** `stillOpen` is called after each pause; it throws when the store has ended. */
export async function verifyStore(
  { reader, log, blockSize, limits: { checkpointStepBytes } }: StoreParts,
  options: VerifyOptions,
  stillOpen: () => void,
): Promise<VerifyReport> {
  stillOpen()
  const into = new Uint8Array(blockSize)
  const damaged: DamagedBlock[] = []
  let blocksChecked = 0
  let stepBytes = 0
  for (const at of chooseBlocks(log.sizeBlocks, options)) {
    const found = checkBlock(at, () => reader.readStored(at, into), reader.fileOf(at))
    if (found === 'absent') continue
    blocksChecked++
    if (found !== 'sound') damaged.push(found)
    stepBytes += blockSize
    if (stepBytes < checkpointStepBytes || options.pause === undefined) continue
    stepBytes = 0
    await options.pause()
    stillOpen()
  }
  return { blocksChecked, damaged }
}

function* chooseBlocks(
  sizeBlocks: number,
  { mode, random, sampleSize = limits.recoverySampleSize }: VerifyOptions,
): Generator<BlockNo> {
  if (mode === 'full') {
    for (let at = 0; at < sizeBlocks; at++) yield blockNo(at)
    return
  }
  assert(random !== undefined, 'a sample needs a source of randomness')
  const chosen = new Set<number>()
  const count = Math.min(sampleSize, sizeBlocks)
  // Floyd: each of the last `count` numbers is drawn once, so that every subset is as likely as any other.
  for (let top = sizeBlocks - count; top < sizeBlocks; top++) {
    const drawn = Math.floor(random() * (top + 1))
    chosen.add(chosen.has(drawn) ? top : drawn)
  }
  for (const at of chosen) yield blockNo(at)
}

function checkBlock(at: BlockNo, read: () => boolean, file: string): DamagedBlock | 'sound' | 'absent' {
  try {
    return read() ? 'sound' : 'absent'
  } catch (error) {
    if (!isDatabaseError(error) || !codes.includes(error.code)) throw error
    return { blockNo: at, file, code: error.code as DamagedBlock['code'], message: error.message }
  }
}
