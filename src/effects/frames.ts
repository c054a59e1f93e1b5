/**
 * Messages on a stream of bytes: a length of four bytes, little-endian, then the message as Node's v8 writes values, which knows all
 * that a message may hold (bigint, bytes, undefined).
 */
import { deserialize, serialize } from 'node:v8'
import { limits } from '../limits.ts'

const LENGTH_BYTES = 4

/** @throws RangeError when it is larger than the other side would take */
export function encodeFrame(message: unknown): readonly [head: Uint8Array, body: Uint8Array] {
  const body = serialize(message)
  if (body.length > limits.frameBytesMax) throw new RangeError(`a message of ${body.length} bytes is too large`)
  const head = Buffer.alloc(LENGTH_BYTES)
  head.writeUInt32LE(body.length)
  return [head, body]
}

/** Puts the pieces of a stream together. */
export class FrameReader {
  readonly #receive: (message: unknown) => void
  #chunks: Uint8Array[] = []
  #bytes = 0

  constructor(receive: (message: unknown) => void) {
    this.#receive = receive
  }

  /** @throws RangeError for a length that no message has, Error for bytes that are no message: nothing can be read after either */
  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    for (let length = this.#nextLength(); length !== undefined; length = this.#nextLength()) {
      if (this.#bytes < LENGTH_BYTES + length) return
      const all = this.#joined()
      const body = all.subarray(LENGTH_BYTES, LENGTH_BYTES + length)
      const rest = all.subarray(LENGTH_BYTES + length)
      this.#chunks = rest.length === 0 ? [] : [rest]
      this.#bytes = rest.length
      this.#receive(deserialize(body))
    }
  }

  #nextLength(): number | undefined {
    if (this.#bytes < LENGTH_BYTES) return undefined
    const [first] = this.#chunks
    const head = first !== undefined && first.length >= LENGTH_BYTES ? first : this.#joined()
    const length = Buffer.from(head.buffer, head.byteOffset, LENGTH_BYTES).readUInt32LE()
    if (length > limits.frameBytesMax) throw new RangeError(`a message says that it has ${length} bytes`)
    return length
  }

  #joined(): Uint8Array {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)]
    return this.#chunks[0] ?? new Uint8Array(0)
  }
}
