/**
 * The process that is killed. Writes transaction after transaction, each to three tables at once and moving money between accounts,
 * and reports a sequence number only after its promise has resolved. What it writes follows from the sequence number alone.
 */
import { open } from '../../src/index.ts'
import { contentOf, SCHEMA, type WriterReport } from './workload.ts'

const report = (message: WriterReport) => void process.send?.(message)
const [base = '', seedText = '1'] = process.argv.slice(2)
const seed = Number(seedText)

const db = await open('killed', { storage: { kind: 'fs', base } })
await db.exec(SCHEMA)
const [row] = await db.query<{ next: number }>('SELECT coalesce(max(seq), 0) + 1 AS next FROM entry')
const first = row?.next ?? 1
report({ type: 'opened', next: first, recovery: db.recoveryReport })

const inFlight = new Set<Promise<void>>()
for (let seq = first; ; seq++) {
  const { payload, from, to, amount, durability } = contentOf(seq)
  const written = db
    .batch(
      [
        { sql: 'INSERT INTO entry VALUES (?, ?)', params: [seq, payload] },
        { sql: 'INSERT INTO shadow VALUES (?, ?)', params: [seq, payload.length] },
        { sql: 'UPDATE account SET balance = balance - ? WHERE id = ?', params: [amount, from] },
        { sql: 'UPDATE account SET balance = balance + ? WHERE id = ?', params: [amount, to] },
      ],
      { durability },
    )
    .then(() => report({ type: 'acknowledged', seq }))
  inFlight.add(written)
  void written.finally(() => inFlight.delete(written))
  if (inFlight.size >= 1 + (seed % 4) * 3) await Promise.race(inFlight)
  if (seq % 97 === 0) void db.checkpoint()
  if (seq % 211 === 0) await db.exec('DELETE FROM shadow WHERE seq % 2 = 0 AND seq < 0; VACUUM')
}
