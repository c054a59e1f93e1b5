/** What comes in pieces: each is asked for when the reader wants it, so the other side is never ahead of a slow reader. */
import type { Signal } from '../api.ts'
import type { ClientMessage, WireId } from '../wire/protocol.ts'
import type { Link } from './link.ts'
import { noAnswer } from './pending.ts'

export interface ReadOptions {
  readonly signal?: Signal | undefined
  readonly waitMs: number
  /** Somebody waits for the next chunk, until what this returns is called. */
  readonly hold: () => () => void
}

/**
 * Chunks of an iteration or an export, in order; each is waited for so long. Ends early when its consumer does.
 * @throws what the other side says, DEADLINE_EXCEEDED
 */
export async function* chunksOf<T>(
  link: Link,
  make: (id: WireId) => ClientMessage,
  { waitMs, hold, ...options }: ReadOptions,
): AsyncGenerator<T> {
  const arrived: T[] = []
  const state = { id: 0, isEnded: false, failure: undefined as unknown, wake: () => undefined as void }
  const begin = (id: WireId) => {
    state.id = id
    return make(id)
  }
  const end = (failure?: unknown) => {
    state.isEnded = true
    state.failure = failure
    state.wake()
  }
  const onChunk = (value: unknown) => {
    // The protocol says what the chunks of this id are.
    arrived.push(value as T)
    state.wake()
  }
  const pull = () => link.post({ kind: 'pull', id: state.id })
  link.ask(begin, { ...options, onChunk, onAgain: pull }).then(() => end(), end)
  try {
    while (!state.isEnded) {
      pull()
      const letGo = hold()
      const stop = link.after(waitMs, () => end(noAnswer(waitMs)))
      await new Promise<void>((resolve) => {
        state.wake = resolve
        if (arrived.length > 0 || state.isEnded) resolve()
      })
      stop()
      letGo()
      yield* arrived.splice(0)
    }
    if (state.failure !== undefined) throw state.failure
  } finally {
    if (!state.isEnded || state.failure !== undefined) link.post({ kind: 'cancel', id: state.id })
  }
}

/** The same as a stream of bytes that is read when it is pulled. */
export function streamOf(chunks: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const next = await chunks.next()
        if (next.done === true) controller.close()
        else controller.enqueue(next.value)
      },
      async cancel() {
        await chunks.return(undefined)
      },
    },
    { highWaterMark: 0 },
  )
}
