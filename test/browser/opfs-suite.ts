/** What is tested in a worker on the real origin private file system. Read by the page for its names, by the worker for its bodies. */
import { expect } from 'vitest'
import { limits } from '../../src/limits.ts'
import { openOpfs } from '../../src/storage/media/opfs-fs.ts'
import { contractOfBlockStore } from '../contract/block-store.ts'
import { mediumOver } from '../contract/file-medium.ts'
import { contractOfFileSystem } from '../contract/file-system.ts'
import { bytesAt, commit, blockOf } from '../contract/groups.ts'
import type { Runner } from '../contract/runner.ts'
import { directoryOf, removeStore, rivalHandle } from './opfs-handles.ts'

let made = 0
const newName = (kind: string) => `${kind}-${++made}`
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

export function opfsSuite(runner: Runner): void {
  contractOfBlockStore('OPFS', () => newMedium(), runner)
  contractOfFileSystem(
    'OPFS',
    async () => {
      const name = newName('files')
      return { fs: await openOpfs(name, { pause }), remove: () => removeStore(name) }
    },
    runner,
  )
  runner.describe('handles of OPFS', () => handles(runner))
}

async function newMedium() {
  const name = newName('contract')
  return mediumOver(await openOpfs(name, { pause }), {}, () => removeStore(name))
}

function handles({ test }: Runner): void {
  test('a handle that lingers is waited for, longer each time', async () => {
    const name = newName('lingering')
    const rival = await rivalHandle(name, 'header')
    const pauses: number[] = []
    const fs = await openOpfs(name, {
      async pause(ms) {
        if (pauses.push(ms) === 3) rival.close()
      },
    })
    const file = await fs.open('header', { create: false })
    expect(pauses).toEqual([1, 2, 4].map((times) => times * limits.handleRetryMs))
    file.close()
    await removeStore(name)
  })

  test('a handle that stays is STORE_LOCKED after the last attempt', async () => {
    const name = newName('held')
    const rival = await rivalHandle(name, 'header')
    const pauses: number[] = []
    const fs = await openOpfs(name, { pause: async (ms) => void pauses.push(ms) })
    const expected = { code: 'STORE_LOCKED', retryable: true, cause: { name: 'NoModificationAllowedError' } }
    await expect(fs.open('header', { create: false })).rejects.toMatchObject(expected)
    expect(pauses).toHaveLength(limits.handleTriesMax - 1)
    expect(Math.max(...pauses)).toBe(limits.handleRetryMsMax)
    await expect(fs.remove('header')).rejects.toMatchObject(expected)
    rival.close()
    await fs.remove('header')
    expect(await fs.list()).toEqual([])
    await removeStore(name)
  })

  test('a store that is abandoned lets every handle go at once', async () => {
    const name = newName('abandoned')
    const noPause = async () => {
      throw new Error('nobody holds a handle')
    }
    const medium = mediumOver(await openOpfs(name, { pause: noPause }), {}, () => removeStore(name))
    const store = await medium.open()
    await commit(store, { blocks: { 0: 'a' } })
    const files = await openOpfs(name, { pause: async () => {} })
    await expect(files.open('header', { create: false })).rejects.toMatchObject({ code: 'STORE_LOCKED' })
    store.abandon()
    const again = await medium.open()
    expect(bytesAt(again, 0)).toEqual(blockOf('a'))
    await medium.dispose()
  })

  test('a database may have every name that names may be', async () => {
    const names = ['con', 'x.lnk', 'ends.', '.hidden', '-', '_', 'n'.repeat(limits.nameLengthMax)]
    for (const name of names) {
      const fs = await openOpfs(name, { pause })
      ;(await fs.open('header', { create: true })).close()
      expect(await fs.list()).toEqual(['header'])
      await removeStore(name)
    }
  })

  test('a directory that was cleared from under the store is STORE_LOST', async () => {
    const name = newName('cleared')
    const fs = await openOpfs(name, { pause })
    await directoryOf(name)
    await removeStore(name)
    await expect(fs.open('log-0', { create: true })).rejects.toMatchObject({ code: 'STORE_LOST' })
    await expect(fs.list()).rejects.toMatchObject({ code: 'STORE_LOST' })
  })
}
