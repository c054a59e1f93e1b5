/** In a file of its own: what is read and compiled is kept for the whole process. */
import { expect, test, vi } from 'vitest'
import { open } from '../../src/index.ts'
import { codeOf } from './harness.ts'

test('the wasm file that could not be read once is read again', async () => {
  const refused = Object.assign(new Error('too many open files'), { code: 'EMFILE' })
  const readFile = vi.spyOn(process.getBuiltinModule('node:fs/promises'), 'readFile').mockRejectedValueOnce(refused)
  expect(await codeOf(open('emfile', { storage: 'memory' }))).toBe('DATABASE_FAILED')
  expect(readFile).toHaveBeenCalledTimes(1)
  await using db = await open('emfile', { storage: 'memory' })
  expect(await db.query('SELECT 1 AS one')).toEqual([{ one: 1 }])
})
