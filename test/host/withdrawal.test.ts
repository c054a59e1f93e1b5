/** A request that is withdrawn: as an AbortSignal would tell it. */
import { expect, test } from 'vitest'
import { Withdrawal } from '../../src/host/withdrawal.ts'

test('those who listen are told once, with a reason, and those who listen no more are not', () => {
  const withdrawal = new Withdrawal()
  const told: string[] = []
  const gone = () => told.push('gone')
  withdrawal.addEventListener('abort', () => told.push('first'))
  withdrawal.addEventListener('abort', gone)
  withdrawal.addEventListener('abort', () => told.push('second'))
  withdrawal.removeEventListener('abort', gone)
  withdrawal.removeEventListener('abort', gone)
  expect(withdrawal).toMatchObject({ aborted: false, reason: undefined })
  withdrawal.abort()
  withdrawal.abort()
  expect(told).toEqual(['first', 'second'])
  expect(withdrawal.aborted).toBe(true)
  expect(withdrawal.reason).toMatchObject({ name: 'AbortError' })
})

test('one who stops listening while all are told is not told', () => {
  const withdrawal = new Withdrawal()
  const told: string[] = []
  const second = () => told.push('second')
  withdrawal.addEventListener('abort', () => withdrawal.removeEventListener('abort', second))
  withdrawal.addEventListener('abort', second)
  withdrawal.abort()
  expect(told).toEqual([])
})
