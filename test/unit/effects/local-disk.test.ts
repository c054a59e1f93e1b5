/** Directories of other machines are refused, those of this one are not. */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { expect, onTestFinished, test } from 'vitest'
import { assertLocal } from '../../../src/effects/local-disk.ts'
import { open } from '../../../src/index.ts'
import { settingsOf } from '../../../src/options.ts'
import { codeOf, temporaryBase } from '../../api/harness.ts'

test.each([
  [0x6969, 'NFS'],
  [0xff534d42, 'CIFS'],
  [0x00c36400, 'Ceph'],
])('a file system of type %x is refused as %s, in words that say what to do', (type, fileSystem) => {
  const refused = expect.objectContaining({
    code: 'NOT_SUPPORTED',
    details: { location: '/mnt/share/notes', fileSystem },
    message: expect.stringContaining('network: true') as string,
  }) as Error
  expect(() => assertLocal('/mnt/share/notes', () => type)).toThrow(refused)
})

test('a disk of this machine is not, nor what has no such number', () => {
  assertLocal('/', () => 0xef53)
  assertLocal('/', () => 0)
  assertLocal(tmpdir())
})

test('who asks for a network file system says so with a boolean', () => {
  const settings = (network: unknown) =>
    settingsOf({ storage: { kind: 'fs', base: '/b', network: network as boolean } })
  expect(settings(true).mayBeNetwork).toBe(true)
  expect(settings(undefined).mayBeNetwork).toBe(false)
  expect(() => settings('yes')).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }) as Error)
})

test('open refuses a directory on one, unless it was asked for', async () => {
  const { statfsSync } = fs
  const put = (fake: object) => {
    Object.assign(fs, { statfsSync: fake })
    syncBuiltinESMExports()
  }
  onTestFinished(() => put(statfsSync))
  put(() => ({ type: 0x6969 }))
  const base = await temporaryBase()
  expect(await codeOf(open('notes', { storage: { kind: 'fs', base } }))).toBe('NOT_SUPPORTED')
  const db = await open('notes', { storage: { kind: 'fs', base, network: true } })
  await db.close()
})
