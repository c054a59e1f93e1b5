/** Another page of the origin posts to the channels of a database: what is not for its members to hear is dropped, and they go on. */
import { expect, test } from 'vitest'
import type { Page } from '../browser-kill/page.ts'
import type { MemberPage } from './member-page.ts'
import { limits } from '../../src/limits.ts'
import { compareRows } from './rows.ts'
import { useTabs } from './tabs.ts'
import { openAll } from './writers.ts'

const tabs = useTabs(['pages/stranger.ts'])

async function openStranger(name: string): Promise<Page> {
  const page = await tabs.chromium.openPage(`${tabs.origin}/`)
  await page.evaluate("import('/stranger.js').then(() => undefined)")
  await page.evaluate(`stranger.listen('${name}')`)
  return page
}

/** Resolves when the one who leads has dropped so many messages. */
const untilRefused = (page: MemberPage, least: number) =>
  page.run(
    (member, count) =>
      new Promise<number>((resolve) => {
        const metrics = member.db().metrics$.subscribe(({ messagesRefused }) => {
          if (messagesRefused < count) return
          resolve(messagesRefused)
          queueMicrotask(() => metrics.unsubscribe())
        })
      }),
    least,
  )

test('what is malformed, repeated or too large is not run, the leader counts it, and the members go on as if nobody had said it', async () => {
  await tabs.withPages(3, async ({ all, at }) => {
    const name = tabs.newName()
    const stranger = await openStranger(name)
    await openAll(all, { name, storage: 'indexeddb' })
    await at(1).run(async (member) => {
      const db = member.db()
      await db.transaction((tx) => tx.exec('INSERT INTO entry (page, n) VALUES (9, 1)'))
      await db.batch([
        { sql: 'INSERT INTO entry (page, n) VALUES (9, 2)' },
        { sql: 'INSERT INTO entry (page, n) VALUES (9, 3)' },
      ])
    })
    await Promise.all(all.map((page) => page.writeRows(5)))
    expect(await untilRefused(at(0), 0)).toBe(0)
    const swollen = await stranger.evaluate<number>(`stranger.swell(${limits.frameBytesMax + 2 ** 20})`)
    expect(swollen).toBeGreaterThanOrEqual(2)
    expect(await untilRefused(at(0), swollen)).toBe(swollen)
    const repeated = await stranger.evaluate<number>('stranger.repeat()')
    expect(repeated).toBeGreaterThan(12)
    await untilRefused(at(0), swollen + 2 * repeated)
    await stranger.evaluate('stranger.babble()')
    await Promise.all(all.map((page) => page.writeRows(5)))
    await stranger.evaluate('stranger.babble()')
    await Promise.all(all.map((page) => page.writeRows(5)))
    expect(await compareRows(at(2), all)).toBe(3 * 15 + 3)
    for (const page of all) expect([...page.refused]).toEqual([])
    expect(all.map((page) => [page.leads, page.status?.epoch])).toEqual([
      [true, 1],
      [false, 1],
      [false, 1],
    ])
    await stranger.close()
  })
})

test('a client that floods is held, and the others are answered', async () => {
  await tabs.withPages(2, async ({ all, at }) => {
    const name = tabs.newName()
    const stranger = await openStranger(name)
    await openAll(all, { name, storage: 'indexeddb' })
    const asked = 5000
    const [ends] = await Promise.all([
      stranger.evaluate<Record<string, number>>(`stranger.flood('${name}', ${asked})`),
      ...all.map((page) => page.writeRows(20)),
    ])
    expect(ends['QUEUE_FULL']).toBeGreaterThan(0)
    expect(ends['answer']).toBeGreaterThanOrEqual(limits.clientQueueMax)
    expect((ends['answer'] ?? 0) + (ends['QUEUE_FULL'] ?? 0)).toBe(asked)
    expect(await at(1).run((member) => member.db().query('SELECT count(*) AS n FROM entry WHERE page = 5'))).toEqual([
      { n: ends['answer'] },
    ])
    for (const page of all) expect(page.acknowledged.size).toBe(20)
    await stranger.close()
  })
})
