import { expect, test } from 'vitest'
import { BarrierLine } from '../../../src/storage/barrier-line.ts'

test('a barrier begins when the one before it has ended; if that failed it does not begin, and fails with it', async () => {
  const line = new BarrierLine()
  const begun: string[] = []
  const ends: { resolve: () => void; reject: (error: Error) => void }[] = []
  const begin = (name: string) => (hasWaited: boolean) => {
    begun.push(`${name}${hasWaited ? ' after another' : ''}`)
    return new Promise<void>((resolve, reject) => ends.push({ resolve, reject }))
  }
  const first = line.run(begin('first'))
  const second = line.run(begin('second'))
  expect(begun).toEqual(['first'])
  ends[0]?.resolve()
  await first
  await Promise.resolve()
  expect(begun).toEqual(['first', 'second after another'])
  const third = line.run(begin('third'))
  const failures = Promise.allSettled([second, third])
  ends[1]?.reject(new Error('the disk failed'))
  expect((await failures).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(begun).toHaveLength(2)
  expect(line.run(() => undefined)).toBeUndefined()
})
