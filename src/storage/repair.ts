/** Damaged blocks: restored from an image that the log still has, else their bytes are kept aside and the damage stays visible. */
import { type BlockNo, blockNo } from '../units.ts'
import type { BlockEntry } from './block-entry.ts'
import type { FileSystem, StoreFile } from './file-system.ts'
import { checksumById } from './checksum.ts'
import { SECTOR_BYTES } from './format.ts'
import { quarantine } from './quarantine.ts'
import { decodeRecord } from './record-decoder.ts'
import type { ReportDraft } from './report-draft.ts'
import { SEGMENT_HEADER_BYTES } from './segment.ts'
import type { StoreParts } from './store-parts.ts'

/** Returns the blocks that stay damaged. */
export async function repairBlocks(fs: FileSystem, parts: StoreParts, draft: ReportDraft): Promise<number[]> {
  const { home, reader, files, cache, blockSize } = parts
  const unrepaired: number[] = []
  let isWritten = false
  for (const damaged of draft.damaged) {
    const at = damaged.blockNo
    const entry = reader.entryOf(at)
    const image = entry && findImage(parts, at, entry)
    if (image !== undefined) {
      home.write(at, image)
      isWritten = true
      draft.repaired = [...draft.repaired, at]
      continue
    }
    unrepaired.push(at)
    draft.quarantined = [
      ...draft.quarantined,
      await quarantine(fs, { from: home.file, at: at * blockSize, bytes: blockSize }),
    ]
  }
  if (isWritten) await files.home.flushAsync()
  cache.clear()
  return unrepaired
}

/** Segments that were folded stay in their files until these are used again. */
function findImage({ files, storeId, blockSize }: StoreParts, at: BlockNo, entry: BlockEntry): Uint8Array | undefined {
  for (const file of files.logs) {
    for (const imageAt of imagesOf(file, storeId, at, entry)) {
      const image = new Uint8Array(blockSize)
      file.read(image, imageAt)
      if (checksumById(entry.algorithmId, image) === entry.checksum) return image
    }
  }
  return undefined
}

function* imagesOf(file: StoreFile, storeId: string, at: BlockNo, entry: BlockEntry): Generator<number> {
  for (let from = SEGMENT_HEADER_BYTES; from < file.size(); from += SECTOR_BYTES) {
    const decoded = decodeRecord(file, from, storeId)
    if (decoded.kind !== 'whole') continue
    for (const { blockNo: block, version, checksum, imageAt } of decoded.record.entries) {
      if (block === blockNo(at) && version === entry.version && checksum === entry.checksum && imageAt >= 0)
        yield imageAt
    }
    from += decoded.record.bytes - SECTOR_BYTES
  }
}
