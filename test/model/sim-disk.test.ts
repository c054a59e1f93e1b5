/** The simulator keeps its own promises: every later claim rests on them. */
import { describe, expect, test } from 'vitest'
import { isDatabaseError } from '../../src/errors.ts'
import type { StoreFile } from '../../src/storage/file-system.ts'
import { eachImage, imageAfter } from './crash-images.ts'
import { exhaust } from './exhaust.ts'
import { SimDisk } from './sim-disk.ts'
import { type DiskImage, emptyFile, hashOfDisk, readImage, withFlippedBit } from './sim-image.ts'

const everything = { damagedMax: Infinity, crossedMax: Infinity }
const filled = (length: number, value: number) => new Uint8Array(length).fill(value)

function bytesOf(image: DiskImage, name: string): Uint8Array {
  const file = image.get(name) ?? emptyFile
  const bytes = new Uint8Array(file.size)
  readImage(file, bytes, 0)
  return bytes
}

async function diskWithFile(length: number): Promise<{ disk: SimDisk; file: StoreFile }> {
  const disk = new SimDisk()
  const file = await disk.open('f', { create: true })
  file.write(filled(length, 1), 0)
  file.flush()
  await disk.flushNames()
  return { disk, file }
}

function imagesOf(disk: SimDisk): readonly DiskImage[] {
  const images = new Map<string, DiskImage>()
  eachImage(disk.crashPoint(), everything, (image) => images.set(hashOfDisk(image), image))
  return [...images.values()]
}

describe('exhaust', () => {
  test('every sequence of choices comes once, in order', () => {
    const seen: string[] = []
    const runs = exhaust(({ choose }) => {
      const first = choose(2)
      seen.push(first === 0 ? `${first}${choose(3)}` : `${first}`)
    })
    expect([runs, seen]).toEqual([4, ['00', '01', '02', '1']])
  })

  test('a run that is not deterministic is refused', () => {
    let bound = 2
    const run = () => exhaust(({ choose }) => expect(choose(bound++)).toBeLessThan(bound))
    expect(run).toThrow(/bound/)
  })
})

describe('power loss', () => {
  test('a write of two sectors is kept, dropped, torn in two ways or trashed', async () => {
    const { disk, file } = await diskWithFile(1024)
    file.write(filled(1024, 2), 0)
    const found = imagesOf(disk).map((image) => [bytesOf(image, 'f')[0], bytesOf(image, 'f')[1023]])
    expect(found).toHaveLength(5)
    expect(found).toEqual(
      expect.arrayContaining([
        [2, 2],
        [1, 1],
        [2, 1],
        [1, 2],
      ]),
    )
  })

  test('a write beyond the end may leave its size and none of its bytes', async () => {
    const { disk, file } = await diskWithFile(512)
    file.write(filled(512, 2), 512)
    const found = imagesOf(disk).map((image) => bytesOf(image, 'f'))
    expect(found.some((bytes) => bytes.length === 1024 && bytes[512] === 0)).toBe(true)
    expect(found.some((bytes) => bytes.length === 512)).toBe(true)
  })

  test('a barrier covers its own file alone', async () => {
    const { disk, file } = await diskWithFile(512)
    const other = await disk.open('g', { create: true })
    await disk.flushNames()
    other.write(filled(512, 3), 0)
    file.write(filled(512, 2), 0)
    file.flush()
    for (const image of imagesOf(disk)) expect(bytesOf(image, 'f')[0]).toBe(2)
    expect(imagesOf(disk).some((image) => bytesOf(image, 'g').length === 0)).toBe(true)
  })

  test('an asynchronous barrier does not cover what was written while it ran', async () => {
    const { disk, file } = await diskWithFile(512)
    file.write(filled(512, 2), 0)
    const flushed = file.flushAsync()
    file.write(filled(512, 3), 0)
    await flushed
    expect(
      imagesOf(disk)
        .map((image) => bytesOf(image, 'f')[0])
        .sort(),
    ).toEqual(expect.arrayContaining([2, 3]))
    expect(imagesOf(disk).every((image) => bytesOf(image, 'f')[0] !== 1)).toBe(true)
  })

  test('a name is there only behind a barrier of names, although its file was flushed', async () => {
    const disk = new SimDisk()
    const file = await disk.open('f', { create: true })
    file.write(filled(512, 1), 0)
    file.flush()
    expect(
      imagesOf(disk)
        .map((image) => image.has('f'))
        .sort(),
    ).toEqual([false, true])
    await disk.flushNames()
    expect(imagesOf(disk).map((image) => image.has('f'))).toEqual([true])
  })

  test('a removed name may come back', async () => {
    const { disk } = await diskWithFile(512)
    await disk.remove('f')
    expect(
      imagesOf(disk)
        .map((image) => image.has('f'))
        .sort(),
    ).toEqual([false, true])
  })

  test('a cut is part of the list', async () => {
    const { disk, file } = await diskWithFile(1024)
    file.truncate(512)
    expect(
      imagesOf(disk)
        .map((image) => bytesOf(image, 'f').length)
        .sort(),
    ).toEqual([1024, 512])
  })

  test('after a failed barrier the next one succeeds and covers nothing of before', async () => {
    const { disk, file } = await diskWithFile(512)
    file.write(filled(512, 2), 0)
    disk.setFault({ nth: 1, kinds: ['flush'], isLasting: false, error: 'EIO' })
    expect(() => file.flush()).toThrow(/EIO/)
    file.flush()
    expect(imageAfter(disk.crashPoint(), ['dropped']).get('f')?.pages[0]?.[0]).toBe(1)
    file.write(filled(512, 3), 0)
    file.flush()
    expect(imagesOf(disk).every((image) => bytesOf(image, 'f')[0] === 3)).toBe(true)
    expect(disk.faultsFired).toBe(1)
  })
})

describe('faults', () => {
  test('the n-th call of a kind fails once, or from then on', async () => {
    for (const isLasting of [false, true]) {
      const { disk, file } = await diskWithFile(512)
      disk.setFault({ nth: 2, kinds: ['write'], isLasting, error: 'ENOSPC', applied: 'half' })
      file.write(filled(512, 2), 0)
      expect(() => file.write(filled(512, 3), 0)).toThrow(expect.objectContaining({ code: 'STORAGE_FULL' }))
      expect([...bytesOf(disk.image(), 'f')].filter((byte) => byte === 3)).toHaveLength(256)
      if (isLasting) expect(() => file.write(filled(512, 4), 0)).toThrow()
      else file.write(filled(512, 4), 0)
      expect(disk.faultsFired).toBe(isLasting ? 2 : 1)
    }
  })

  test('reads can be stale or misdirected, and a bit can turn over', async () => {
    const { disk, file } = await diskWithFile(1024)
    file.write(filled(512, 2), 0)
    const into = new Uint8Array(512)
    disk.setReadFault({ nth: 1, name: 'f', kind: 'stale' })
    file.read(into, 0)
    expect(into[0]).toBe(1)
    disk.heal()
    disk.setReadFault({ nth: 1, name: 'f', kind: 'misdirected' })
    file.read(into, 0)
    expect(into[0]).toBe(1)
    file.read(into, 0)
    expect(into[0]).toBe(2)
    expect(bytesOf(withFlippedBit(disk.image(), { name: 'f', byte: 700, bit: 1 }), 'f')[700]).toBe(3)
  })

  test('an absent file says so, and a disk without power answers nothing', async () => {
    const { disk, file } = await diskWithFile(512)
    const error = await disk.open('h', { create: false }).catch((reason: unknown) => reason)
    expect(isDatabaseError(error, 'STORE_LOST')).toBe(true)
    disk.powerOff()
    expect(() => file.flush()).toThrow(/power/)
  })

  test('equal disks have equal hashes, different ones do not', async () => {
    const { disk, file } = await diskWithFile(1024)
    const before = hashOfDisk(disk.image())
    file.write(filled(512, 2), 0)
    expect(hashOfDisk(disk.image())).not.toBe(before)
    file.write(filled(512, 1), 0)
    expect(hashOfDisk(disk.image())).toBe(before)
  })
})
