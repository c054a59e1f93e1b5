/** Transactions aborted at every request and every commit of a small workload, in a real browser: an error or the data, never neither. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Chromium, startChromium } from './chromium.ts'
import { builtFiles, type FileServer, serveScripts } from './file-server.ts'
import type { Page } from './page.ts'
import type { Abort, Outcome } from './pages/aborting.ts'
import { indexedDbBackend } from './profile.ts'

let server: FileServer
let chromium: Chromium
let profile: string

beforeEach(async () => {
  server = await serveScripts(['pages/aborting.ts'], { files: builtFiles })
  profile = mkdtempSync(path.join(tmpdir(), 'datasync-aborted-'))
})
afterEach(async () => {
  await chromium.kill()
  await server.close()
  rmSync(profile, { recursive: true, force: true })
})

async function openPage(hasSqliteIndexedDb: boolean): Promise<Page> {
  chromium = await startChromium({ profile, hasSqliteIndexedDb })
  const page = await chromium.openPage(`${server.origin}/`)
  await page.evaluate("import('/aborting.js').then(() => undefined)")
  return page
}

const abortAt = (page: Page, abort: Abort) => page.evaluate<Outcome>(`aborting.abortAt(${JSON.stringify(abort)})`)

test.each([
  { at: 'request', backend: 'leveldb', least: 20 },
  { at: 'commit', backend: 'sqlite', least: 10 },
] as const)('an abort at any $at is an error to its caller, or the data is there ($backend)', async (given) => {
  const { at, backend, least } = given
  const page = await openPage(backend === 'sqlite')
  const without = await abortAt(page, { at, point: 0 })
  expect(without).toMatchObject({ hasStruck: false, refused: [], failures: [], rows: [1, 2, 3, 4, 5] })
  expect(without.points).toBeGreaterThan(least)
  let refusals = 0
  for (let point = 1; point <= without.points; point++) {
    const outcome = await abortAt(page, { at, point })
    examine(outcome, `${at} ${point} of ${without.points}`)
    refusals += outcome.refused.length + outcome.failures.length
  }
  expect(refusals).toBeGreaterThan(0)
  expect(indexedDbBackend(profile)).toBe(backend)
  console.log(`aborts at each of ${without.points} ${at}s, ${backend}: ${refusals} calls were told`)
})

function examine({ hasStruck, abortsHeard, acknowledged, refused, failures, rows, integrity }: Outcome, where: string) {
  expect(hasStruck, where).toBe(true)
  expect(abortsHeard, where).toBe(1)
  expect(rows, `${where}: acknowledged ${acknowledged.join()}`).toEqual(expect.arrayContaining([...acknowledged]))
  const begun = [...acknowledged, ...refused.map(({ row }) => row)]
  expect(begun, `${where}: begun`).toEqual(expect.arrayContaining([...rows]))
  for (const { row, outcome } of refused) if (outcome !== 'unknown') expect(rows, where).not.toContain(row)
  expect(integrity, where).toBe('ok')
  expect(rows.length === 5 || refused.length + failures.length > 0, `${where}: an error or the data`).toBe(true)
}
