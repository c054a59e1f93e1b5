/** What is kept of an answer: all of it or nothing, and never more work than what may be kept is worth. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeAnswer, encodeAnswer } from '../../../src/effects/kept-answer.ts'
import { DatabaseError } from '../../../src/errors.ts'
import { limits } from '../../../src/limits.ts'
import { txid } from '../../../src/units.ts'

const outcomeOf = (answer: string | null) => ({ clientId: 'c', requestNo: 1, txid: txid(1), answer })

test('an answer is the same again, bigints, bytes and infinity too', () => {
  const scalar = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.double({ noNaN: true }),
    fc.constantFrom(Infinity, -Infinity, -0),
    fc.bigInt(),
    fc.uint8Array(),
    fc.constant(null),
  )
  const rows = fc.array(fc.oneof(fc.array(scalar), fc.dictionary(fc.string(), scalar, { noNullPrototype: true })))
  fc.assert(
    fc.property(rows, (value) => {
      expect(decodeAnswer(outcomeOf(encodeAnswer({ rows: value }, undefined)))).toEqual({ rows: value })
    }),
    { numRuns: 50 },
  )
})

test('an error is the same again, without its cause', () => {
  const error = new DatabaseError('SQL_ERROR', 'no', { details: { offset: 3 }, sqliteCode: 1, cause: new Error('why') })
  expect(() => decodeAnswer(outcomeOf(encodeAnswer(undefined, error)))).toThrow(
    expect.objectContaining({ code: 'SQL_ERROR', message: 'no', details: { offset: 3 }, sqliteCode: 1 }),
  )
})

test('rows that are too large are not looked at beyond what may be kept', () => {
  let looked = 0
  const row = () =>
    Object.defineProperty({}, 'text', {
      enumerable: true,
      get() {
        looked++
        return 'x'.repeat(1000)
      },
    })
  expect(encodeAnswer({ rows: Array.from({ length: 100_000 }, row) }, undefined)).toBeNull()
  expect(looked).toBeLessThanOrEqual((2 * limits.outcomeRowsBytesMax) / 1000)
  const bytes = new Proxy(new Uint8Array(10 * limits.outcomeRowsBytesMax), {
    get(target, name) {
      if (name === 'length') return target.length
      throw new Error(`${String(name)} of the bytes was asked for`)
    },
  })
  expect(encodeAnswer({ rows: [{ bytes }] }, undefined)).toBeNull()
})

test('what was not kept is said to be so', () => {
  expect(() => decodeAnswer(outcomeOf(null))).toThrow(expect.objectContaining({ code: 'OUTCOME_NOT_KEPT' }))
})
