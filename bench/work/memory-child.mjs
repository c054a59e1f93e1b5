/**
 * Peak resident memory of a process of its own: idle without arguments, else of a mixed load on an existing database
 * (base, name, requests): seven point reads, two updates and one scan of 100 rows in ten, up to 50 at once.
 */
import { readFileSync } from 'node:fs'

const [, , base, name, count] = process.argv
const operations = Number(count ?? 0)

if (base !== undefined && name !== undefined) {
  const { openOurs } = await import('../sides.mjs')
  const { scattered } = await import('./requests.mjs')
  const db = await openOurs(name, { storage: { kind: 'fs', base } })
  const [row] = await db.query('SELECT count(*) AS rows FROM big')
  const next = scattered(Number(row?.['rows']))
  const requests = [
    () => db.exec('UPDATE big SET stamp = stamp + 1 WHERE id = ?', [next()]),
    () => db.query('SELECT * FROM big WHERE id >= ? ORDER BY id LIMIT 100', [next()]),
    () => db.exec('UPDATE big SET payload = randomblob(1000) WHERE id = ?', [next()]),
  ]
  const read = () => db.query('SELECT * FROM big WHERE id = ?', [next()])
  for (let done = 0; done < operations; done += 50) {
    await Promise.all(Array.from({ length: 50 }, (_, n) => (requests[n % 10] ?? read)()))
  }
  await db.close()
}

console.log(JSON.stringify({ operations, peakBytes: peakBytes() }))

/** Linux keeps the peak per program image; elsewhere the process's own account of it is all there is. */
function peakBytes() {
  try {
    const [, kib] = /VmHWM:\s*(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
    if (kib !== undefined) return Number(kib) * 1024
  } catch {
    // Not Linux.
  }
  return process.resourceUsage().maxRSS * 1024
}
