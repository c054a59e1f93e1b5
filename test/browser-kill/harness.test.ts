/** Each way to hurt a browser does what it says. What databases do then is tested elsewhere; here it is shown that it happened. */
import { rmSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Chromium, type ChromiumOptions, startChromium } from './chromium.ts'
import { type FileServer, serveScripts } from './file-server.ts'
import type { Page } from './page.ts'
import type { OpfsAnswer, OpfsRequest } from './pages/opfs-worker.ts'
import { processesOf } from './processes.ts'
import { indexedDbBackend, newProfileDirectory } from './profile.ts'

let server: FileServer
const started: Chromium[] = []
const profiles: string[] = []

beforeAll(async () => {
  server = await serveScripts(['pages/probe.ts', 'pages/counter-worker.ts', 'pages/opfs-worker.ts'])
})
afterAll(() => server.close())
afterEach(async () => {
  for (const chromium of started.splice(0)) await chromium.kill()
  for (const profile of profiles.splice(0)) rmSync(profile, { recursive: true, force: true })
})

function newProfile(): string {
  const profile = newProfileDirectory()
  profiles.push(profile)
  return profile
}

async function start(options: Partial<ChromiumOptions> = {}): Promise<Chromium> {
  const chromium = await startChromium({ profile: newProfile(), ...options })
  started.push(chromium)
  return chromium
}

async function openProbe(chromium: Chromium): Promise<Page> {
  const page = await chromium.openPage(`${server.origin}/`)
  await loadProbe(page)
  return page
}

const loadProbe = (page: Page) => page.evaluate("import('/probe.js').then(() => undefined)")
const askOpfs = (page: Page, request: OpfsRequest) =>
  page.evaluate<OpfsAnswer>(`probe.opfs(${JSON.stringify(request)})`)
const hold = (page: Page, name: string) => page.evaluate<string>(`probe.hold('${name}')`)
const putStrict = (page: Page, value: number) =>
  page.evaluate<void>(`new Promise((resolve, reject) => {
    const opening = indexedDB.open('backend', 1)
    opening.onupgradeneeded = () => opening.result.createObjectStore('values')
    opening.onerror = () => reject(opening.error)
    opening.onsuccess = () => {
      const transaction = opening.result.transaction('values', 'readwrite', { durability: 'strict' })
      transaction.objectStore('values').put(${value}, 'key')
      transaction.oncomplete = () => resolve()
      transaction.onabort = () => reject(transaction.error)
    }
  })`)

test('a kill ends every process of the browser; what OPFS had flushed is there afterwards', async () => {
  const profile = newProfile()
  const first = await start({ profile })
  const page = await openProbe(first)
  await askOpfs(page, { kind: 'open', name: 'killed' })
  expect(await askOpfs(page, { kind: 'append', value: 7, bytes: 5000 })).toMatchObject({ outcome: 'done', size: 5000 })
  expect(await first.kill()).toBeGreaterThan(2)
  expect(processesOf(first.group)).toEqual([])
  await expect(page.evaluate('1')).rejects.toThrow('closed its pipe')

  const again = await openProbe(await start({ profile }))
  await askOpfs(again, { kind: 'open', name: 'killed' })
  expect(await askOpfs(again, { kind: 'count', value: 7 })).toMatchObject({ size: 5000, counted: 5000 })
})

test('a closed browser leaves no process', async () => {
  const chromium = await start()
  await openProbe(chromium)
  await chromium.close()
  expect(processesOf(chromium.group)).toEqual([])
})

describe('two pages', () => {
  test('the second gets STORE_LOCKED while the first holds the lease, and the lease once it has crashed', async () => {
    const chromium = await start()
    const first = await openProbe(chromium)
    const second = await openProbe(chromium)
    expect(await hold(first, 'contended')).toBe('held')
    expect(await hold(second, 'contended')).toBe('STORE_LOCKED')
    await first.crash()
    await expectFreed(second, 'contended')
  })

  test('a page that is frozen stands still with its worker and keeps its lease, and goes on when it thaws', async () => {
    const chromium = await start()
    const frozen = await openProbe(chromium)
    const observer = await openProbe(chromium)
    await observer.evaluate('probe.listen()')
    await frozen.evaluate('probe.count()')
    expect(await hold(frozen, 'frozen')).toBe('held')
    await moves(observer)
    await frozen.freeze()
    await standsStill(observer)
    expect(await hold(observer, 'frozen')).toBe('STORE_LOCKED')
    await frozen.thaw()
    await moves(observer)
  })

  test('a file of OPFS that another page has open is STORE_LOCKED; after that page has crashed it opens', async () => {
    const chromium = await start()
    const first = await openProbe(chromium)
    const second = await openProbe(chromium)
    await askOpfs(first, { kind: 'open', name: 'contended' })
    const refused = await askOpfs(second, { kind: 'open', name: 'contended' })
    expect(refused).toMatchObject({ outcome: 'STORE_LOCKED' })
    await first.crash()
    expect(await askOpfs(second, { kind: 'open', name: 'contended' })).toMatchObject({ outcome: 'done' })
  })
})

test('after a reload the page has its files again', async () => {
  const page = await openProbe(await start())
  for (let reloads = 0; reloads < 5; reloads++) {
    expect(await askOpfs(page, { kind: 'open', name: 'reloaded' })).toMatchObject({ outcome: 'done' })
    await askOpfs(page, { kind: 'append', value: 3, bytes: 10 })
    await page.reload()
    await loadProbe(page)
  }
  await askOpfs(page, { kind: 'open', name: 'reloaded' })
  expect(await askOpfs(page, { kind: 'count', value: 3 })).toMatchObject({ counted: 50 })
})

test('a quota that is used up is STORAGE_FULL, and what was flushed before it is whole', async () => {
  const page = await (await start()).openPage('about:blank')
  await page.limitQuota(server.origin, 8_000_000)
  await page.load(`${server.origin}/`)
  await loadProbe(page)
  await askOpfs(page, { kind: 'open', name: 'full' })
  let flushed = 0
  let outcome = 'done'
  while (outcome === 'done' && flushed < 16_000_000) {
    ;({ outcome } = await askOpfs(page, { kind: 'append', value: 5, bytes: 500_000 }))
    if (outcome === 'done') flushed += 500_000
  }
  expect(outcome).toBe('STORAGE_FULL')
  expect(flushed).toBeGreaterThan(0)
  const { counted } = await askOpfs(page, { kind: 'count', value: 5 })
  expect(counted).toBeGreaterThanOrEqual(flushed)
  expect(counted).toBeLessThanOrEqual(8_000_000)
})

test.each([
  { hasSqliteIndexedDb: false, backend: 'leveldb' },
  { hasSqliteIndexedDb: true, backend: 'sqlite' },
])('IndexedDB lies in $backend when that is asked for', async ({ hasSqliteIndexedDb, backend }) => {
  const profile = newProfile()
  const chromium = await start({ profile, hasSqliteIndexedDb })
  const page = await openProbe(chromium)
  expect(indexedDbBackend(profile)).toBeUndefined()
  await putStrict(page, 1)
  await chromium.close()
  expect(indexedDbBackend(profile)).toBe(backend)
})

interface Heard {
  readonly page: number
  readonly worker: number
}

const heardBy = (observer: Page) => observer.evaluate<Heard>('({ ...probe.heard })')
const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** The lock goes with its holder's process, which the browser notices a moment later than we do. */
async function expectFreed(page: Page, name: string): Promise<void> {
  await expect.poll(() => hold(page, name), { timeout: 10_000 }).toBe('held')
}

async function moves(observer: Page): Promise<void> {
  const before = await heardBy(observer)
  await expect
    .poll(() => heardBy(observer), { timeout: 10_000 })
    .toSatisfy(({ page, worker }: Heard) => page > before.page + 3 && worker > before.worker + 3)
}

/**
 * Neither counts for three seconds, in which the page's timer was due three times and the worker's three hundred. What was on its
 * way may arrive first.
 */
async function standsStill(observer: Page): Promise<void> {
  const change = async () => {
    const before = await heardBy(observer)
    await wait(3000)
    const after = await heardBy(observer)
    return { page: after.page - before.page, worker: after.worker - before.worker }
  }
  await expect.poll(change, { timeout: 20_000 }).toEqual({ page: 0, worker: 0 })
}
