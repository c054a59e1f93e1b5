/** What an import can be read from: bytes, in one piece or in many. */
import { DatabaseError } from './errors.ts'

export type ImportSource = Uint8Array | Blob | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>

/** All bytes of the source, at most `bytesMax`. @throws TRANSACTION_TOO_LARGE; IMPORT_INVALID when it gives something else; what it throws */
export async function collect(source: ImportSource, bytesMax: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of chunksOf(source)) {
    assertBytes(chunk)
    length += chunk.length
    if (length > bytesMax) {
      throw new DatabaseError('TRANSACTION_TOO_LARGE', `an import is one transaction of at most ${bytesMax} bytes`, {
        details: { bytesMax },
      })
    }
    chunks.push(chunk)
  }
  return joined(chunks, length)
}

/** Types do not keep text out of a stream. */
function assertBytes(chunk: unknown): void {
  if (ArrayBuffer.isView(chunk)) return
  throw new DatabaseError('IMPORT_INVALID', `import: the source gave ${typeof chunk} where bytes were expected`)
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  let whole: Uint8Array
  try {
    whole = new Uint8Array(length)
  } catch (cause) {
    throw new DatabaseError('TRANSACTION_TOO_LARGE', `import: no memory for ${length} bytes`, { cause })
  }
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}

function chunksOf(source: ImportSource): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
  if (source instanceof Uint8Array) return [source]
  if (source instanceof Blob) return readAll(source.stream())
  if (source instanceof ReadableStream) return readAll(source)
  if (isIterable(source)) return source
  throw new DatabaseError('IMPORT_INVALID', `import: the source is ${describe(source)}, which gives no bytes`)
}

/** Types do not keep other things out. */
const isIterable = (source: unknown): boolean =>
  typeof source === 'object' && source !== null && (Symbol.asyncIterator in source || Symbol.iterator in source)

const describe = (source: unknown): string =>
  typeof source === 'object' ? Object.prototype.toString.call(source) : typeof source

async function* readAll(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader()
  let isDone = false
  try {
    for (;;) {
      const { done, value } = await reader.read()
      isDone = done
      if (done) return
      yield value
    }
  } finally {
    if (!isDone) await reader.cancel()
    reader.releaseLock()
  }
}
