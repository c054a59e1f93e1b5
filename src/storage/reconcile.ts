/** The home after a recovery: whole blocks, as many as the database has, and a sound block 0. */
import { isDatabaseError } from '../errors.ts'
import { blockNo } from '../units.ts'
import { verifyBlock } from './block-entry.ts'
import type { ReportDraft } from './report-draft.ts'
import type { StoreParts } from './store-parts.ts'

export async function reconcileHome(parts: StoreParts, draft: ReportDraft): Promise<void> {
  const { home, log, files } = parts
  const cut = home.cutTo(log.sizeBlocks)
  const added = home.growTo(log.sizeBlocks)
  const isMended = mendBlock0(parts)
  draft.steps.homeBytesCut += cut
  draft.steps.homeBytesAdded += added
  if (isMended) draft.repaired = [...draft.repaired, 0]
  if (cut > 0 || added > 0 || isMended) await files.home.flushAsync()
}

/** Its guard bytes are the only bytes of the home that are written without a commit; the log carries its image for that. */
function mendBlock0({ home, log, blockSize }: StoreParts): boolean {
  const frame = log.frameOf(blockNo(0))
  if (frame === undefined || frame.isTombstone || log.sizeBlocks === 0) return false
  const image = new Uint8Array(blockSize)
  if (isSound(() => home.read(blockNo(0), image) && verifyBlock(blockNo(0), frame, image, home.file.name))) return false
  log.active.file.read(image, frame.imageAt)
  if (!isSound(() => verifyBlock(blockNo(0), frame, image, log.active.file.name))) return false
  home.write(blockNo(0), image)
  return true
}

function isSound(check: () => void): boolean {
  try {
    check()
    return true
  } catch (error) {
    if (isDatabaseError(error, 'CHECKSUM_MISMATCH') || isDatabaseError(error, 'ALGORITHM_MISMATCH')) return false
    throw error
  }
}
