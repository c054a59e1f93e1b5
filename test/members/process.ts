/**
 * A process that has the database open and does what its parent says. Each command has a number; its outcome is told under it.
 *
 *   parent ── { no, name, args } ──▶ member ── { no, value } or { no, error } ──▶ parent
 */
import { fileCounts } from './counted-files.ts'
import { firstValueFrom } from 'rxjs'
import { type Database, isDatabaseError, open, type OpenOptions, type SqlParams } from '../../src/index.ts'
import type { Command } from './member-process.ts'

const [base = '', options = '{}'] = process.argv.slice(2)
let last: Database | undefined
let isStopped = false

const commands = {
  async open(name = 'test') {
    last = await open(name, { ...(JSON.parse(options) as OpenOptions), storage: { kind: 'fs', base } })
    last.status$.subscribe((status) => process.send?.({ status }))
    last.events$.subscribe((event) => process.send?.({ event }))
  },
  exec: (sql: string, params?: SqlParams, request?: object) => database().exec(sql, params, request),
  query: (sql: string, params?: SqlParams, request?: object) => database().query(sql, params, request),
  close: () => database().close(),
  files: () => Promise.resolve(fileCounts),
  metrics: () => firstValueFrom(database().metrics$),
  /** Numbered rows of one writer, `width` at a time, until `count` or told to stop; says which are acknowledged. */
  async write(who: string, width: number, count: number) {
    let next = 1
    const line = async () => {
      while (next <= count && !isStopped) {
        const n = next++
        await database().exec('INSERT INTO t (who, n) VALUES (?, ?)', [who, n])
        process.send?.({ acknowledged: n })
      }
    }
    await Promise.all(Array.from({ length: width }, line))
  },
  stop() {
    isStopped = true
    return Promise.resolve()
  },
  /** Increments a counter in transactions of two steps, `count` times. */
  async count(count: number, retry: number) {
    for (let done = 0; done < count; done++) {
      await database().transaction(
        async (tx) => {
          const [row] = await tx.query<{ v: number }>('SELECT v FROM counter')
          await tx.exec('UPDATE counter SET v = ?', [(row?.v ?? 0) + 1])
        },
        { retry },
      )
      process.send?.({ acknowledged: done + 1 })
    }
  },
} satisfies Record<string, (...args: never[]) => Promise<unknown>>

function database(): Database {
  if (last === undefined) throw new Error('not open')
  return last
}

process.on('message', ({ no, name, args }: Command) => {
  const run = async () =>
    (commands[name as keyof typeof commands] as (...given: unknown[]) => Promise<unknown>)(...args)
  run().then(
    (value) => process.send?.({ no, value }),
    (error: unknown) => {
      const { message } = error as Error
      const plain = isDatabaseError(error)
        ? { code: error.code, message, details: error.details, outcome: error.outcome, retryable: error.retryable }
        : { message }
      process.send?.({ no, error: plain })
    },
  )
})
process.send?.({ isReady: true })
