/** The header: two slots, of which one is always whole. */
import { beforeAll, describe, expect, test } from 'vitest'
import { loadChecksums } from '../../../src/storage/checksum.ts'
import { HeaderFile } from '../../../src/storage/header-file.ts'
import {
  decodeHeader,
  encodeHeader,
  type Header,
  newestOf,
  readHeader,
  withEpochEnds,
} from '../../../src/storage/header.ts'
import { epoch, txid } from '../../../src/units.ts'
import { SimDisk } from '../../model/sim-disk.ts'
import { eachImage } from '../../model/crash-images.ts'

beforeAll(loadChecksums)

const header: Header = {
  storeId: '00112233445566778899aabbccddeeff',
  headerSeq: 7,
  epoch: epoch(4),
  checkpointedTxid: txid(2 ** 40 + 5),
  chain: 0xffffffffffffffffn,
  durableThrough: txid(2 ** 40 + 9),
  logStart: 12,
  tableGeneration: 3,
  tableHash: 0x8000000000000001n,
  tablePages: 2,
  sizeBlocks: 200,
  blockSize: 4096,
  isClean: true,
  isPlain: false,
  isCreating: false,
  guarded: [1, 2],
  epochEnds: [
    { epoch: epoch(2), lastTxid: txid(10) },
    { epoch: epoch(3), lastTxid: txid(2 ** 33) },
  ],
}

const slotOf = (value: Header): Uint8Array => {
  const slot = new Uint8Array(4096)
  encodeHeader(value, slot)
  return slot
}

test('a header decodes to what was encoded', () => {
  expect(decodeHeader(slotOf(header))).toEqual({ kind: 'sound', value: header })
})

test('no flipped byte passes for a header', () => {
  const slot = slotOf(header)
  for (let at = 0; at < slot.length; at++) {
    const rotten = slot.slice()
    rotten[at] = (rotten[at] ?? 0) ^ 1
    expect(decodeHeader(rotten).kind, `byte ${at}`).toMatch(at < 8 ? 'foreign' : 'damaged')
  }
  expect(decodeHeader(new Uint8Array(4096)).kind).toBe('empty')
})

describe('writing', () => {
  const openDisk = async () => {
    const bytes = new Uint8Array(8192)
    bytes.set(slotOf(header))
    const disk = new SimDisk()
    const file = await disk.open('header', { create: true })
    file.write(bytes, 0)
    file.flush()
    await disk.flushNames()
    return { disk, file: new HeaderFile(file, header, 0) }
  }
  const rule = { damagedMax: 2, crossedMax: 4 }

  test('at every moment each crash leaves the header before or the header after, whole', async () => {
    const { disk, file } = await openDisk()
    let owed: number[] = [7]
    let images = 0
    const failures: string[] = []
    const checks: Promise<void>[] = []
    disk.onChange = () => {
      const allowed = owed
      eachImage(disk.crashPoint(), rule, (image) => {
        images++
        const check = async () => {
          const found = newestOf(readHeader(await new SimDisk(image).open('header', { create: false })))
          if (!allowed.includes(found?.headerSeq ?? 0))
            failures.push(`${String(found?.headerSeq)} not in ${allowed.join()}`)
        }
        checks.push(check())
      })
    }
    for (let seq = 8; seq <= 12; seq++) {
      owed = [seq - 1, seq]
      await file.write({ logStart: seq })
      owed = [seq]
    }
    await Promise.all(checks)
    expect(failures).toEqual([])
    expect(images).toBeGreaterThan(100)
  })

  test('another writer is seen in either slot, a writer of this epoch is not', async () => {
    const { disk, file } = await openDisk()
    await file.write({ epoch: epoch(5) })
    expect(file.readEpoch()).toBe(5)
    const other = await disk.open('header', { create: false })
    for (const at of [0, 4096]) {
      other.write(slotOf({ ...header, headerSeq: 20, epoch: epoch(9) }), at)
      expect(file.readEpoch()).toBe(9)
      other.write(slotOf({ ...header, headerSeq: 20, epoch: epoch(4) }), at)
      expect(file.readEpoch()).toBe(5)
    }
  })

  test('a failed barrier leaves the call to be repeated', async () => {
    const { disk, file } = await openDisk()
    disk.setFault({ nth: 1, kinds: ['flush'], isLasting: false, error: 'EIO' })
    await expect(file.write({ logStart: 13 })).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    expect(disk.faultsFired).toBe(1)
    expect(file.current.logStart).toBe(12)
    await file.write({ logStart: 13 })
    const found = newestOf(readHeader(await disk.open('header', { create: false })))
    expect(found).toMatchObject({ logStart: 13, headerSeq: 8 })
  })
})

test('every epoch without an end gets one; the oldest are forgotten', () => {
  expect(withEpochEnds(header, epoch(5), txid(99)).slice(2)).toEqual([
    { epoch: 4, lastTxid: 99 },
    { epoch: 5, lastTxid: 99 },
  ])
  const many = withEpochEnds(header, epoch(1000), txid(99))
  expect(many).toHaveLength(64)
  expect(many[0]).toEqual({ epoch: 937, lastTxid: 99 })
})
