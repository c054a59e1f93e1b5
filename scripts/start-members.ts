/**
 * The second act of `npm start`: three processes write one database at once. Whichever leads is killed with SIGKILL, again and again, and
 * another one takes its place. At the end every acknowledged row is there, once.
 */
import { type ChildProcess, fork } from 'node:child_process'
import path from 'node:path'
import { open } from '../src/index.ts'

export const DATABASE = 'members'
const KILLS = 6
const ROWS = 1500
const PROCESSES = 3
const script = path.join(import.meta.dirname, 'start-member.mjs')

export type MemberReport =
  | { readonly type: 'role'; readonly role: string; readonly epoch: number }
  | { readonly type: 'acknowledged'; readonly n: number }
  | { readonly type: 'finished' }

class Member {
  readonly who: string
  readonly acknowledged = new Set<number>()
  readonly child: ChildProcess
  role = 'none'
  isFinished = false
  isAlive = true

  constructor(who: string, onReport: () => void) {
    this.who = who
    this.child = fork(script, [who, String(ROWS)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    this.child.on('message', (report: MemberReport) => {
      if (report.type === 'role') this.role = report.role
      else if (report.type === 'acknowledged') this.acknowledged.add(report.n)
      else this.isFinished = true
      onReport()
    })
    this.child.on('exit', () => {
      this.isAlive = false
      onReport()
    })
  }
}

/** Resolves to what is wrong; empty if nothing is. */
export async function shareThroughKills(): Promise<string[]> {
  console.log(`\n${PROCESSES} processes share one database; whichever leads is killed, ${KILLS} times\n`)
  const setUp = await open(DATABASE)
  await setUp.exec('CREATE TABLE entry (who TEXT, n INTEGER, PRIMARY KEY (who, n))')
  await setUp.close()
  const members = await writeThroughKills()
  const db = await open(DATABASE, { recovery: { verify: 'full' } })
  const rows = await db.query<{ who: string; n: number }>('SELECT who, n FROM entry')
  const check = await db.query<{ integrity_check: string }>('PRAGMA integrity_check')
  await db.close()
  const problems = members.flatMap((member) => problemsOf(member, rows))
  if (check[0]?.integrity_check !== 'ok') problems.push('integrity_check is not ok')
  const acknowledged = members.reduce((sum, member) => sum + member.acknowledged.size, 0)
  console.log(
    `\n${rows.length} rows of ${members.length} processes, ${acknowledged} of them acknowledged; integrity_check: ${check[0]?.integrity_check ?? ''}`,
  )
  if (problems.length === 0) console.log('Every acknowledged row is there, once, whoever led.')
  return problems
}

/** Every process that there was. Those that are not killed write all their rows. */
async function writeThroughKills(): Promise<readonly Member[]> {
  const members: Member[] = []
  let look: () => void = () => undefined
  const begin = () => members.push(new Member(`process ${members.length + 1}`, () => look()))
  const until = (isSo: () => boolean) =>
    new Promise<void>((resolve) => {
      look = () => isSo() && resolve()
      look()
    })
  const alive = () => members.filter(({ isAlive }) => isAlive)
  const leader = () => alive().find(({ role }) => role === 'leader')
  for (let started = 0; started < PROCESSES; started++) begin()
  for (let kills = 1; kills <= KILLS; kills++) {
    const before = new Map(alive().map((member) => [member, member.acknowledged.size]))
    const hasMoved = (member: Member) =>
      member.isFinished || member.acknowledged.size > (before.get(member) ?? 0) + 20 + 20 * Math.random()
    await until(() => leader() !== undefined && alive().every(hasMoved))
    const killed = leader()
    const lastedMs = performance.now()
    killed?.child.kill('SIGKILL')
    await until(() => killed?.isAlive === false)
    begin()
    await until(() => leader() !== undefined)
    const next = leader()
    console.log(
      `kill ${kills} of ${KILLS}: ${killed?.who ?? ''} led, ${killed?.acknowledged.size ?? 0} rows acknowledged to it; ${next?.who ?? ''} leads after ${(performance.now() - lastedMs).toFixed(0)} ms`,
    )
  }
  await until(() => alive().every(({ isFinished }) => isFinished))
  for (const { child } of alive()) child.send('close')
  await until(() => alive().length === 0)
  return members
}

function problemsOf({ who, acknowledged, isFinished }: Member, rows: readonly { who: string; n: number }[]): string[] {
  const kept = rows.filter((row) => row.who === who).map(({ n }) => n)
  const there = new Set(kept)
  const lost = [...acknowledged].filter((n) => !there.has(n))
  return [
    ...(lost.length > 0 ? [`${who}: ${lost.length} acknowledged rows are lost, ${lost[0] ?? ''} the first`] : []),
    ...(there.size < kept.length ? [`${who}: ${kept.length - there.size} rows are there twice`] : []),
    ...(isFinished && kept.length !== ROWS ? [`${who}: ${kept.length} rows instead of ${ROWS}`] : []),
  ]
}
