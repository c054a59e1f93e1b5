/** Robbing in browsers: looked at once more when it is known that the medium allows it. */
import { expect, test } from 'vitest'
import { leaseAlone } from '../../../src/effects/lease-alone.ts'
import { LockWish } from '../../../src/effects/lock-wish.ts'
import { webLock } from '../../../src/effects/web-lock.ts'

/** Held by somebody else, until it is stolen. */
const heldByAnother = () =>
  ({
    request(name: string, options: LockOptions, granted: (lock: Lock | null) => unknown): Promise<unknown> {
      if (options.steal !== true) return new Promise(() => undefined)
      return Promise.resolve(granted({ name, mode: 'exclusive' }))
    },
  }) as unknown as LockManager

const ways = {
  'with Web Locks': (mayRob: () => Promise<boolean>) => webLock('robbed', mayRob, heldByAnother()),
  'without Web Locks': leaseAlone,
}

test.each(Object.entries(ways))(
  'a holder that is heard while it is looked whether it can be robbed is not robbed, %s',
  async (_, make) => {
    for (const isHeard of [true, false]) {
      let look: (mayRob: boolean) => void = () => undefined
      let heldCount = 0
      const wish = new LockWish({
        lock: make(() => new Promise((resolve) => (look = resolve))),
        held: () => (heldCount += 1),
        refused: (error) => {
          throw error
        },
        lost: () => undefined,
      })
      wish.want()
      const state = { isSilent: true }
      const robbing = wish.rob(() => state.isSilent)
      if (isHeard) state.isSilent = false
      look(true)
      expect(await robbing, 'it can be done here').toBe(true)
      await Promise.resolve()
      expect(heldCount).toBe(isHeard ? 0 : 1)
    }
  },
)
