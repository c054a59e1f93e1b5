/** Members in processes and threads of their own, whose leader closes, is killed, or is stopped. */
import { rm } from 'node:fs/promises'
import { Worker } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import { openIn, temporaryBase } from '../api/harness.ts'
import { column } from '../attacks/world.ts'
import { expectHandOver, isLeading } from './hand-over.ts'
import { MemberProcess, standsStill } from './member-process.ts'

const create = 'CREATE TABLE IF NOT EXISTS t (who, n INTEGER, PRIMARY KEY (who, n))'

describe('a leader that is killed', () => {
  test('is followed by another one at once; what was acknowledged is there once, in the order of each', async () => {
    const base = await temporaryBase()
    const [first, second, third] = [
      await MemberProcess.start(base),
      await MemberProcess.start(base),
      await MemberProcess.start(base),
    ]
    await first.exec(create)
    const writing = [first, second, third].map((member, who) =>
      member.ask('write', `w${who}`, 4, member === first ? 1e9 : 150).catch(() => 'killed'),
    )
    await second.until(({ acknowledged }) => acknowledged.length >= 20)
    const sinceMs = performance.now()
    await first.kill()
    expect(await Promise.all(writing)).toEqual(['killed', undefined, undefined])
    expect([isLeading(second), isLeading(third)].filter(Boolean)).toHaveLength(1)
    const db = await openIn(base)
    for (const [who, member] of [first, second, third].entries()) {
      const kept = (await column(db, `SELECT n FROM t WHERE who = 'w${who}' ORDER BY n`)) as number[]
      expect(kept).toEqual(expect.arrayContaining(member.acknowledged))
      if (member !== first) expect(kept).toEqual(Array.from({ length: 150 }, (_, n) => n + 1))
    }
    const [led = second] = [second, third].filter(isLeading)
    await expectHandOver(led, { cause: 'gone', sinceMs })
  })

  test('again and again: nothing that was acknowledged to anybody is lost, nothing is there twice', async () => {
    const base = await temporaryBase()
    const writers: { readonly member: MemberProcess; readonly writing: Promise<unknown> }[] = []
    const begin = async () => {
      const member = await MemberProcess.start(base)
      await member.exec(create)
      writers.push({ member, writing: member.ask('write', `w${writers.length}`, 4, 1e9).catch(() => 'killed') })
    }
    for (let started = 0; started < 3; started++) await begin()
    for (let kills = 0; kills < 4; kills++) {
      const alive = writers.map(({ member }) => member).filter(({ isAlive }) => isAlive)
      const before = alive.map(({ acknowledged }) => acknowledged.length)
      await Promise.all(
        alive.map((member, at) => member.until((now) => now.acknowledged.length > (before[at] ?? 0) + 15)),
      )
      const leader = alive.find(isLeading)
      expect(leader).toBeDefined()
      await Promise.all([leader?.kill(), begin()])
    }
    for (const { member } of writers) if (member.isAlive) await member.ask('stop')
    expect((await Promise.all(writers.map(({ writing }) => writing))).filter((end) => end === 'killed')).toHaveLength(4)
    const db = await openIn(base)
    for (const [who, { member }] of writers.entries()) {
      const kept = (await column(db, `SELECT n FROM t WHERE who = 'w${who}'`)) as number[]
      expect(kept).toEqual(expect.arrayContaining(member.acknowledged))
      expect(new Set(kept).size).toBe(kept.length)
      if (member.isAlive) expect(kept.toSorted((a, b) => a - b)).toEqual(member.acknowledged.toSorted((a, b) => a - b))
    }
    expect(db.recoveryReport.epochAfter).toBeGreaterThanOrEqual(5)
  })

  test('in the middle of a transaction: nothing of it is there, and retry runs it again', async () => {
    const base = await temporaryBase()
    const leader = await MemberProcess.start(base)
    const follower = await MemberProcess.start(base)
    await leader.exec('CREATE TABLE counter (v); INSERT INTO counter VALUES (0)')
    const counting = follower.ask('count', 60, 5)
    await follower.until(({ acknowledged }) => acknowledged.length >= 10)
    await leader.kill()
    await counting
    expect(await follower.query('SELECT v FROM counter')).toEqual([{ v: 60 }])
  })

  test('without retry the transaction is LEADER_CHANGED, and was not applied', async () => {
    const base = await temporaryBase()
    const leader = await MemberProcess.start(base)
    const db = await openIn(base)
    await leader.exec('CREATE TABLE t (a)')
    const transaction = db.transaction(async (tx) => {
      await tx.exec('INSERT INTO t VALUES (1)')
      await leader.kill()
      await tx.exec('INSERT INTO t VALUES (2)')
    })
    await expect(transaction).rejects.toMatchObject({ code: 'LEADER_CHANGED', retryable: true })
    expect(await column(db, 'SELECT a FROM t')).toEqual([])
  })
})

test('where no socket can be made a member leads alone, and who wants to follow is told so', async () => {
  const base = await temporaryBase()
  const leader = await MemberProcess.start(base, {}, { env: { TMPDIR: '/proc/nowhere' } })
  await leader.exec(create)
  expect(isLeading(leader)).toBe(true)
  await expect(openIn(base, { deadlineMs: 300 })).rejects.toMatchObject({ code: 'LEADER_UNRESPONSIVE' })
})

describe('a database that is removed under its members', () => {
  test('is lost to those who knew it, and not silently another one', async () => {
    const base = await temporaryBase()
    const leader = await MemberProcess.start(base)
    const follower = await MemberProcess.start(base)
    await leader.exec(create)
    follower.stop()
    await standsStill(follower.pid)
    await leader.kill()
    await rm(base, { recursive: true, force: true })
    follower.goOn()
    const asked = follower.query('SELECT * FROM t').catch((error: unknown) => error)
    expect(await asked).toMatchObject({ code: 'STORE_LOST' })
    await follower.until(({ status }) => status?.state === 'failed')
    expect(await follower.query('SELECT 1').catch((error: unknown) => error)).toMatchObject({ code: 'STORE_LOST' })
  })
})

describe('a leader that is stopped', () => {
  test('attack-17 keeps its lease: who waits is told so at its deadline, and what it asked again applies once', async () => {
    const base = await temporaryBase()
    const leader = await MemberProcess.start(base)
    const follower = await MemberProcess.start(base)
    await leader.exec(create)
    leader.stop()
    await standsStill(leader.pid)
    const refused = await follower
      .exec("INSERT INTO t VALUES ('a', 1)", [], { deadlineMs: 500 })
      .catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'LEADER_UNRESPONSIVE', outcome: 'unknown', retryable: true })
    const { requestId } = (refused as { details: { requestId: string } }).details
    const again = follower.exec("INSERT INTO t VALUES ('a', 1)", [], { requestId })
    leader.goOn()
    expect(await again).toMatchObject({ rowsAffected: 1 })
    expect(await follower.exec("INSERT INTO t VALUES ('a', 1)", [], { requestId })).toMatchObject({ rowsAffected: 1 })
    expect(await leader.query('SELECT n FROM t')).toEqual([{ n: 1 }])
    expect(isLeading(leader)).toBe(true)
  })

  test('and then killed is followed at once', async () => {
    const base = await temporaryBase()
    const leader = await MemberProcess.start(base)
    const follower = await MemberProcess.start(base)
    await leader.exec(create)
    leader.stop()
    await standsStill(leader.pid)
    const waiting = follower.exec("INSERT INTO t VALUES ('a', 1)")
    await leader.kill()
    await waiting
    expect(isLeading(follower)).toBe(true)
  })

  test('and then killed ends the close of who waited for it: it says that the outcome is unknown', async () => {
    const base = await temporaryBase()
    const leader = await MemberProcess.start(base)
    const follower = await MemberProcess.start(base)
    await leader.exec(create)
    leader.stop()
    await standsStill(leader.pid)
    const waiting = follower.exec("INSERT INTO t VALUES ('a', 1)").catch((error: unknown) => error)
    const closing = follower.ask('close')
    await leader.kill()
    expect(await waiting).toMatchObject({ code: 'DATABASE_CLOSED', outcome: 'unknown' })
    await closing
    expect(follower.status).toMatchObject({ state: 'closed' })
  })

  test('keeps others from opening, who are told its process', async () => {
    const base = await temporaryBase()
    const leader = await MemberProcess.start(base)
    leader.stop()
    await standsStill(leader.pid)
    const opening = openIn(base, { deadlineMs: 300 })
    await expect(opening).rejects.toMatchObject({ code: 'LEADER_UNRESPONSIVE', details: { pid: leader.pid } })
  })

  test('for longer than its lease asks for what it had not answered again, and runs it once', async () => {
    const base = await temporaryBase()
    const leader = await MemberProcess.start(base)
    const follower = await MemberProcess.start(base)
    await leader.exec(create)
    leader.stop()
    await standsStill(leader.pid)
    // Nobody waits for the first any more when the leader goes on; the second still does.
    const given = follower
      .exec("INSERT INTO t VALUES ('given up', 1)", [], { deadlineMs: 1000 })
      .catch((error: unknown) => error)
    const waited = follower.exec("INSERT INTO t VALUES ('waited', 1)", [], { deadlineMs: 30_000 })
    expect(await given).toMatchObject({ code: 'LEADER_UNRESPONSIVE' })
    await new Promise((resolve) => setTimeout(resolve, 5500))
    leader.goOn()
    await waited
    expect(await follower.query('SELECT who FROM t')).toEqual([{ who: 'waited' }])
  })
})

test('threads of one process share it as processes do', async () => {
  const base = await temporaryBase()
  const db = await openIn(base)
  await db.exec(create)
  const code = `
    const { parentPort, workerData } = require('node:worker_threads')
    import(workerData.entry).then(async ({ open }) => {
      const db = await open('test', { storage: { kind: 'fs', base: workerData.base } })
      await db.exec("INSERT INTO t VALUES ('thread', 1)")
      parentPort.postMessage(await db.query('SELECT who FROM t'))
      await db.close()
    })`
  const entry = new URL('../../dist/index.js', import.meta.url).href
  const worker = new Worker(code, { eval: true, workerData: { base, entry } })
  expect(await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))).toEqual([
    { who: 'thread' },
  ])
  await worker.terminate()
  expect(await column(db, 'SELECT who FROM t')).toEqual(['thread'])
})
