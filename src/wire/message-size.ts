/**
 * Whether a message is larger than any side may send. Of a socket the transport measures the bytes; here it is estimated from what
 * the message holds, whatever it came by: texts and bytes by their length, every value a little. Nothing is copied.
 */
import { limits } from '../limits.ts'

/** What a value costs beside its text or its bytes, so that many small ones add up. */
const VALUE_BYTES = 8
/** A call, its arguments, statements, one of them, its parameters. What lies deeper is nothing that we read. */
const DEPTH_MAX = 5

export const isOversized = (message: unknown): boolean => roomAfter(message, limits.frameBytesMax, 0) < 0

/** @throws RangeError: the other side would drop it unheard */
export function assertSendable(message: unknown): void {
  if (isOversized(message)) throw new RangeError(`a message of more than ${limits.frameBytesMax} bytes is too large`)
}

/** What is left of `room`; negative as soon as it does not fit. */
function roomAfter(value: unknown, room: number, depth: number): number {
  if (typeof value === 'string') return room - value.length
  if (typeof value !== 'object' || value === null) return room
  if (ArrayBuffer.isView(value)) return room - value.byteLength
  if (depth === DEPTH_MAX) return room
  if (!Array.isArray(value)) return roomAfterParts(value as Parts, room, depth + 1)
  let left = room - VALUE_BYTES * value.length
  for (let at = 0; at < value.length && left >= 0; at++) left = roomAfter(value[at], left, depth + 1)
  return left
}

type Parts = Readonly<Record<string, unknown>>

function roomAfterParts(parts: Parts, room: number, depth: number): number {
  let left = room
  for (const name in parts) {
    left = roomAfter(parts[name], left - VALUE_BYTES - name.length, depth)
    if (left < 0) return left
  }
  return left
}
