/** Reads stored blocks, cached or not, and compares them with their checksums. */
import { isDatabaseError } from '../errors.ts'
import type { BlockNo } from '../units.ts'
import type { DamagedBlock, VerifyOptions, VerifyReport } from './block-store.ts'
import { chooseBlocks } from './choose-blocks.ts'
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

function checkBlock(at: BlockNo, read: () => boolean, file: string): DamagedBlock | 'sound' | 'absent' {
  try {
    return read() ? 'sound' : 'absent'
  } catch (error) {
    if (!isDatabaseError(error) || !codes.includes(error.code)) throw error
    return { blockNo: at, file, code: error.code as DamagedBlock['code'], message: error.message }
  }
}
