/** Whether a leader may answer: not before the medium has said so, once it stood still. */
import { describe, expect, test } from 'vitest'
import { StallGuard } from '../../../src/effects/stall-guard.ts'
import { DatabaseError } from '../../../src/errors.ts'
import { limits } from '../../../src/limits.ts'
import { ManualClock } from './manual-clock.ts'

const LEASE_MS = 5000

function guarded({ heldForMs = 0 } = {}) {
  const clock = new ManualClock()
  clock.advance(heldForMs)
  const told = { stalled: 0, confirmed: 0, lost: [] as unknown[] }
  const asked: { readonly resolve: () => void; readonly reject: (error: unknown) => void }[] = []
  const guard = new StallGuard({
    clock,
    leaseMs: LEASE_MS,
    aliveAtMs: 0,
    confirmEpoch: () => new Promise<void>((resolve, reject) => asked.push({ resolve, reject })),
    onStalled: () => (told.stalled += 1),
    onConfirmed: () => (told.confirmed += 1),
    onLost: (error) => told.lost.push(error),
  })
  return { clock, guard, told, asked }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

describe('a leader', () => {
  test('that is alive again and again is never asked for its epoch', () => {
    const { clock, guard, asked } = guarded()
    for (let beats = 0; beats < 10; beats++) {
      clock.advance(LEASE_MS)
      expect(guard.mayServe()).toBe(true)
    }
    expect(asked).toEqual([])
  })

  test('that stood still for longer than a lease answers nothing until its epoch is confirmed', async () => {
    const { clock, guard, told, asked } = guarded()
    clock.advance(LEASE_MS + 1)
    expect(guard.mayServe()).toBe(false)
    expect(guard.mayServe()).toBe(false)
    expect([told.stalled, asked.length]).toEqual([1, 1])
    asked[0]?.resolve()
    await turn()
    expect(guard.mayServe()).toBe(true)
    expect(told).toMatchObject({ confirmed: 1, lost: [] })
  })

  test('that took longer than a lease to begin is in doubt from its first answer on', () => {
    const { guard, asked } = guarded({ heldForMs: LEASE_MS + 1 })
    expect(guard.mayServe()).toBe(false)
    expect(asked).toHaveLength(1)
  })

  test('that stood still with the answer in its hands asks again', async () => {
    const { clock, guard, told, asked } = guarded({ heldForMs: LEASE_MS + 1 })
    guard.mayServe()
    clock.advance(LEASE_MS + 1)
    asked[0]?.resolve()
    await turn()
    expect(guard.mayServe()).toBe(false)
    expect([told.confirmed, asked.length]).toEqual([0, 2])
    asked[1]?.resolve()
    await turn()
    expect(guard.mayServe()).toBe(true)
  })

  test('whose medium cannot say now stays in doubt, and asks again', async () => {
    const { clock, guard, told, asked } = guarded({ heldForMs: LEASE_MS + 1 })
    guard.mayServe()
    asked[0]?.reject(new DatabaseError('STORAGE_FAILED', 'the connection was lost'))
    await turn()
    expect([guard.mayServe(), asked.length, told.lost.length]).toEqual([false, 1, 0])
    clock.advance(limits.confirmRetryMs)
    await turn()
    asked[1]?.resolve()
    await turn()
    expect(guard.mayServe()).toBe(true)
  })

  test('that is told of another one is in doubt, and ends when the epoch is not its own', async () => {
    const { guard, told, asked } = guarded()
    expect(guard.mayServe()).toBe(true)
    guard.doubt()
    guard.doubt()
    expect(guard.mayServe()).toBe(false)
    const lost = new DatabaseError('LEASE_LOST', 'another one')
    asked[0]?.reject(lost)
    await turn()
    expect(guard.mayServe()).toBe(false)
    expect(told).toMatchObject({ stalled: 1, confirmed: 0, lost: [lost] })
    expect(asked).toHaveLength(1)
  })
})
