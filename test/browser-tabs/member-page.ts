/** A page that has a database open with others, seen from outside: what it has told, and what is asked of it. */
import type { OpenOptions } from '../../src/browser.ts'
import type { Status } from '../../src/events.ts'
import type { Chromium } from '../browser-kill/chromium.ts'
import type { Page } from '../browser-kill/page.ts'
import type { member, Report, Writing } from './pages/member.ts'
import { until } from './until.ts'

type Member = typeof member

export interface Refused {
  readonly code: string
  readonly outcome?: 'unknown'
}

let pagesMade = 0

export class MemberPage {
  readonly page: Page
  /** Numbers of rows, as they were told. */
  readonly begun = new Set<number>()
  readonly acknowledged = new Set<number>()
  readonly refused = new Map<number, Refused>()
  /** Every status, oldest first, and when it was told by the page's clock. */
  readonly told: { readonly status: Status; readonly atMs: number }[] = []
  readonly number: number
  /** How often its worker has said that it stalls: it does so again and again, as long as it runs. */
  stalls = 0
  /** Of the leader that acknowledged last. */
  epoch = 0
  /** Why it could not open. */
  refusal: { readonly code: string; readonly message: string } | undefined
  /** A channel that no other page has. */
  readonly #stalling = `stalling-${++pagesMade}`
  #isGone = false

  private constructor(page: Page, number: number) {
    this.page = page
    this.number = number
  }

  static async open(chromium: Chromium, origin: string, number: number): Promise<MemberPage> {
    const page = await chromium.openPage('about:blank')
    const member = new MemberPage(page, number)
    await page.bind('report', (text) => member.#hear(JSON.parse(text) as Report))
    await member.load(origin)
    return member
  }

  /** The script of a page; of another version, from its folder. */
  async load(origin: string, folder = ''): Promise<void> {
    await this.page.load(`${origin}/`)
    await this.#loadScript(folder)
  }

  /** In the middle of whatever it does. It counts on. */
  async reload(): Promise<void> {
    await this.page.reload()
    await this.#loadScript('')
  }

  /** To another page and back by the browser's history. Returns whether the browser had kept it as it was, and it simply goes on. */
  async awayAndBack(origin: string): Promise<boolean> {
    await this.page.load(`${origin}/?away`)
    await this.page.back()
    const isKept = await this.page.evaluate<boolean>("typeof member !== 'undefined'")
    if (!isKept) await this.#loadScript('')
    return isKept
  }

  async #loadScript(folder: string): Promise<void> {
    await this.page.evaluate(`import('${folder}/member.js').then(() => undefined)`)
    // What was begun last may not have been told.
    const last = Math.max(0, ...this.begun) + 100
    if (this.begun.size > 0) await this.run((member, n) => member.countFrom(n), last)
  }

  /** 'open', or the code of the error. */
  begin(name: string, options: OpenOptions, script?: string): Promise<string> {
    return this.run((member, given) => member.begin(given.name, given.options, given.script), { name, options, script })
  }

  /** Runs a function there, which sees its arguments and nothing else of here. What it returns must survive JSON. */
  run<T, A>(fn: (member: Member, given: A) => T | Promise<T>, given?: A): Promise<T> {
    return this.page.evaluate<T>(
      `(${String(fn)})(member, ${given === undefined ? 'undefined' : JSON.stringify(given)})`,
    )
  }

  async start(writing: Omit<Writing, 'page'>): Promise<void> {
    await this.run((member, given) => member.start(given), { ...writing, page: this.number })
  }

  async stop(): Promise<void> {
    await this.run((member) => member.stop())
  }

  /** So many at once. Resolves when all have their end. */
  writeRows(count: number): Promise<void> {
    return this.run((member, given) => member.writeRows(given.page, given.count), { page: this.number, count })
  }

  /** What it told of an earlier database. */
  forget(): void {
    for (const told of [this.begun, this.acknowledged, this.refused]) told.clear()
    this.told.length = 0
  }

  /** Rows that were begun and have no end yet. */
  get inFlight(): number {
    return this.begun.size - this.acknowledged.size - this.refused.size
  }

  /** Until so many more rows are acknowledged and others are in flight. */
  async untilMore(count: number, boundMs = 20_000): Promise<void> {
    const least = this.acknowledged.size + count
    await until(`${count} more rows of page ${this.number}`, () => this.acknowledged.size >= least, boundMs)
  }

  get status(): Status | undefined {
    return this.told.at(-1)?.status
  }

  get leads(): boolean {
    return this.status?.state === 'leading' && this.status.role === 'leader'
  }

  get follows(): boolean {
    return this.status?.state === 'following'
  }

  /** Of a worker that can be told to stop at a transaction. */
  get stallingScript(): string {
    return `/stalling-worker.js?channel=${this.#stalling}`
  }

  /** Its worker stops inside its next transaction; resolves when it is there. */
  stallInside(): Promise<void> {
    return this.#stall('inside')
  }

  /** Its worker stops before the next transaction by which it flushes, and hears nothing any more; resolves when it is there. */
  stallBefore(): Promise<void> {
    return this.#stall('before')
  }

  #stall(where: 'inside' | 'before'): Promise<void> {
    return this.run(
      (member, given) =>
        new Promise<void>((resolve) => {
          const stalling = new BroadcastChannel(given.name)
          stalling.onmessage = ({ data }) => {
            if (data !== 'there') return
            member.tellStalling()
            resolve()
          }
          stalling.postMessage(given.where)
        }),
      { name: this.#stalling, where },
    )
  }

  goOn(): Promise<void> {
    return this.run((_, name) => new BroadcastChannel(name).postMessage('go on'), this.#stalling)
  }

  async crash(): Promise<void> {
    await this.page.crash()
    await this.close()
  }

  async close(): Promise<void> {
    if (this.#isGone) return
    this.#isGone = true
    await this.page.close()
  }

  /** Whatever state it is in. */
  async end(): Promise<void> {
    await this.close().catch(() => undefined)
  }

  #hear(report: Report): void {
    switch (report.kind) {
      case 'begun':
        return void this.begun.add(report.n)
      case 'acknowledged':
        this.epoch = report.epoch
        return void this.acknowledged.add(report.n)
      case 'refused':
        return void this.refused.set(report.n, report)
      case 'refusal':
        this.refusal = report
        return
      case 'stalling':
        this.stalls += 1
        return
      case 'status':
        return void this.told.push(report)
    }
  }
}
