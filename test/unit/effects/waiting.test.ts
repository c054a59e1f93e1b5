import { describe, expect, test } from 'vitest'
import { Acks } from '../../../src/effects/acks.ts'
import { Receipts } from '../../../src/effects/receipts.ts'
import { RequestQueue } from '../../../src/effects/request-queue.ts'
import { Waker } from '../../../src/effects/waker.ts'
import { DatabaseError } from '../../../src/errors.ts'
import { epoch, txid } from '../../../src/units.ts'
import { ManualClock } from './manual-clock.ts'

const lost = new DatabaseError('STORAGE_FAILED', 'lost')

function waiter(log: string[], at: number, deadlineAtMs = Infinity) {
  return {
    txid: txid(at),
    deadlineAtMs,
    release: () => void log.push(`released ${at}`),
    reject: (error: DatabaseError) => void log.push(`${error.code} ${at}`),
  }
}

describe('acks', () => {
  test('relaxed is released by written and strict by durable, in order', () => {
    const acks = new Acks()
    const log: string[] = []
    acks.wait('strict', waiter(log, 1))
    acks.wait('relaxed', waiter(log, 2))
    acks.wait('strict', waiter(log, 3))
    acks.release({ writtenTxid: txid(3), durableTxid: txid(0) })
    expect(log).toEqual(['released 2'])
    expect(acks.needsBarrier(txid(0))).toBe(false)
    expect(acks.needsBarrier(txid(1))).toBe(true)
    acks.release({ writtenTxid: txid(3), durableTxid: txid(3) })
    expect(log).toEqual(['released 2', 'released 1', 'released 3'])
    expect(acks.count).toBe(0)
  })

  test('who asks about an older one later is not held up by a newer one', () => {
    const acks = new Acks()
    const log: string[] = []
    for (const at of [2, 3, 1]) acks.wait('strict', waiter(log, at))
    acks.release({ writtenTxid: txid(3), durableTxid: txid(1) })
    expect(log).toEqual(['released 1'])
    acks.release({ writtenTxid: txid(3), durableTxid: txid(3) })
    expect(log).toEqual(['released 1', 'released 2', 'released 3'])
  })

  test('a rejection reaches exactly those beyond what was kept', () => {
    const acks = new Acks()
    const log: string[] = []
    for (const at of [1, 2, 3]) acks.wait('strict', waiter(log, at))
    acks.reject(lost, txid(1))
    expect(log).toEqual(['STORAGE_FAILED 2', 'STORAGE_FAILED 3'])
    acks.release({ writtenTxid: txid(1), durableTxid: txid(1) })
    expect(log.at(-1)).toBe('released 1')
  })

  test('a deadline rejects its own waiter only', () => {
    const acks = new Acks()
    const log: string[] = []
    acks.wait('strict', waiter(log, 1, 10))
    acks.wait('strict', waiter(log, 2, 30))
    acks.expire(20, () => lost)
    expect(log).toEqual(['STORAGE_FAILED 1'])
    expect(acks.count).toBe(1)
  })
})

describe('request queue', () => {
  const entry = (log: string[], name: string) => ({
    name,
    reject: ({ code }: DatabaseError) => void log.push(`${code} ${name}`),
  })

  test('is first in first out, and full at its bound', () => {
    const log: string[] = []
    const queue = new RequestQueue<ReturnType<typeof entry>>(2)
    for (const name of ['a', 'b', 'c']) queue.push(entry(log, name), undefined)
    expect(log).toEqual(['QUEUE_FULL c'])
    expect([queue.shift()?.name, queue.shift()?.name, queue.shift()]).toEqual(['a', 'b', undefined])
    queue.push(entry(log, 'd'), undefined)
    expect(queue.length).toBe(1)
  })

  test('a raised signal takes its request out, and only while it waits', () => {
    const log: string[] = []
    const queue = new RequestQueue<ReturnType<typeof entry>>(10)
    const [first, second] = [new AbortController(), new AbortController()]
    queue.push(entry(log, 'a'), first.signal)
    queue.push(entry(log, 'b'), second.signal)
    expect(queue.shift()?.name).toBe('a')
    first.abort()
    second.abort()
    expect(log).toEqual(['ABORTED b'])
    expect(queue.length).toBe(0)
    expect(queue.shift()).toBeUndefined()
  })

  test('keeps its order over thousands of requests', () => {
    const queue = new RequestQueue<ReturnType<typeof entry>>(10_000)
    const seen: string[] = []
    for (let i = 0; i < 5000; i++) {
      queue.push(entry([], String(i)), undefined)
      if (i % 2 === 1) seen.push(queue.shift()?.name ?? '')
    }
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) seen.push(next.name)
    expect(seen).toEqual(Array.from({ length: 5000 }, (_, i) => String(i)))
  })
})

describe('waker', () => {
  test('wakes at the latest wish, with one timer at a time', () => {
    const clock = new ManualClock()
    const woken: number[] = []
    const waker = new Waker(clock, (atMs) => void woken.push(atMs))
    waker.want(50)
    for (let atMs = 60; atMs <= 100; atMs += 10) waker.want(atMs)
    expect(clock.armedCount).toBe(1)
    clock.advance(99)
    expect(woken).toEqual([])
    clock.advance(1)
    expect(woken).toEqual([100])
    waker.want(150)
    waker.want(120)
    clock.advance(20)
    expect(woken).toEqual([100, 120])
    waker.want(200)
    waker.want(null)
    clock.advance(500)
    expect(woken).toEqual([100, 120])
    expect(clock.armedCount).toBe(0)
  })
})

describe('receipts', () => {
  const end = (of: number, last: number) => ({ epoch: epoch(of), lastTxid: txid(last) })

  test('a commit lost at the end of its epoch stays lost when its txid is issued again', () => {
    const receipts = new Receipts(() => [end(4, 95), end(5, 120)])
    const now = { epoch: epoch(6), sealedTxid: txid(130) }
    expect(receipts.judge({ epoch: 4, txid: 95 }, now)).toBe('kept')
    expect(receipts.judge({ epoch: 4, txid: 100 }, now)).toBe('lost')
    expect(receipts.judge({ epoch: 5, txid: 100 }, now)).toBe('kept')
    expect(receipts.judge({ epoch: 6, txid: 130 }, now)).toBe('kept')
    expect(receipts.judge({ epoch: 6, txid: 131 }, now)).toBe('foreign')
    expect(receipts.judge({ epoch: 7, txid: 1 }, now)).toBe('foreign')
    expect(receipts.judge({ epoch: 3, txid: 10 }, now)).toBe('forgotten')
  })
})
