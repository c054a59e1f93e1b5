/** Request outcomes: what was forgotten is never taken for fresh. */
import { beforeAll, describe, expect, test } from 'vitest'
import { limits } from '../../../src/limits.ts'
import { loadChecksums } from '../../../src/storage/checksum.ts'
import { encodeRequests, parseRequests, type RequestOutcome, RequestTable } from '../../../src/storage/request-table.ts'
import { txid } from '../../../src/units.ts'

const outcome = (
  requestNo: number,
  { clientId = 'c', answer = '"ok"' }: { clientId?: string; answer?: string | null } = {},
): RequestOutcome => ({
  clientId,
  requestNo,
  txid: txid(requestNo),
  answer,
})

const kindOf = (table: RequestTable, requestNo: number, clientId = 'c') => table.lookUp({ clientId, requestNo }, 9).kind

/** What a carry record does to a table. */
function carried(table: RequestTable): RequestTable {
  const copy = new RequestTable()
  copy.apply(parseRequests(encodeRequests(table.entries())) ?? [])
  return copy
}

beforeAll(loadChecksums)

describe('a table', () => {
  test('knows a client only from its first request on', () => {
    const table = new RequestTable()
    expect([kindOf(table, 1), kindOf(table, 2)]).toEqual(['fresh', 'unknown'])
    table.apply([outcome(1)])
    expect([kindOf(table, 1), kindOf(table, 2), kindOf(table, 9)]).toEqual(['known', 'fresh', 'fresh'])
  })

  test('keeps the last outcomes of a client; at and below the floor is unknown', () => {
    const table = new RequestTable()
    const last = limits.outcomesPerClientMax + 10
    for (let no = 1; no <= last; no++) table.apply([outcome(no)])
    for (const one of [table, carried(table)]) {
      expect([1, 10, 11, last, last + 1].map((no) => kindOf(one, no))).toEqual([
        'unknown',
        'unknown',
        'known',
        'known',
        'fresh',
      ])
    }
  })

  test('an outcome that comes late and low is forgotten itself, and pushes no other one out', () => {
    const table = new RequestTable()
    const last = limits.outcomesPerClientMax + 2
    for (let no = 2; no <= last; no++) table.apply([outcome(no)])
    table.apply([outcome(1)])
    expect([1, 2, 3, last].map((no) => kindOf(table, no))).toEqual(['unknown', 'unknown', 'known', 'known'])
  })

  test('takes a carried client in place of what it had, also of the one that spoke last', () => {
    const table = new RequestTable()
    table.apply([outcome(1), outcome(2)])
    table.apply([{ clientId: 'c', floor: 2 }, outcome(3)])
    expect([1, 2, 3, 4].map((no) => kindOf(table, no))).toEqual(['unknown', 'unknown', 'known', 'fresh'])
    table.apply([{ clientId: 'c', floor: 7 }])
    expect([3, 7, 8].map((no) => kindOf(table, no))).toEqual(['unknown', 'unknown', 'fresh'])
  })

  test('forgets the client that has been silent longest', () => {
    const table = new RequestTable()
    for (let no = 0; no < limits.clientsMax; no++) table.apply([outcome(1, { clientId: `c${no}` })])
    table.apply([outcome(2, { clientId: 'c0' })])
    table.apply([outcome(1, { clientId: 'late' })])
    for (const one of [table, carried(table)]) {
      expect([kindOf(one, 2, 'c0'), kindOf(one, 2, 'c1'), kindOf(one, 1, 'late')]).toEqual([
        'known',
        'unknown',
        'known',
      ])
    }
  })

  test('drops old answers when all together are too long, and still knows that they were applied', () => {
    const table = new RequestTable()
    const answer = 'x'.repeat(limits.outcomeRowsBytesMax)
    const count = Math.ceil(limits.outcomesBytesMax / answer.length) + 1
    for (let no = 1; no <= count; no++) table.apply([outcome(no, { answer })])
    expect(table.lookUp({ clientId: 'c', requestNo: 1 }, 9)).toEqual({
      kind: 'known',
      outcome: outcome(1, { answer: null }),
    })
    expect(table.lookUp({ clientId: 'c', requestNo: count }, 9)).toEqual({
      kind: 'known',
      outcome: outcome(count, { answer }),
    })
    expect(encodeRequests(table.entries()).length).toBeLessThan(limits.outcomesBytesMax)
  })

  test('is the same after being carried any number of times, onto itself too', () => {
    const table = new RequestTable()
    for (let no = 1; no <= 200; no++) table.apply([outcome(no, { clientId: `c${no % 70}` })])
    const entries = table.entries()
    expect(carried(carried(table)).entries()).toEqual(entries)
    table.apply(entries)
    expect(table.entries()).toEqual(entries)
  })
})

describe('a client that was forgotten', () => {
  /** `count` clients named prefix0, prefix1 …, each with its first request. */
  const speak = (table: RequestTable, prefix: string, count: number) => {
    for (let no = 0; no < count; no++) table.apply([outcome(1, { clientId: `${prefix}${no}` })])
  }

  test('is unknown whatever it asks; one that was never seen is fresh', () => {
    const table = new RequestTable()
    table.apply([outcome(1), outcome(2)])
    speak(table, 'other', limits.clientsMax)
    for (const one of [table, carried(table), carried(carried(table))]) {
      expect([1, 2, 3, 999].map((no) => kindOf(one, no))).toEqual(['unknown', 'unknown', 'unknown', 'unknown'])
      expect([kindOf(one, 1, 'new'), kindOf(one, 2, 'new')]).toEqual(['fresh', 'unknown'])
      expect([kindOf(one, 1, 'other0'), kindOf(one, 2, 'other0')]).toEqual(['known', 'fresh'])
    }
  })

  test('while a request of it was on its way: that one is known, and no other is fresh', () => {
    const table = new RequestTable()
    table.apply([outcome(1), outcome(2)])
    speak(table, 'other', limits.clientsMax)
    table.apply([outcome(4)])
    for (const one of [table, carried(table)]) {
      expect([1, 2, 3, 4, 5].map((no) => kindOf(one, no))).toEqual([
        'unknown',
        'unknown',
        'unknown',
        'known',
        'unknown',
      ])
    }
  })

  test('is not forgotten to be so: when the marks are full, no new client is taken on', () => {
    const table = new RequestTable()
    const count = limits.clientsMax + limits.forgottenClientsMax
    speak(table, 'c', count - 1)
    expect(table.lookUp({ clientId: 'new', requestNo: 1 }, 9)).toEqual({ kind: 'fresh' })
    speak(table, 'last', 1)
    for (const one of [table, carried(table)]) {
      expect(one.lookUp({ clientId: 'new', requestNo: 1 }, 9)).toEqual({ kind: 'unknown', isTableFull: true })
      const forgotten = Array.from({ length: limits.forgottenClientsMax }, (_, no) => kindOf(one, 1, `c${no}`))
      expect(new Set(forgotten)).toEqual(new Set(['unknown']))
      expect([kindOf(one, 1, 'last0'), kindOf(one, 2, 'last0')]).toEqual(['known', 'fresh'])
    }
    // Let run before, recorded after: still nothing is lost.
    speak(table, 'late', 3)
    expect([kindOf(table, 1, 'c0'), kindOf(table, 1, `c${count - 66}`), kindOf(table, 1, 'late2')]).toEqual([
      'unknown',
      'unknown',
      'known',
    ])
    expect(encodeRequests(table.entries()).length).toBeLessThan(256 * 1024)
  })
})
