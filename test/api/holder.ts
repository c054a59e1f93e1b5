/** A process that opens the database, writes a row, says so, and holds on. */
import { open } from '../../src/index.ts'

const [base = ''] = process.argv.slice(2)
const db = await open('test', { storage: { kind: 'fs', base } })
await db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)')
process.send?.('open')
setInterval(() => undefined, 1000)
