/** A member in a process of its own, seen from its test: what is asked of it, and what is done to it. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { build } from 'esbuild'
import { onTestFinished } from 'vitest'
import type { DatabaseEvent, ExecResult, Metrics, OpenOptions, Row, SqlParams, Status } from '../../src/index.ts'
import type { FileCounts } from './counted-files.ts'

export interface Command {
  readonly no: number
  readonly name: string
  readonly args: readonly unknown[]
}

interface Told {
  readonly no?: number
  readonly value?: unknown
  readonly error?: { readonly code?: string; readonly message: string }
  readonly status?: Status
  readonly event?: DatabaseEvent
  readonly acknowledged?: number
}

let built: Promise<string> | undefined

/** One bundle for all tests of a file: Node 20 runs no TypeScript. */
async function script(): Promise<string> {
  const outdir = path.resolve(`.cache/members-${process.pid}`)
  await build({
    entryPoints: [path.join(import.meta.dirname, 'process.ts')],
    outdir,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    outExtension: { '.js': '.mjs' },
  })
  return path.join(outdir, 'process.mjs')
}

export class MemberProcess {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: unknown) => void }>()
  readonly #watchers = new Set<() => void>()
  readonly acknowledged: number[] = []
  readonly events: DatabaseEvent[] = []
  status: Status | undefined
  #no = 0

  private constructor(child: ChildProcess) {
    this.#child = child
    child.on('message', (told: Told) => this.#hear(told))
    child.on('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the process has ended'))
      this.#waiting.clear()
      this.#look()
    })
  }

  /** Started, and the database open unless it is not to be. Killed when the test ends. */
  static async start(
    base: string,
    options: OpenOptions = {},
    { isOpened = true, env = {} } = {},
  ): Promise<MemberProcess> {
    built ??= script()
    const child = fork(await built, [base, JSON.stringify(options)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, ...env },
    })
    onTestFinished(async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    })
    await once(child, 'message')
    const member = new MemberProcess(child)
    if (isOpened) await member.ask('open')
    return member
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  ask(name: string, ...args: unknown[]): Promise<unknown> {
    const no = ++this.#no
    return new Promise((resolve, reject) => {
      this.#waiting.set(no, { resolve, reject })
      this.#child.send({ no, name, args } satisfies Command)
    })
  }

  exec(sql: string, params: SqlParams = [], options: object = {}): Promise<ExecResult> {
    return this.ask('exec', sql, params, options) as Promise<ExecResult>
  }

  query<R extends Row>(sql: string, params: SqlParams = [], options: object = {}): Promise<R[]> {
    return this.ask('query', sql, params, options) as Promise<R[]>
  }

  /** What it has done to files so far. */
  files(): Promise<FileCounts> {
    return this.ask('files') as Promise<FileCounts>
  }

  metrics(): Promise<Metrics> {
    return this.ask('metrics') as Promise<Metrics>
  }

  /** Resolves when what it has told so far satisfies. */
  async until(isSo: (member: this) => boolean): Promise<void> {
    await new Promise<void>((resolve) => {
      const look = () => {
        if (!isSo(this)) return
        this.#watchers.delete(look)
        resolve()
      }
      this.#watchers.add(look)
      look()
    })
  }

  async kill(): Promise<void> {
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await ended
  }

  /** Resolves when the system says that it stands still. */
  stop(): void {
    this.#child.kill('SIGSTOP')
  }

  goOn(): void {
    this.#child.kill('SIGCONT')
  }

  #hear({ no, value, error, status, event, acknowledged }: Told): void {
    if (status !== undefined) this.status = status
    if (event !== undefined) this.events.push(event)
    if (acknowledged !== undefined) this.acknowledged.push(acknowledged)
    if (no !== undefined) {
      const waiting = this.#waiting.get(no)
      this.#waiting.delete(no)
      if (error === undefined) waiting?.resolve(value)
      else waiting?.reject(Object.assign(new Error(error.message), error))
    }
    this.#look()
  }

  #look(): void {
    for (const look of [...this.#watchers]) look()
  }
}

/** The process stands still: read of the system, because a signal is only a wish. */
export async function standsStill(pid: number): Promise<void> {
  const { readFile } = await import('node:fs/promises')
  for (;;) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    if (stat.slice(stat.lastIndexOf(')') + 2).startsWith('T')) return
    await new Promise((resolve) => setImmediate(resolve))
  }
}
