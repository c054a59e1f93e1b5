/**
 * The process that is killed: imports cities from where the database ends, one transaction a batch, and reports each batch only after
 * its promise has resolved. Started by start.ts, which may end it at any instant.
 */
import { open } from '../src/index.ts'
import { BATCH, cities, DATABASE, type ImporterReport, insertCity, parametersOf, SCHEMA } from './start-cities.ts'

const report = (message: ImporterReport) => {
  process.send?.(message)
}

const db = await open(DATABASE)
await db.exec(SCHEMA)
const [last] = await db.query<{ next: number }>('SELECT coalesce(max(seq) + 1, 0) AS next FROM city')
const startedAt = last?.next ?? 0
report({ type: 'opened', report: db.recoveryReport, next: startedAt })

for (let from = startedAt; from < cities.length; from += BATCH) {
  const batch = cities.slice(from, from + BATCH)
  await db.batch(batch.map((city, index) => ({ sql: insertCity, params: parametersOf(city, from + index) })))
  report({ type: 'acknowledged', next: from + batch.length })
}
await db.close()
report({ type: 'finished' })
