/** The rules of the write guard for work that takes time. */
import type { Txid } from '../../units.ts'
import type { WriteGuard } from '../write-guard.ts'

/** An error that says that nothing was written passes; any other leaves the outcome unknown. */
export async function guardedWrite<T>(guard: WriteGuard, write: () => Promise<T>): Promise<T> {
  try {
    return await write()
  } catch (error) {
    return guard.writing(() => {
      throw error
    })
  }
}

/** A check of what was appended last. */
export async function guardedCheck(guard: WriteGuard, lastTxid: Txid, check: () => Promise<void>): Promise<void> {
  try {
    await check()
  } catch (error) {
    guard.checking(lastTxid, () => {
      throw error
    })
  }
}
