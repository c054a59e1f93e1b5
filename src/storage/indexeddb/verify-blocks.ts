/**
 * Compares blocks as they lie on the medium with their checksums: in the segments those that are folded, the others in the log. A
 * recovery has just read all of them, and compares what it has read.
 */
import { isDatabaseError } from '../../errors.ts'
import { type BlockNo, txid } from '../../units.ts'
import { type BlockEntry, verifyBlock } from '../block-entry.ts'
import type { DamagedBlock, VerifyOptions, VerifyReport } from '../block-store.ts'
import { chooseBlocks } from '../choose-blocks.ts'
import type { Header } from '../header.ts'
import { readRange } from './load-home.ts'
import { readRecord } from './log-reader.ts'
import type { Parts } from './parts.ts'
import { BATCH_BYTES } from './schema.ts'

/** `step` runs one look between commits, so that what is looked at is what memory says. */
export async function verifyBlocks(
  parts: Parts,
  options: VerifyOptions,
  step: <T>(work: () => Promise<T>) => Promise<T>,
): Promise<VerifyReport> {
  const damaged: DamagedBlock[] = []
  let blocksChecked = 0
  const { resident } = parts.state
  const perBatch = Math.max(1, Math.floor(BATCH_BYTES / (resident.blocks.perSlab * parts.header.blockSize)))
  for (const batch of bySegments(parts, [...chooseBlocks(resident.sizeBlocks, options)], perBatch)) {
    const found = await step(() => checkBatch(parts, batch))
    blocksChecked += found.checked
    damaged.push(...found.damaged)
    await options.pause?.()
  }
  parts.meter.checksumFailures += damaged.length
  return { blocksChecked, damaged }
}

/** In memory, where nothing was changed since it was read. What the redo of the log has compared is not compared again. */
export function verifyRead({ state, header, meter }: Parts, chosen: readonly BlockNo[]): VerifyReport {
  const { resident } = state
  const damaged: DamagedBlock[] = []
  let blocksChecked = 0
  for (const at of chosen) {
    const entry = resident.entryOf(at)
    if (entry === undefined || entry.isTombstone) continue
    blocksChecked++
    if (resident.blocks.isVerified(at)) continue
    const found = damageOf(at, entry, {
      bytes: resident.blocks.get(at) ?? new Uint8Array(0),
      file: isLogged(entry, header) ? 'log' : 'segments',
    })
    if (found === undefined) resident.blocks.setVerified(at)
    else damaged.push(found)
  }
  meter.checksumFailures += damaged.length
  return { blocksChecked, damaged }
}

const isLogged = (entry: BlockEntry | undefined, { checkpointedTxid }: Header): boolean =>
  (entry?.txid ?? 0) > checkpointedTxid

/** Blocks whose segments lie within one reading. */
function bySegments({ state: { resident } }: Parts, chosen: readonly BlockNo[], perBatch: number): BlockNo[][] {
  const batches = new Map<number, BlockNo[]>()
  for (const at of chosen) {
    const no = Math.floor(resident.blocks.slabOf(at) / perBatch)
    const batch = batches.get(no)
    if (batch === undefined) batches.set(no, [at])
    else batch.push(at)
  }
  return [...batches.values()]
}

async function checkBatch(parts: Parts, batch: readonly BlockNo[]) {
  const { state, header } = parts
  const live = batch.filter((at) => state.resident.entryOf(at)?.isTombstone === false)
  const images: Images = new Map()
  const isInLog = (at: BlockNo) => isLogged(state.resident.entryOf(at), header)
  await fromSegments(
    parts,
    live.filter((at) => !isInLog(at)),
    images,
  )
  await fromLog(parts, live.filter(isInLog), images)
  const damaged = live.flatMap((at) => {
    const entry = state.resident.entryOf(at)
    const found = entry && damageOf(at, entry, images.get(at) ?? { bytes: new Uint8Array(0), file: 'log' })
    return found === undefined ? [] : [found]
  })
  return { checked: live.length, damaged }
}

interface Image {
  readonly bytes: Uint8Array
  readonly file: string
}

type Images = Map<BlockNo, Image>

async function fromSegments({ connection, state: { resident } }: Parts, blocks: readonly BlockNo[], images: Images) {
  if (blocks.length === 0) return
  const { perSlab, blockSize } = resident.blocks
  const numbers = blocks.map((at) => resident.blocks.slabOf(at))
  const from = numbers.reduce((least, one) => Math.min(least, one))
  const end = numbers.reduce((most, one) => Math.max(most, one)) + 1
  const segments = new Map<number, Uint8Array | undefined>()
  await readRange(connection, 'segments', { from, end, perBatch: end - from }, (no, bytes) => segments.set(no, bytes))
  for (const at of blocks) {
    const start = (at % perSlab) * blockSize
    const bytes = segments.get(resident.blocks.slabOf(at))?.subarray(start, start + blockSize)
    images.set(at, { bytes: bytes ?? new Uint8Array(0), file: 'segments' })
  }
}

async function fromLog({ connection, state, header }: Parts, blocks: readonly BlockNo[], images: Images) {
  const byTxid = new Map<number, BlockNo[]>()
  for (const at of blocks) {
    const last = state.resident.entryOf(at)?.txid ?? 0
    byTxid.set(last, [...(byTxid.get(last) ?? []), at])
  }
  for (const [last, wanted] of byTxid) {
    const record = state.log.endingWith(txid(last))
    if (record === undefined) continue
    const { decoded, source } = await readRecord(connection, record.firstTxid, header.storeId)
    if (decoded.kind !== 'whole') continue
    for (const { blockNo, imageAt } of decoded.record.entries) {
      if (!wanted.includes(blockNo) || imageAt < 0) continue
      const bytes = new Uint8Array(header.blockSize)
      source.read(bytes, imageAt)
      images.set(blockNo, { bytes, file: 'log' })
    }
  }
}

const codes: readonly string[] = ['CHECKSUM_MISMATCH', 'ALGORITHM_MISMATCH']

function damageOf(at: BlockNo, entry: BlockEntry, { bytes, file }: Image): DamagedBlock | undefined {
  try {
    verifyBlock(at, entry, bytes, file)
    return undefined
  } catch (error) {
    if (!isDatabaseError(error) || !codes.includes(error.code)) throw error
    return { blockNo: at, file, code: error.code as DamagedBlock['code'], message: error.message }
  }
}
