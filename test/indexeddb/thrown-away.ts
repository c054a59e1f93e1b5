/**
 * What Chromium does with an IndexedDB that it finds damaged: all databases of the origin are gone, and the first opening after that is told
 * so in the event with which it makes its own. Nobody else ever is.
 */
import { expect, vi } from 'vitest'

/** `told`: the database whose opening was told. */
export async function throwAway(
  factory: IDBFactory,
  { dataLoss = 'total' } = {},
): Promise<{ readonly told: readonly string[] }> {
  const told: string[] = []
  for (const { name = '' } of await factory.databases()) await deleted(factory.deleteDatabase(name))
  expect(await factory.databases()).toEqual([])
  const open = factory.open.bind(factory)
  vi.spyOn(factory, 'open').mockImplementationOnce((name, version) => {
    const request = open(name, version)
    request.addEventListener('upgradeneeded', (event) => {
      told.push(name)
      Object.assign(event, { dataLoss, dataLossMessage: 'the files were damaged' })
    })
    return request
  })
  return { told }
}

function deleted(request: IDBOpenDBRequest): Promise<void> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve()
    request.onerror = () => reject(new Error('the deletion failed', { cause: request.error }))
  })
}
