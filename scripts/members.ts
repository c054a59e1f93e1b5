/**
 * `npm run bench:members -- [--rounds=30] [--quick]`
 * Measures pages that share a database in Chromium (as built in dist/): how long a hand-over takes, and what a page that follows pays. A
 * whole run is written to docs/benchmarks-members.md; a quick one is printed.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { startChromium } from '../test/browser-kill/chromium.ts'
import { builtFiles, serveScripts } from '../test/browser-kill/file-server.ts'
import { ends, measureHandOver, type HandOver } from './members-hand-over.ts'
import { type MakePage, pageMaker } from './members-pages.ts'
import { measureSharing, type Sharing } from './members-sharing.ts'
import { markdownOf, table } from './members-tables.ts'

const { values } = parseArgs({ options: { rounds: { type: 'string' }, quick: { type: 'boolean' } } })
const isQuick = values.quick ?? false
const rounds = Number(values.rounds ?? (isQuick ? 3 : 30))
if (!Number.isSafeInteger(rounds) || rounds < 1) throw new Error('--rounds is a whole number from 1')

const root = process.cwd()
const profile = mkdtempSync(path.join(tmpdir(), 'datasync-bench-members-'))
const server = await serveScripts([path.join(root, 'test/browser-tabs/pages/member.ts')], { files: builtFiles })
const chromium = await startChromium({ profile, isFast: true })
const before = loadavg()
try {
  report(await measureAll(pageMaker(chromium, server.origin)))
} finally {
  await chromium.kill()
  await server.close()
  rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
}

interface Measured {
  readonly handOvers: readonly HandOver[]
  readonly sharing: Sharing
}

async function measureAll(makePage: MakePage): Promise<Measured> {
  const sharing = await measureSharing(makePage, { rounds: isQuick ? 2 : 5 })
  const handOvers: HandOver[] = []
  for (const end of ends) {
    handOvers.push(await measureHandOver(makePage, end, rounds))
    console.log(`${end.what}, ${end.storage}: ${handOvers.at(-1)?.times.map(Math.round).join(' ')} ms`)
  }
  return { handOvers, sharing }
}

function report({ handOvers, sharing }: Measured): void {
  const tables = [table.handOvers(handOvers), table.latency(sharing), table.throughput(sharing)]
  const about = [
    `Node ${process.versions.node}`,
    `${process.platform} ${process.arch}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}`,
    `load before ${before.map((load) => load.toFixed(1)).join(' ')}`,
    chromium.version,
  ]
  const page = markdownOf(tables, { about, rounds, day: new Date().toISOString().slice(0, 10) })
  if (isQuick) return console.log(page)
  writeFileSync(path.join(root, 'docs/benchmarks-members.md'), page)
  console.log(page)
}
