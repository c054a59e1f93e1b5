/** Browsers that have no Web Locks, or will not give one. Those that do are in test/browser. */
import { afterEach, expect, test, vi } from 'vitest'
import { acquireWebLease } from '../../../src/effects/web-lease.ts'

afterEach(() => vi.unstubAllGlobals())

const locksThatReject = (name: string) => ({
  request: () => Promise.reject(new DOMException('as asked for', name)),
  query: () => Promise.resolve({}),
})

test('without Web Locks it is NOT_SUPPORTED and says what is missing', async () => {
  vi.stubGlobal('navigator', {})
  await expect(acquireWebLease('db')).rejects.toMatchObject({
    code: 'NOT_SUPPORTED',
    message: expect.stringContaining('navigator.locks'),
  })
})

test.each([
  ['SecurityError', 'NOT_SUPPORTED'],
  ['InvalidStateError', 'STORAGE_FAILED'],
])('a request that is refused with %s is %s with its cause', async (name, code) => {
  vi.stubGlobal('navigator', { locks: locksThatReject(name) })
  await expect(acquireWebLease('db')).rejects.toMatchObject({ code, cause: { name } })
})
