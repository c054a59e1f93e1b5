/**
 * What is kept of the answer to a request with an id: the value or the error, as text. It lies in commit records, so it is short or it is
 * not kept at all.
 */
import { DatabaseError, type DatabaseErrorOptions, type ErrorCode } from '../errors.ts'
import { limits } from '../limits.ts'
import type { RequestOutcome } from '../storage/request-table.ts'

interface KeptAnswer {
  readonly value?: unknown
  readonly error?: { readonly code: ErrorCode; readonly message: string } & DatabaseErrorOptions
}

/** Null: it is too large to keep. */
export function encodeAnswer(value: unknown, error: unknown): string | null {
  const kept: KeptAnswer = error === undefined ? { value } : { error: plainError(error) }
  if (roomAfter(kept, limits.outcomeRowsBytesMax) < 0) return null
  const text = isJson(kept) ? JSON.stringify(kept) : textOf(kept)
  return text.length > limits.outcomeRowsBytesMax ? null : text
}

/** @throws OUTCOME_NOT_KEPT for null; the error that was the answer */
export function decodeAnswer({ answer, ...identity }: RequestOutcome): unknown {
  if (answer === null) {
    throw new DatabaseError('OUTCOME_NOT_KEPT', 'the request was applied, but its rows were too large to keep', {
      details: { ...identity },
    })
  }
  const written = JSON.parse(answer) as KeptAnswer | Packed
  const { value, error } = (Array.isArray(written) ? unpack(written as Packed) : written) as KeptAnswer
  if (error !== undefined) throw new DatabaseError(error.code, error.message, error)
  return value
}

const plainError = (error: unknown): NonNullable<KeptAnswer['error']> =>
  error instanceof DatabaseError
    ? {
        code: error.code,
        message: error.message,
        details: error.details,
        ...(error.sqliteCode === undefined ? {} : { sqliteCode: error.sqliteCode }),
      }
    : { code: 'DATABASE_FAILED', message: String(error) }

/**
 * What is left of `room` characters when the least that `value` takes is written into them; negative as soon as it does not fit. Rows
 * may be thousands of times as large as what is kept, and as JSON several times larger again.
 */
function roomAfter(value: unknown, room: number): number {
  if (typeof value === 'string') return room - value.length
  if (typeof value !== 'object' || value === null) return room - 1
  if (value instanceof Uint8Array) return room - 2 * value.length
  let left = room
  for (const key in value) {
    if (!Object.hasOwn(value, key)) continue
    left = roomAfter((value as { readonly [key: string]: unknown })[key], left - 1)
    if (left < 0) return left
  }
  return left
}

/** JSON gives it back as it is. */
function isJson(value: unknown): boolean {
  if (typeof value === 'number') return isPlain(value)
  if (typeof value !== 'object' || value === null) return value !== undefined && typeof value !== 'bigint'
  if (value instanceof Uint8Array) return false
  for (const key in value) if (!isJson((value as { readonly [key: string]: unknown })[key])) return false
  return true
}

/**
 * JSON has neither bigint nor bytes nor infinity: where there is one of these, everything that is not a plain JSON scalar is a pair of a
 * tag and its content.
 */
type Packed = null | boolean | number | string | readonly [tag: string, content: unknown]

function textOf(value: unknown): string {
  if (typeof value === 'number') return isPlain(value) ? String(value) : `["number","${signed(value)}"]`
  if (typeof value === 'bigint') return `["bigint","${value}"]`
  if (value === undefined) return '["undefined",0]'
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (value instanceof Uint8Array) return `["bytes",[${value.join()}]]`
  if (Array.isArray(value)) return `["array",[${value.map(textOf).join()}]]`
  const parts = Object.entries(value).map(([key, part]) => `[${JSON.stringify(key)},${textOf(part)}]`)
  return `["object",[${parts.join()}]]`
}

const isPlain = (value: number): boolean => Number.isFinite(value) && !Object.is(value, -0)
const signed = (value: number): string => (value === 0 ? '-0' : String(value))

function unpack(packed: Packed): unknown {
  if (!Array.isArray(packed)) return packed
  const [tag, content] = packed as readonly [string, unknown]
  if (tag === 'bigint') return BigInt(content as string)
  if (tag === 'number') return Number(content)
  if (tag === 'bytes') return Uint8Array.from(content as number[])
  if (tag === 'array') return (content as Packed[]).map(unpack)
  if (tag === 'object')
    return Object.fromEntries((content as [string, Packed][]).map(([key, part]) => [key, unpack(part)]))
  return undefined
}
