/** What every FileSystem does, whatever lies under it. */
import { expect } from 'vitest'
import type { FileSystem, StoreFile } from '../../src/storage/file-system.ts'
import { type Runner, vitestRunner } from './runner.ts'

interface Files {
  readonly fs: FileSystem
  /** Removes what the test left behind. */
  remove(): Promise<void>
}

export function contractOfFileSystem(
  name: string,
  openFiles: () => Promise<Files>,
  { describe, test, afterEach }: Runner = vitestRunner,
): void {
  describe(`a file system on ${name}`, () => {
    const used: Files[] = []
    const open: StoreFile[] = []
    const openNew = async (): Promise<FileSystem> => {
      const files = await openFiles()
      used.push(files)
      return files.fs
    }
    const openFile = async (fs: FileSystem, file: string, create = true): Promise<StoreFile> => {
      const opened = await fs.open(file, { create })
      open.push(opened)
      return opened
    }
    afterEach(async () => {
      for (const file of open.splice(0)) file.close()
      for (const files of used.splice(0)) await files.remove()
    })

    test('a file that is absent is made only when asked for', async () => {
      const fs = await openNew()
      await expect(fs.open('a', { create: false })).rejects.toMatchObject({ code: 'STORE_LOST' })
      expect(await fs.list()).toEqual([])
      const file = await openFile(fs, 'a')
      expect(file.size()).toBe(0)
      await fs.flushNames()
      expect(await fs.list()).toEqual(['a'])
    })

    test('bytes lie where they were written, and there are zeros between', async () => {
      const file = await openFile(await openNew(), 'a')
      file.write(bytesOf(1, 2, 3), 0)
      file.write(bytesOf(4, 5), 6)
      expect(file.size()).toBe(8)
      expect(read(file, { at: 0, count: 8 })).toEqual([1, 2, 3, 0, 0, 0, 4, 5])
      file.write(bytesOf(9), 1)
      expect(read(file, { at: 1, count: 2 })).toEqual([9, 3])
    })

    test('a part of a larger buffer is written, and a part is read into', async () => {
      const file = await openFile(await openNew(), 'a')
      file.write(bytesOf(0, 1, 2, 3, 0).subarray(1, 4), 0)
      expect(file.size()).toBe(3)
      const into = bytesOf(7, 7, 7, 7, 7)
      expect(file.read(into.subarray(1, 4), 0)).toBe(3)
      expect([...into]).toEqual([7, 1, 2, 3, 7])
    })

    test('a read at the end gives what there is', async () => {
      const file = await openFile(await openNew(), 'a')
      file.write(bytesOf(1, 2, 3), 0)
      const into = bytesOf(7, 7, 7, 7)
      expect(file.read(into, 1)).toBe(2)
      expect([...into]).toEqual([2, 3, 7, 7])
      expect(file.read(into, 3)).toBe(0)
      expect(file.read(into, 100)).toBe(0)
    })

    test('what was cut off reads as zeros when the file grows again', async () => {
      const file = await openFile(await openNew(), 'a')
      file.write(bytesOf(1, 2, 3, 4), 0)
      file.truncate(2)
      expect(file.size()).toBe(2)
      file.truncate(5)
      expect(read(file, { at: 0, count: 9 })).toEqual([1, 2, 0, 0, 0])
    })

    test('both barriers pass, and what was written is there after the file was closed', async () => {
      const fs = await openNew()
      const file = await openFile(fs, 'a')
      file.write(bytesOf(1), 0)
      file.flush()
      file.write(bytesOf(2), 1)
      await file.flushAsync()
      file.close()
      file.close()
      expect(read(await openFile(fs, 'a', false), { at: 0, count: 2 })).toEqual([1, 2])
    })

    test('a file is removed once and may be absent', async () => {
      const fs = await openNew()
      const file = await openFile(fs, 'b')
      file.write(bytesOf(1), 0)
      file.close()
      await fs.remove('b')
      await fs.remove('b')
      expect(await fs.list()).toEqual([])
      expect((await openFile(fs, 'b')).size()).toBe(0)
    })
  })
}

const bytesOf = (...bytes: number[]): Uint8Array => new Uint8Array(bytes)

function read(file: StoreFile, { at, count }: { readonly at: number; readonly count: number }): number[] {
  const into = new Uint8Array(count)
  return [...into.subarray(0, file.read(into, at))]
}
