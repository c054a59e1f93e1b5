/** Who runs the tests of a contract. Synchronous handles exist in workers alone, and vitest does not run there. */
import { afterEach, describe, test } from 'vitest'

export interface Runner {
  describe(name: string, declare: () => void): void
  test(name: string, run: () => Promise<void>): void
  afterEach(run: () => Promise<void>): void
}

export const vitestRunner: Runner = { describe, test, afterEach }
