/**
 * The DevTools protocol over the two pipes of `--remote-debugging-pipe`: messages are JSON with a zero byte behind each. Spoken
 * directly, because tools that sit between keep every page visible and awake.
 */
import type { Readable, Writable } from 'node:stream'

export type Values = Readonly<Record<string, unknown>>

interface Message {
  readonly id?: number
  readonly sessionId?: string
  readonly method?: string
  readonly params?: Values
  readonly result?: Values
  readonly error?: { readonly message: string }
}

export interface CdpEvent {
  readonly method: string
  readonly params: Values
  readonly sessionId: string | undefined
}

interface Waiting {
  readonly method: string
  readonly resolve: (result: Values) => void
  readonly reject: (error: Error) => void
}

export class CdpPipe {
  readonly #out: Writable
  readonly #waiting = new Map<number, Waiting>()
  readonly #listeners = new Set<(event: CdpEvent) => void>()
  #lastId = 0
  #rest = ''
  #end: Error | undefined

  constructor({ out, in: incoming }: { readonly out: Writable; readonly in: Readable }) {
    this.#out = out
    incoming.setEncoding('utf8')
    incoming.on('data', (chunk: string) => this.#take(chunk))
    incoming.on('close', () => this.#close(new Error('the browser has closed its pipe')))
    // What was written when the browser died has no answer; that is told by the end of the other pipe.
    out.on('error', () => undefined)
  }

  /** Rejects when the browser says no, when it is gone, or when there is no answer in time. */
  send(method: string, params: Values = {}, { sessionId, boundMs = 30_000 }: SendOptions = {}): Promise<Values> {
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      if (this.#end !== undefined) return reject(this.#end)
      const timer = setTimeout(() => {
        this.#waiting.delete(id)
        reject(new Error(`${method} had no answer within ${boundMs} ms`))
      }, boundMs)
      this.#waiting.set(id, {
        method,
        resolve: (result) => {
          clearTimeout(timer)
          resolve(result)
        },
        reject: (error) => {
          clearTimeout(timer)
          reject(error)
        },
      })
      this.#out.write(`${JSON.stringify({ id, method, params, sessionId })}\0`)
    })
  }

  /** Every event, until the pipe ends. */
  listen(hear: (event: CdpEvent) => void): void {
    this.#listeners.add(hear)
  }

  /** The first event that fits, from now on. */
  next(fits: (event: CdpEvent) => boolean, { what, boundMs = 30_000 }: NextOptions): Promise<CdpEvent> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#listeners.delete(hear)
        reject(new Error(`${what} did not come within ${boundMs} ms`))
      }, boundMs)
      const hear = (event: CdpEvent) => {
        if (!fits(event)) return
        clearTimeout(timer)
        this.#listeners.delete(hear)
        resolve(event)
      }
      this.#listeners.add(hear)
    })
  }

  #take(chunk: string): void {
    const parts = (this.#rest + chunk).split('\0')
    this.#rest = parts.pop() ?? ''
    for (const part of parts) this.#hear(JSON.parse(part) as Message)
  }

  #hear({ id, method, params = {}, result = {}, error, sessionId }: Message): void {
    if (id === undefined) {
      for (const listener of [...this.#listeners]) listener({ method: method ?? '', params, sessionId })
      return
    }
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (error === undefined) waiting?.resolve(result)
    else waiting?.reject(new Error(`${waiting.method}: ${error.message}`))
  }

  #close(end: Error): void {
    this.#end = end
    for (const { reject } of this.#waiting.values()) reject(end)
    this.#waiting.clear()
  }
}

interface SendOptions {
  readonly sessionId?: string
  readonly boundMs?: number
}

interface NextOptions {
  readonly what: string
  readonly boundMs?: number
}
