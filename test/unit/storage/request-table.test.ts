/** Request outcomes: what was forgotten is never taken for fresh. */
import { describe, expect, test } from 'vitest'
import { limits } from '../../../src/limits.ts'
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

const kindOf = (table: RequestTable, requestNo: number, clientId = 'c') => table.lookUp({ clientId, requestNo }).kind

/** What a carry record does to a table. */
function carried(table: RequestTable): RequestTable {
  const copy = new RequestTable()
  copy.apply(parseRequests(encodeRequests(table.entries())) ?? [])
  return copy
}

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
    expect(table.lookUp({ clientId: 'c', requestNo: 1 })).toEqual({
      kind: 'known',
      outcome: outcome(1, { answer: null }),
    })
    expect(table.lookUp({ clientId: 'c', requestNo: count })).toEqual({
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
