/** Files of a real directory: what the system says becomes one of our codes, and a file is made in no other directory. */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openNodeFs } from '../../../src/storage/media/node-fs.ts'

let base = ''
beforeEach(() => {
  base = mkdtempSync(path.join(tmpdir(), 'datasync-node-fs-'))
})
afterEach(() => rmSync(base, { recursive: true, force: true }))

describe('a directory', () => {
  test('is made with its parents', async () => {
    const directory = path.join(base, 'a', 'b', 'c')
    expect(await openNodeFs(directory).list()).toEqual([])
    expect(existsSync(directory)).toBe(true)
  })

  test('that cannot be made is STORAGE_FAILED with its path', () => {
    const file = '/dev/null/db'
    expect(() => openNodeFs(file)).toThrow(
      expect.objectContaining({ code: 'STORAGE_FAILED', details: { path: file, errno: 'ENOTDIR' } }),
    )
  })

  test.each(['is another one', 'is gone'])('whose path %s gets no new file', async (what) => {
    const directory = path.join(base, 'db')
    const fs = openNodeFs(directory)
    const known = await fs.open('known', { create: true })
    renameSync(directory, path.join(base, 'moved'))
    if (what === 'is another one') mkdirSync(directory)
    const lost = expect.objectContaining({ code: 'STORE_LOST' })
    await expect(fs.open('new', { create: true })).rejects.toEqual(lost)
    await expect(fs.remove('known')).rejects.toEqual(lost)
    await expect(fs.flushNames()).rejects.toEqual(lost)
    known.write(Uint8Array.of(1), 0)
    known.close()
    expect(existsSync(path.join(base, 'moved', 'known'))).toBe(true)
  })

  test('without the file that is asked for is STORE_LOST', async () => {
    await expect(openNodeFs(base).open('absent', { create: false })).rejects.toMatchObject({ code: 'STORE_LOST' })
  })
})

describe('a file', () => {
  test('keeps what is written, grows with zeros, and reads short at its end', async () => {
    const fs = openNodeFs(base)
    const file = await fs.open('f', { create: true })
    file.write(Uint8Array.of(1, 2, 3), 2)
    expect(file.size()).toBe(5)
    file.truncate(7)
    file.flush()
    await file.flushAsync()
    await fs.flushNames()
    file.close()
    const again = await fs.open('f', { create: false })
    const into = new Uint8Array(10).fill(9)
    expect(again.read(into, 0)).toBe(7)
    expect([...into]).toEqual([0, 0, 1, 2, 3, 0, 0, 9, 9, 9])
    expect(again.read(into, 20)).toBe(0)
    again.close()
    await fs.remove('f')
    await fs.remove('f')
    expect(await fs.list()).toEqual([])
  })

  test('on a full device is STORAGE_FULL at a write', async () => {
    const full = await openNodeFs('/dev').open('full', { create: false })
    expect(() => full.write(new Uint8Array(10), 0)).toThrow(
      expect.objectContaining({ code: 'STORAGE_FULL', retryable: true }),
    )
    full.close()
  })

  test('whose barrier fails is STORAGE_FAILED, waiting or not', async () => {
    const full = await openNodeFs('/dev').open('full', { create: false })
    const failed = expect.objectContaining({ code: 'STORAGE_FAILED', details: { path: '/dev/full', errno: 'EINVAL' } })
    expect(() => full.flush()).toThrow(failed)
    await expect(full.flushAsync()).rejects.toEqual(failed)
    full.close()
  })

  test('closed during a barrier is closed after it, and is not used again', async () => {
    const file = await openNodeFs(base).open('f', { create: true })
    file.write(new Uint8Array(1 << 20), 0)
    const barrier = file.flushAsync()
    file.close()
    expect(() => file.size()).toThrow(/not used after its close/)
    await barrier
    file.close()
  })
})
