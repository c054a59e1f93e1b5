/** A page that writes, seen from outside: what it has told so far, and what is asked of it. */
import type { OpenOptions } from '../../src/browser.ts'
import type { Chromium } from './chromium.ts'
import type { Page } from './page.ts'
import type { Examined, WriterReport, WriterRun } from './pages/writer.ts'

/** How far the page may be ahead of what it has told to be acknowledged. */
const WINDOW = 100

export class WriterPage {
  readonly page: Page
  /** Told by this page: the greatest number of each kind, and how many were acknowledged. */
  begun = 0
  acknowledged = 0
  acknowledgements = 0
  readonly failures: string[] = []
  /** The numbers of those that have failed. */
  readonly refused: number[] = []
  /** None behind this one can have been begun, whatever the page could not tell any more. */
  allowed = 0
  #onReport: () => void = () => undefined

  private constructor(page: Page) {
    this.page = page
  }

  /** `prepare` is run before anything of the origin is loaded. */
  static async open(
    chromium: Chromium,
    origin: string,
    { prepare }: { readonly prepare?: (blank: Page) => Promise<void> } = {},
  ): Promise<WriterPage> {
    const page = await chromium.openPage('about:blank')
    const writer = new WriterPage(page)
    await page.bind('report', (text) => writer.#hear(JSON.parse(text) as WriterReport))
    await prepare?.(page)
    await page.load(`${origin}/`)
    await page.evaluate("import('/writer.js').then(() => undefined)")
    return writer
  }

  openStore(name: string, options: OpenOptions): Promise<string> {
    return this.page.evaluate(`writer.openStore('${name}', ${JSON.stringify(options)})`)
  }

  /** A new store with its tables, opened a second time, so that its witness has seen it. */
  async openWitnessed(name: string, options: OpenOptions): Promise<void> {
    const found = [await this.openStore(name, options)]
    await this.prepare()
    await this.close()
    found.push(await this.openStore(name, options))
    if (found.join() !== 'created,existing') throw new Error(`${name} was ${found.join(', then ')}`)
  }

  prepare(): Promise<void> {
    return this.page.evaluate('writer.prepare()')
  }

  /** `refused`: transactions that are not there. */
  examine({ refused = [] }: { readonly refused?: readonly number[] } = {}): Promise<Examined> {
    return this.page.evaluate(`writer.examine(${JSON.stringify({ refused })})`)
  }

  close(): Promise<void> {
    return this.page.evaluate('writer.close()')
  }

  async start(run: Omit<WriterRun, 'through'>, { after }: { readonly after: number }): Promise<void> {
    this.allowed = after + WINDOW
    await this.page.evaluate(`writer.start(${JSON.stringify({ ...run, through: this.allowed })})`)
  }

  /** Until so many are acknowledged and another one is in flight. Bounded; rejects when the page tells of a failure. */
  async until(acknowledgements: number, { boundMs = 20_000 } = {}): Promise<void> {
    const endMs = performance.now() + boundMs
    while (this.acknowledgements < acknowledgements || this.begun <= this.acknowledged) {
      await this.#nextReport(endMs - performance.now())
      if (this.failures.length > 0) throw new Error(this.failures.join('; '))
    }
  }

  #nextReport(boundMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const silent = () => reject(new Error(`nothing told after ${this.acknowledgements} acknowledgements`))
      const timer = setTimeout(silent, Math.max(0, boundMs))
      this.#onReport = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  #hear(report: WriterReport): void {
    if (report.kind === 'failed') {
      this.failures.push(`transaction ${report.seq}: ${report.error}`)
      this.refused.push(report.seq)
    }
    if (report.kind === 'begun') this.begun = Math.max(this.begun, report.seq)
    if (report.kind === 'acknowledged') {
      this.acknowledged = Math.max(this.acknowledged, report.seq)
      this.acknowledgements++
      this.#allowMore()
    }
    this.#onReport()
  }

  #allowMore(): void {
    if (this.allowed - this.acknowledged > WINDOW / 2) return
    this.allowed = this.acknowledged + WINDOW
    // A page that is being killed does not answer.
    this.page.evaluate(`writer.allow(${this.allowed})`).catch(() => undefined)
  }
}
