import { expect, test } from 'vitest'
import { type WitnessPosition, WitnessKeeper } from '../../../src/effects/witness.ts'
import { epoch, txid } from '../../../src/units.ts'

const at = (n: number): WitnessPosition => ({ epoch: epoch(1), durableTxid: txid(n) })

/** Timers that run when they are told to. */
function keeper(write: (position: WitnessPosition) => Promise<void>) {
  const timers: { readonly ms: number; readonly fn: () => void }[] = []
  const after = (ms: number, fn: () => void) => {
    const timer = { ms, fn }
    timers.push(timer)
    return () => void timers.splice(timers.indexOf(timer), 1)
  }
  return { timers, witness: new WitnessKeeper(write, { after }) }
}

test('the first one is written at once; after it any number of commits arm one timer of a second, and the last one is written', async () => {
  const written: number[] = []
  const { timers, witness } = keeper(async ({ durableTxid }) => void written.push(durableTxid))
  witness.note(at(0))
  await witness.flush()
  await settled()
  expect(written).toEqual([0])
  written.length = 0
  for (let n = 1; n <= 100; n++) witness.note(at(n))
  expect(timers.map(({ ms }) => ms)).toEqual([1000])
  expect(written).toEqual([])
  timers.pop()?.fn()
  await witness.flush()
  expect(written).toEqual([100])
})

test('writes never overlap, and what was noted meanwhile is written behind', async () => {
  const log: string[] = []
  let finish: () => void = () => undefined
  const { witness } = keeper(async ({ durableTxid }) => {
    log.push(`begin ${durableTxid}`)
    await new Promise<void>((resolve) => {
      finish = resolve
    })
    log.push(`end ${durableTxid}`)
  })
  witness.note(at(1))
  await settled()
  witness.note(at(2))
  const second = witness.flush()
  await settled()
  expect(log).toEqual(['begin 1'])
  finish()
  await settled()
  finish()
  await second
  expect(log).toEqual(['begin 1', 'end 1', 'begin 2', 'end 2'])
})

test('one that cannot be written is nobody’s error, and the next is tried', async () => {
  let calls = 0
  const { witness } = keeper(async () => {
    calls += 1
    if (calls === 1) throw new Error('quota')
  })
  witness.note(at(1))
  await witness.flush()
  witness.note(at(2))
  await witness.flush()
  expect(calls).toBe(2)
})

test('a book that never answers does not keep the end of a reign waiting', async () => {
  const { timers, witness } = keeper(() => new Promise<void>(() => undefined))
  witness.note(at(1))
  const flushed = witness.flush()
  await settled()
  expect(timers.map(({ ms }) => ms)).toEqual([2000, 2000])
  for (const { fn } of [...timers]) fn()
  await flushed
})

/** Everything that waits for promises alone has gone on. */
const settled = () => new Promise((resolve) => setImmediate(resolve))
