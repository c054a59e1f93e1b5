/** One tab, seen from outside: what is asked of it, and what is done to it. */
import type { CdpPipe, Values } from './cdp-pipe.ts'

export class Page {
  readonly #pipe: CdpPipe
  readonly #sessionId: string
  readonly #targetId: string

  private constructor(pipe: CdpPipe, targetId: string, sessionId: string) {
    this.#pipe = pipe
    this.#targetId = targetId
    this.#sessionId = sessionId
  }

  static async open(pipe: CdpPipe, url: string): Promise<Page> {
    const { targetId } = await pipe.send('Target.createTarget', { url: 'about:blank' })
    const { sessionId } = await pipe.send('Target.attachToTarget', { targetId, flatten: true })
    const page = new Page(pipe, String(targetId), String(sessionId))
    await page.send('Page.enable')
    await page.send('Inspector.enable')
    await page.load(url)
    return page
  }

  /** Leaves what is there for `url`. */
  async load(url: string): Promise<void> {
    const loaded = this.#next('Page.loadEventFired')
    await this.send('Page.navigate', { url })
    await loaded
  }

  /** What was there before this. */
  async back(): Promise<void> {
    const shown = this.#next('Page.frameNavigated')
    await this.evaluate('history.back()')
    await shown
    await this.evaluate(
      "new Promise((resolve) => document.readyState === 'complete' ? resolve() : addEventListener('load', resolve))",
    )
  }

  async reload(): Promise<void> {
    const loaded = this.#next('Page.loadEventFired')
    await this.send('Page.reload')
    await loaded
  }

  /** The value of an expression, awaited; it must survive JSON. @throws what it throws */
  async evaluate<T>(expression: string): Promise<T> {
    const params = { expression, awaitPromise: true, returnByValue: true, userGesture: true }
    // The shape is the protocol's; of what type the value is, the caller knows who wrote the expression.
    const { result, exceptionDetails } = (await this.send('Runtime.evaluate', params)) as unknown as Evaluated<T>
    if (exceptionDetails === undefined) return result.value
    const { text, exception } = exceptionDetails
    throw new Error(exception?.description ?? String(exception?.value ?? text))
  }

  /** Makes a function of this name in the page, from the next load on; what it is called with, a text, is told here. */
  async bind(name: string, hear: (text: string) => void): Promise<void> {
    this.#pipe.listen(({ method, sessionId, params }) => {
      if (method !== 'Runtime.bindingCalled' || sessionId !== this.#sessionId || params['name'] !== name) return
      hear(String(params['payload']))
    })
    await this.send('Runtime.enable')
    await this.send('Runtime.addBinding', { name })
  }

  /** Ends the process of the page as a crash does. */
  async crash(): Promise<void> {
    const crashed = this.#next('Inspector.targetCrashed')
    // It never answers: the one who should is gone.
    this.send('Page.crash').catch(() => undefined)
    await crashed
  }

  /**
   * As the browser does it to tabs in the background: timers of the page and everything in its workers stand still. Its own handlers
   * of BroadcastChannel do not (Chromium 150). That it happened is to be seen by what stands still.
   */
  async freeze(): Promise<void> {
    await this.send('Page.setWebLifecycleState', { state: 'frozen' })
  }

  async thaw(): Promise<void> {
    await this.send('Page.setWebLifecycleState', { state: 'active' })
  }

  /** Bytes that the origin may use from now on. Before its first use: a warm origin goes by what it was told before. */
  async limitQuota(origin: string, quotaSize: number): Promise<void> {
    await this.send('Storage.overrideQuotaForOrigin', { origin, quotaSize })
  }

  async close(): Promise<void> {
    await this.#pipe.send('Target.closeTarget', { targetId: this.#targetId })
  }

  send(method: string, params: Values = {}): Promise<Values> {
    return this.#pipe.send(method, params, { sessionId: this.#sessionId })
  }

  #next(method: string) {
    return this.#pipe.next((event) => event.method === method && event.sessionId === this.#sessionId, { what: method })
  }
}

interface Evaluated<T> {
  readonly result: { readonly value: T }
  readonly exceptionDetails?: {
    readonly text: string
    readonly exception?: { readonly description?: string; readonly value?: unknown }
  }
}
