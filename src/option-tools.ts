/** Options of open that are objects to be used, not values: whether they can be. Types do not keep out what a script passes. */
import type { OpenOptions } from './api.ts'
import { DatabaseError } from './errors.ts'

const levels = ['debug', 'info', 'warn', 'error']
const callbacks = ['syncStart', 'syncSuccess', 'syncFailure']

const member = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (Reflect.get(value, name) as unknown) : undefined
const hasFunction = (value: unknown, name: string): boolean => typeof member(value, name) === 'function'

/** An AbortSignal, of this realm or another. */
export const isSignal = (value: unknown): boolean =>
  typeof member(value, 'aborted') === 'boolean' && hasFunction(value, 'addEventListener')

const isBinary = (value: unknown): boolean => value instanceof ArrayBuffer || ArrayBuffer.isView(value)
const isLogger = (value: unknown): boolean => levels.every((level) => hasFunction(value, level))
const isCallbacks = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  callbacks.every((name) => member(value, name) === undefined || hasFunction(value, name))

/** @throws INVALID_OPTIONS */
export function assertTools({
  signal,
  logger,
  on,
  wasmBinary,
}: { readonly [Name in keyof OpenOptions]: unknown }): void {
  expect('signal', signal, isSignal, 'an AbortSignal')
  expect('logger', logger, isLogger, `an object with the functions ${levels.join(', ')}`)
  expect('on', on, isCallbacks, `an object with functions among ${callbacks.join(', ')}`)
  expect('wasmBinary', wasmBinary, isBinary, 'the bytes of wa-sqlite.wasm')
}

function expect(name: string, value: unknown, isFit: (value: unknown) => boolean, expected: string): void {
  if (value === undefined || isFit(value)) return
  throw new DatabaseError('INVALID_OPTIONS', `${name} of type ${typeof value} cannot be used; it must be ${expected}`, {
    details: { name },
  })
}
