/** What an open database tells: events, commits, metrics, status and log records of what really happened on its medium. */
import { describe, expect, test } from 'vitest'
import type { CommitEvent, Logger, Metrics } from '../../src/index.ts'
import { openIn, openMemory, recordEvents, temporaryBase } from './harness.ts'

function metricsOf(db: {
  metrics$: { subscribe(next: (metrics: Metrics) => void): { unsubscribe(): void } }
}): Metrics {
  const seen: Metrics[] = []
  db.metrics$.subscribe((metrics) => seen.push(metrics)).unsubscribe()
  const [now] = seen
  if (now === undefined) throw new Error('metrics$ tells the metrics of now at once')
  return now
}

describe('events and commits', () => {
  test('each sync has exactly one start and one end, and no two overlap', async () => {
    const db = await openMemory()
    const events = recordEvents(db)
    await db.exec('CREATE TABLE t (n INTEGER)')
    await Promise.all(Array.from({ length: 100 }, (_, n) => db.exec('INSERT INTO t VALUES (?)', [n])))
    const syncs = events.map(({ type }) => type).filter((type) => type.startsWith('sync.'))
    expect(syncs.length).toBeGreaterThanOrEqual(4)
    syncs.forEach((type, index) => expect(type).toBe(index % 2 === 0 ? 'sync.started' : 'sync.succeeded'))
  })

  test('a commit is told before its callers go on, and what is told covers every transaction once', async () => {
    const db = await openMemory()
    const commits: CommitEvent[] = []
    db.commits$.subscribe((commit) => commits.push(commit))
    const toldAtAnswer: number[] = []
    const write = async (sql: string) => {
      const { receipt } = await db.exec(sql)
      toldAtAnswer.push((commits.at(-1)?.lastTxid ?? 0) - receipt.txid)
    }
    await write('CREATE TABLE t (n INTEGER)')
    await Promise.all(Array.from({ length: 50 }, (_, n) => write(`INSERT INTO t VALUES (${n})`)))
    expect(toldAtAnswer).toHaveLength(51)
    expect(Math.min(...toldAtAnswer)).toBeGreaterThanOrEqual(0)
    let next = 1
    for (const { firstTxid, lastTxid, receipt, durability } of commits) {
      expect(firstTxid).toBe(next)
      expect(receipt).toEqual({ epoch: 1, txid: lastTxid })
      expect(durability).toBe('strict')
      next = lastTxid + 1
    }
    expect(next).toBe(52)
  })

  test('at the end the streams complete and the status is closed', async () => {
    const db = await openMemory()
    const events = recordEvents(db)
    const states: string[] = []
    let completed = 0
    db.status$.subscribe({ next: ({ state }) => states.push(state), complete: () => (completed += 1) })
    const complete = () => (completed += 1)
    db.events$.subscribe({ complete })
    db.commits$.subscribe({ complete })
    db.metrics$.subscribe({ complete })
    await db.close()
    expect(completed).toBe(4)
    expect(states[0]).toBe('leading')
    expect(states.at(-1)).toBe('closed')
    expect(events.at(-1)).toEqual({ type: 'database.closed' })
  })
})

describe('metrics', () => {
  test('move with the commits, the log, the home and the engine', async () => {
    const unhurried = { maxWaitMs: 60_000, intervalMs: 0, debounceMs: 0 }
    const db = await openIn(await temporaryBase(), { syncPolicy: unhurried })
    const before = metricsOf(db)
    expect(before).toMatchObject({ epoch: 1, lag: 0, dirtyBytes: 0 })
    expect(before.recoveryMs).toBeGreaterThan(0)
    expect(before.wasmBytes).toBeGreaterThan(0)
    await db.exec('CREATE TABLE t (n INTEGER, bytes BLOB)')
    await db.exec('INSERT INTO t VALUES (1, randomblob(100000))', [], { durability: 'deferred' })
    const behind = metricsOf(db)
    expect(behind.lag).toBe(1)
    expect(behind.dirtyBytes).toBeGreaterThan(100_000)
    expect(behind.dirtyBlocks).toBe(behind.dirtyBytes / 4096)
    await db.forceSync()
    const synced = metricsOf(db)
    expect(synced).toMatchObject({ lag: 0, dirtyBytes: 0, dirtyBlocks: 0, errorRate: 0 })
    expect(synced.barriers).toBeGreaterThan(before.barriers)
    expect(synced.bytesWritten).toBeGreaterThan(before.bytesWritten + 100_000)
    expect(synced.logBytes).toBeGreaterThan(before.logBytes)
    expect(synced.syncs.succeeded).toBe(2)
    expect(synced.groupSize.count).toBe(2)
    expect(synced.flushMs.count).toBe(2)
    expect(synced.throughput.bytesPerSecond).toBeGreaterThan(0)
    await db.checkpoint()
    const folded = metricsOf(db)
    expect(folded.homeBytes).toBeGreaterThan(100_000)
    expect(folded.logBytes).toBeLessThan(synced.logBytes)
  })
})

describe('logging', () => {
  test('every step on the medium is a record, from recovery to the close', async () => {
    const base = await temporaryBase()
    const lines: { event: string; txid?: number; bytes?: number; ms?: number }[] = []
    const note = (record: object) => void lines.push(record as (typeof lines)[number])
    const logger: Logger = { debug: note, info: note, warn: note, error: note }
    const db = await openIn(base, { logger })
    await db.exec('CREATE TABLE t (n INTEGER)')
    const { receipt } = await db.exec('INSERT INTO t VALUES (1)')
    await db.checkpoint()
    await db.close()
    const names = lines.map(({ event }) => event)
    const commit = ['sync.started', 'record.written', 'barrier.passed', 'epoch.confirmed', 'sync.succeeded']
    const first = names.indexOf('sync.started')
    expect(names.slice(0, first)).toEqual(['recovery.found', 'recovery.finished', 'leader.changed'])
    expect(names.slice(first, first + 10)).toEqual([...commit, ...commit])
    expect(names).toEqual(expect.arrayContaining(['checkpoint.folded', 'checkpoint.finished', 'store.closed']))
    expect(names.at(-1)).toBe('database.closed')
    const written = lines.filter(({ event }) => event === 'record.written').at(-1)
    expect(written).toMatchObject({ txid: receipt.txid, epoch: receipt.epoch })
    expect(written?.bytes).toBeGreaterThan(4096)
    expect(written?.ms).toBeGreaterThanOrEqual(0)
  })
})
