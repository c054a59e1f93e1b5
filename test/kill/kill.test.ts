/**
 * Real processes, really killed: SIGKILL at a random moment, then everything that was acknowledged is looked for in the reopened
 * database. The operating system keeps what it was handed, so strict and relaxed commits must both be there.
 */
import { fork } from 'node:child_process'
import path from 'node:path'
import { build } from 'esbuild'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Database, open, type RecoveryReport } from '../../src/index.ts'
import { temporaryBase } from '../api/harness.ts'
import { ACCOUNTS, BALANCE, contentOf, type WriterReport } from './workload.ts'

const ROUNDS = Number(process.env['DATASYNC_TEST_KILLS'] ?? (process.env['DATASYNC_TEST_LONG'] === '1' ? 200 : 20))
const SEED = Number(process.env['DATASYNC_TEST_SEED'] ?? Date.now() % 1_000_000)
const outdir = path.resolve('.cache/kill')

beforeAll(async () => {
  const entryPoints = [path.join(import.meta.dirname, 'writer.ts')]
  await build({
    entryPoints,
    outdir,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    outExtension: { '.js': '.mjs' },
  })
})

describe(`SIGKILL, ${ROUNDS} rounds, seed ${SEED}`, () => {
  test(
    'no acknowledged transaction is lost, none is torn, and none is there that was not begun',
    { timeout: ROUNDS * 5000 + 20_000 },
    async () => {
      const base = await temporaryBase()
      const moments = fc.record({
        afterAcks: fc.integer({ min: 0, max: 150 }),
        delayMs: fc.integer({ min: 0, max: 20 }),
      })
      const kills = fc.sample(moments, { numRuns: ROUNDS, seed: SEED })
      let acknowledged = 0
      let replays = 0
      for (const [round, kill] of kills.entries()) {
        const life = await runWriter(base, round, kill)
        expect(life.signal).toBe('SIGKILL')
        acknowledged = Math.max(acknowledged, life.acknowledged)
        const db = await open('killed', { storage: { kind: 'fs', base }, recovery: { verify: 'full' } })
        replays += db.recoveryReport.recordsReplayed > 0 ? 1 : 0
        await examine(db, { acknowledged, round })
        await db.close()
      }
      expect(acknowledged).toBeGreaterThan(ROUNDS * 20)
      expect(replays).toBeGreaterThan(ROUNDS / 4)
      console.log(
        `SIGKILL: ${ROUNDS} kills, ${acknowledged} acknowledged transactions, ${replays} recoveries with records to redo, seed ${SEED}`,
      )
    },
  )
})

interface Life {
  readonly acknowledged: number
  readonly signal: string | null
  readonly recovery: RecoveryReport | undefined
}

interface Kill {
  readonly afterAcks: number
  readonly delayMs: number
}

/** One life of the writer, ended some acknowledgements after it has opened, and a moment later. */
function runWriter(base: string, round: number, { afterAcks, delayMs }: Kill): Promise<Life> {
  return new Promise((resolve, reject) => {
    const child = fork(path.join(outdir, 'writer.mjs'), [base, String(round)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    const acknowledgedSeqs = new Set<number>()
    let first = 1
    let isDoomed = false
    let recovery: RecoveryReport | undefined
    child.on('message', (message: WriterReport) => {
      if (message.type === 'acknowledged') acknowledgedSeqs.add(message.seq)
      else {
        first = message.next
        recovery = message.recovery
      }
      if (isDoomed || acknowledgedSeqs.size < afterAcks) return
      isDoomed = true
      setTimeout(() => child.kill('SIGKILL'), delayMs)
    })
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      if (signal === null) return reject(new Error(`the writer of round ${round} ended with ${code}`))
      const acknowledged = Math.max(first - 1, ...acknowledgedSeqs)
      resolve({ acknowledged, signal, recovery })
    })
  })
}

async function examine(db: Database, { acknowledged, round }: { acknowledged: number; round: number }): Promise<void> {
  const where = `round ${round}, seed ${SEED}`
  expect(await db.query('PRAGMA integrity_check'), where).toEqual([{ integrity_check: 'ok' }])
  const entries = await db.query<{ seq: number; payload: Uint8Array }>('SELECT seq, payload FROM entry ORDER BY seq')
  expect(entries.length, where).toBeGreaterThanOrEqual(acknowledged)
  const balances = Array.from({ length: ACCOUNTS }, () => BALANCE)
  for (const [index, { seq, payload }] of entries.entries()) {
    const content = contentOf(index + 1)
    expect(seq, where).toBe(index + 1)
    if (Buffer.compare(payload, content.payload) !== 0) expect.fail(`${where}: the payload of ${seq} is torn`)
    balances[content.from] = (balances[content.from] ?? 0) - content.amount
    balances[content.to] = (balances[content.to] ?? 0) + content.amount
  }
  const shadow = await db.query<{ n: number; bytes: number }>(
    'SELECT count(*) AS n, coalesce(sum(length), 0) AS bytes FROM shadow',
  )
  const bytes = entries.reduce((sum, { payload }) => sum + payload.length, 0)
  expect(shadow, where).toEqual([{ n: entries.length, bytes }])
  const accounts = await db.query<readonly number[]>('SELECT balance FROM account ORDER BY id', [], {
    rowMode: 'array',
  })
  if (entries.length > 0) expect(accounts.flat(), where).toEqual(balances)
}
