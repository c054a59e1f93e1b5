/**
 * One of the processes that share a database: writes numbered rows through the public API and reports each only after its promise has
 * resolved. Started by start-members.ts, which may end it at any instant.
 */
import { open } from '../src/index.ts'
import { DATABASE, type MemberReport } from './start-members.ts'

const WIDTH = 8
const [who = '', count = '0'] = process.argv.slice(2)
const report = (message: MemberReport) => {
  process.send?.(message)
}

const db = await open(DATABASE)
db.status$.subscribe(({ role, epoch }) => report({ type: 'role', role, epoch }))
let next = 1
const line = async () => {
  while (next <= Number(count)) {
    const n = next++
    await db.exec('INSERT INTO entry (who, n) VALUES (?, ?)', [who, n])
    report({ type: 'acknowledged', n })
  }
}
await Promise.all(Array.from({ length: WIDTH }, line))
report({ type: 'finished' })
// Others may follow this one: it ends when it is told to.
process.on('message', () => void db.close().then(() => process.disconnect()))
