/** What the origin private file system says when it fails, told in our words. Handles that fail are put under it; real ones are in test/browser. */
import { afterEach, describe, expect, test, vi } from 'vitest'
import { openOpfs } from '../../../src/storage/media/opfs-fs.ts'
import { type Faults, faultyDirectory } from './opfs-handle.ts'

const pause = async () => {}
const open = async (faults: Faults) => {
  const { directory, met } = faultyDirectory(faults)
  const fs = await openOpfs('db', { pause, getRoot: async () => directory })
  return { fs, met }
}
const openFile = async (faults: Faults) => {
  const { fs, met } = await open(faults)
  return { file: await fs.open('a', { create: true }), met }
}
const thrownBy = (call: () => unknown): unknown => {
  try {
    call()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}
const bytes = new Uint8Array(4096)

describe('a write', () => {
  test.each([
    ['takes less than it is given', 4095],
    ['takes nothing', 0],
    ['answers -8 without its sign', 4_294_967_288],
  ])('that %s is STORAGE_FULL', async (_, takes) => {
    const { file, met } = await openFile({ takes })
    expect(thrownBy(() => file.write(bytes, 0))).toMatchObject({ code: 'STORAGE_FULL', retryable: true })
    expect(met).toEqual(['takes'])
  })

  test('that takes all it is given passes', async () => {
    const { file } = await openFile({ takes: 4096 })
    file.write(bytes, 0)
  })
})

describe('an error of the platform', () => {
  test.each([
    ['write', 'QuotaExceededError', 'STORAGE_FULL'],
    ['truncate', 'QuotaExceededError', 'STORAGE_FULL'],
    // A barrier has lost what was written before it: that is no refusal.
    ['flush', 'QuotaExceededError', 'STORAGE_FAILED'],
    ['write', 'InvalidStateError', 'STORAGE_FAILED'],
    ['read', 'InvalidStateError', 'STORAGE_FAILED'],
    ['getSize', 'InvalidStateError', 'STORAGE_FAILED'],
    ['flush', 'UnknownError', 'STORAGE_FAILED'],
  ] as const)('at %s that is a %s is %s with its cause', async (call, name, code) => {
    const { file, met } = await openFile({ throws: { [call]: name } })
    const calls = {
      write: () => file.write(bytes, 0),
      truncate: () => file.truncate(8192),
      flush: () => file.flush(),
      read: () => file.read(bytes, 0),
      getSize: () => file.size(),
    }
    expect(thrownBy(calls[call])).toMatchObject({ code, cause: { name }, details: { path: 'opfs:datasync/db/a' } })
    expect(met).toEqual([call])
  })

  test('at the asynchronous barrier rejects', async () => {
    const { file } = await openFile({ throws: { flush: 'UnknownError' } })
    await expect(file.flushAsync()).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
  })

  test('a read that claims more than was asked for is STORAGE_FAILED', async () => {
    const { file, met } = await openFile({ reads: 4_294_967_288 })
    expect(thrownBy(() => file.read(bytes, 0))).toMatchObject({ code: 'STORAGE_FAILED' })
    expect(met).toEqual(['reads'])
  })
})

describe('opening', () => {
  afterEach(() => vi.unstubAllGlobals())

  test.each([
    ['no navigator.storage', {}],
    ['no getDirectory', { storage: {} }],
  ])('with %s is NOT_SUPPORTED and says what is missing', async (_, navigator) => {
    vi.stubGlobal('navigator', navigator)
    await expect(openOpfs('db', { pause })).rejects.toMatchObject({
      code: 'NOT_SUPPORTED',
      details: { missing: 'navigator.storage.getDirectory' },
    })
  })

  test.each(['SecurityError', 'UnknownError'])('in a private window (%s) is NOT_SUPPORTED', async (name) => {
    const getRoot = () => Promise.reject(new DOMException('private', name))
    await expect(openOpfs('db', { pause, getRoot })).rejects.toMatchObject({ code: 'NOT_SUPPORTED', cause: { name } })
  })

  test('outside a dedicated worker is NOT_SUPPORTED', async () => {
    const { fs } = await open({ hasNoHandles: true })
    const opening = fs.open('a', { create: true })
    await expect(opening).rejects.toMatchObject({ code: 'NOT_SUPPORTED', details: { path: 'opfs:datasync/db/a' } })
  })

  test.each([
    ['getDirectoryHandle', 'STORAGE_FULL'],
    ['getFileHandle', 'STORAGE_FULL'],
    ['createSyncAccessHandle', 'STORAGE_FULL'],
  ] as const)('without space at %s is %s', async (call, code) => {
    const opening = openFile({ throws: { [call]: 'QuotaExceededError' } })
    await expect(opening).rejects.toMatchObject({ code })
  })

  test('any other error at removing is STORAGE_FAILED', async () => {
    const { fs, met } = await open({ throws: { removeEntry: 'UnknownError' } })
    await expect(fs.remove('a')).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    expect(met).toEqual(['removeEntry'])
  })
})

describe('a file that is gone while it is open', () => {
  test('is STORE_LOST to everything from then on, and its handle is closed once its name is there again', async () => {
    const faults: Faults = {}
    const { directory, met, calls } = faultyDirectory(faults)
    const fs = await openOpfs('db', { pause, getRoot: async () => directory })
    const file = await fs.open('a', { create: true })
    await fs.assertThere('a')
    faults.isGone = true
    calls.length = 0
    await expect(fs.assertThere('a')).rejects.toMatchObject({ code: 'STORE_LOST' })
    expect(met).toContain('gone')
    expect(calls).toEqual(['getFileHandle', 'make', 'close', 'removeEntry'])
    calls.length = 0
    expect(thrownBy(() => file.write(bytes, 0))).toMatchObject({ code: 'STORE_LOST' })
    expect(thrownBy(() => file.flush())).toMatchObject({ code: 'STORE_LOST' })
    file.close()
    expect(calls).toEqual([])
    // That its name was made again to let go does not bring it back.
    faults.isGone = false
    await expect(fs.assertThere('a')).rejects.toMatchObject({ code: 'STORE_LOST' })
  })

  test('is let go before another one may open it, whoever is told of the loss by then', async () => {
    const faults: Faults = {}
    const { directory, calls } = faultyDirectory(faults)
    const fs = await openOpfs('db', { pause, getRoot: async () => directory })
    const file = await fs.open('a', { create: true })
    await fs.released()
    faults.isGone = true
    const looking = fs.assertThere('a').catch((error: unknown) => error)
    while (!calls.includes('getFileHandle')) await Promise.resolve()
    for (let turn = 0; turn < 5; turn++) await Promise.resolve()
    expect(thrownBy(() => file.write(bytes, 0))).toMatchObject({ code: 'STORE_LOST' })
    expect(calls).not.toContain('close')
    await fs.released()
    expect(calls).toContain('close')
    expect(await looking).toMatchObject({ code: 'STORE_LOST' })
  })

  test('that cannot be seen is STORAGE_FAILED, and goes on', async () => {
    const faults: Faults = {}
    const { directory } = faultyDirectory(faults)
    const fs = await openOpfs('db', { pause, getRoot: async () => directory })
    const file = await fs.open('a', { create: true })
    faults.throws = { getFileHandle: 'UnknownError' }
    await expect(fs.assertThere('a')).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    file.write(bytes, 0)
    file.close()
  })
})
