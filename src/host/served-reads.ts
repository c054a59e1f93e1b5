/**
 * Iterations and exports: a chunk goes when the client pulls, so that a slow reader holds one chunk and not the result. A reader
 * that stops pulling is dropped after a while; so is one too many.
 */
import type { Led, LedQueryOptions, Signal } from '../api.ts'
import { DatabaseError } from '../errors.ts'
import { limits } from '../limits.ts'
import type { Row, SqlParams, SqlValue } from '../sql.ts'
import type { WireId } from '../wire/protocol.ts'
import type { Timer } from './timer.ts'

type Chunk = readonly Row[] | Uint8Array

interface Reader {
  readonly pull: () => void
  readonly stop: (error: DatabaseError) => void
}

export interface IterateRequest {
  readonly id: WireId
  readonly sql: string
  readonly params?: SqlParams
}

export class ServedReads {
  readonly #send: (id: WireId, chunk: Chunk) => void
  readonly #timer: Timer
  readonly #readers = new Map<WireId, Reader>()

  constructor(send: (id: WireId, chunk: Chunk) => void, timer: Timer) {
    this.#send = send
    this.#timer = timer
  }

  /** Resolves when the last row was sent. */
  iterate(database: Led, { id, sql, params }: IterateRequest, options: LedQueryOptions): Promise<void> {
    return this.#serve(id, inChunks(database.iterate(sql, params, options)), options.signal)
  }

  export(database: Led, id: WireId, signal: Signal): Promise<void> {
    return this.#serve(id, database.export(), signal)
  }

  pull(id: WireId): void {
    this.#readers.get(id)?.pull()
  }

  release(): void {
    for (const { stop } of this.#readers.values()) stop(gone('the client has gone'))
  }

  async #serve(id: WireId, chunks: AsyncIterable<Chunk>, signal: Signal | undefined): Promise<void> {
    if (this.#readers.size >= limits.iterationsMax) {
      throw new DatabaseError(
        'QUEUE_FULL',
        `${limits.iterationsMax} iterations are open; end some before beginning more`,
      )
    }
    const pulled = new Pulls(this.#timer)
    this.#readers.set(id, pulled)
    const onAbort = () => pulled.stop(gone('its reader has stopped'))
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      const iterator = chunks[Symbol.asyncIterator]()
      try {
        for (;;) {
          await pulled.next()
          const next = await iterator.next()
          if (next.done === true) return
          this.#send(id, next.value)
        }
      } finally {
        await iterator.return?.()
      }
    } finally {
      signal?.removeEventListener('abort', onAbort)
      this.#readers.delete(id)
    }
  }
}

/** Chunks asked for and not yet sent. */
class Pulls implements Reader {
  readonly #timer: Timer
  #asked = 0
  #stopped: DatabaseError | undefined
  #wake: (() => void) | undefined

  constructor(timer: Timer) {
    this.#timer = timer
  }

  readonly pull = (): void => {
    this.#asked += 1
    this.#wake?.()
  }

  readonly stop = (error: DatabaseError): void => {
    this.#stopped ??= error
    this.#wake?.()
  }

  /** Resolves when one is asked for. @throws when the reader was stopped, or does not ask for long */
  async next(): Promise<void> {
    const cancel = this.#timer.after(limits.iterateIdleMs, () =>
      this.stop(gone(`nobody read for ${limits.iterateIdleMs} ms`)),
    )
    while (this.#asked === 0 && this.#stopped === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    cancel()
    if (this.#stopped !== undefined) throw this.#stopped
    this.#asked -= 1
  }
}

async function* inChunks(rows: AsyncIterable<Row>): AsyncGenerator<readonly Row[]> {
  let chunk: Row[] = []
  let bytes = 0
  for await (const row of rows) {
    chunk.push(row)
    bytes += bytesOf(row)
    if (chunk.length < limits.iterateChunkRows && bytes < limits.iterateChunkBytes) continue
    yield chunk
    chunk = []
    bytes = 0
  }
  if (chunk.length > 0) yield chunk
}

/** About. */
const bytesOf = (row: Row): number =>
  Object.values(row).reduce<number>((sum, value: SqlValue) => {
    if (typeof value === 'string') return sum + 2 * value.length
    return sum + (value instanceof Uint8Array ? value.length : 8)
  }, 0)

const gone = (why: string) => new DatabaseError('EXPORT_INTERRUPTED', `the reading ended: ${why}`)
