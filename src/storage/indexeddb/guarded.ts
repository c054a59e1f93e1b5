/** The rules of the write guard for work that takes time. */
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
