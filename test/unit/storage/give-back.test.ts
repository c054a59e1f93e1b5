/** Space that a long transaction took goes back in steps, between which others write. */
import { expect, test } from 'vitest'
import { limits } from '../../../src/limits.ts'
import type { BlockStore } from '../../../src/storage/block-store.ts'
import { MemoryFs } from '../../../src/storage/media/memory-fs.ts'
import { blockOf, blockSize, bytesAt, commit } from '../../contract/groups.ts'
import { withFiles } from '../../attacks/world.ts'
import { openFileStore } from '../../../src/storage/recover.ts'
import { openOn, options } from './stores.ts'

const segmentBytes = options.segmentBytes ?? NaN
/** Blocks of two and a half steps. */
const long = Math.ceil((limits.cutStepBytes * 2.5) / blockSize)

const sizeOf = async (fs: MemoryFs, name: string): Promise<number> => (await fs.open(name, { create: false })).size()
const longestLog = async (fs: MemoryFs): Promise<number> =>
  Math.max(...(await Promise.all(['log-0', 'log-1', 'log-2'].map((name) => sizeOf(fs, name)))))

/** A store whose active segment has grown by one long transaction. */
async function grown(): Promise<{ readonly fs: MemoryFs; readonly store: BlockStore }> {
  const fs = new MemoryFs()
  const { store } = await openOn(fs)
  await commit(store, { blocks: Object.fromEntries(Array.from({ length: long }, (_, at) => [at, `v${at % 97}`])) })
  return { fs, store }
}

async function expectWhole(fs: MemoryFs, changed: Readonly<Record<number, string>>): Promise<void> {
  const { store } = await openOn(fs)
  for (let at = 0; at < store.sizeBlocks; at++) expect(bytesAt(store, at)).toBe(blockOf(changed[at] ?? `v${at % 97}`))
  store.abandon()
}

test('a segment that has grown gives its space back, a step between two pauses', async () => {
  const { fs, store } = await grown()
  const seen = [await longestLog(fs)]
  const pause = async () => void seen.push(await longestLog(fs))
  await store.checkpoint({ everything: true, pause })
  const steps = seen.slice(1).map((size, at) => (seen[at] ?? NaN) - size)
  expect(Math.max(...steps)).toBe(limits.cutStepBytes)
  expect(steps.filter((bytes) => bytes > 0)).toHaveLength(3)
  expect(seen.at(-1)).toBe(segmentBytes)
  store.abandon()
  await expectWhole(fs, {})
})

test('without pauses it does so at once', async () => {
  const { fs, store } = await grown()
  await store.checkpoint({ everything: true })
  expect(await longestLog(fs)).toBe(segmentBytes)
  store.abandon()
  await expectWhole(fs, {})
})

test('a segment that begins in the file meanwhile keeps it', async () => {
  const { fs, store } = await grown()
  const before = await longestLog(fs)
  await commit(store, { blocks: { 1: 'in the next segment' } })
  let no = 0
  const pause = async () => {
    if (no > 0 || (await longestLog(fs)) === before) return
    while (no < 200) await commit(store, { blocks: { 1: `w${++no}` } })
  }
  await store.checkpoint({ everything: true, pause })
  expect(no).toBe(200)
  expect(await longestLog(fs)).toBe(before - limits.cutStepBytes)
  store.abandon()
  await expectWhole(fs, { 1: 'w200' })
})

test('a home that is cut is so in steps; when that is interrupted, the close cuts the rest', async () => {
  const { fs, store } = await grown()
  await store.checkpoint({ everything: true })
  await commit(store, { blocks: { 0: 'small' }, sizeBlocks: 1 })
  const homeBytes = () => sizeOf(fs, 'database.sqlite')
  const before = await homeBytes()
  let voiding: Promise<unknown> | undefined
  const pause = async () => {
    if ((await homeBytes()) < before) voiding ??= store.voidAfterFailure()
  }
  await expect(store.checkpoint({ everything: true, pause })).rejects.toThrow(/new series/)
  await voiding
  expect(await homeBytes()).toBe(before - limits.cutStepBytes)
  await store.close({})
  expect(await homeBytes()).toBe(blockSize)
  await expectWhole(fs, { 0: 'small' })
})

test('what another writer has taken over meanwhile is not cut', async () => {
  const { fs, store } = await grown()
  const before = await longestLog(fs)
  let young: BlockStore | undefined
  const pause = async () => {
    if ((await longestLog(fs)) < before) young ??= (await openOn(fs)).store
  }
  await expect(store.checkpoint({ everything: true, pause })).rejects.toMatchObject({ code: 'LEASE_LOST' })
  expect(await longestLog(fs)).toBe(before - limits.cutStepBytes)
  young?.abandon()
  await expectWhole(fs, {})
})

test('nor what was closed', async () => {
  const { fs, store } = await grown()
  const before = await longestLog(fs)
  const pause = async () => {
    if ((await longestLog(fs)) < before) store.abandon()
  }
  await expect(store.checkpoint({ everything: true, pause })).rejects.toMatchObject({ code: 'DATABASE_CLOSED' })
  expect(await longestLog(fs)).toBe(before - limits.cutStepBytes)
  await expectWhole(fs, {})
})

test('blocks are folded in the order in which they lie in the home', async () => {
  const at: number[] = []
  const fs = new MemoryFs()
  const watched = withFiles(fs, (file) =>
    file.name === 'database.sqlite' ? { write: (bytes, to) => (at.push(to), file.write(bytes, to)) } : {},
  )
  const { store } = await openFileStore(watched, options)
  for (const block of [9, 3, 30, 4, 11, 2]) await commit(store, { blocks: { [block]: `b${block}` } })
  at.length = 0
  await store.checkpoint({ everything: true })
  expect(at).toEqual([2, 3, 4, 9, 11, 30].map((block) => block * blockSize))
})
