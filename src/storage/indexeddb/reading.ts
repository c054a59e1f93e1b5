/** Requests that only read: their errors are the taxonomy's, and the connection is opened again if it was lost. */
import type { Connection, Database } from './connection.ts'
import { failureOf } from './failures.ts'

/** @throws STORAGE_FAILED, STORE_LOST */
export async function reading<T>(connection: Connection, request: (database: Database) => Promise<T>): Promise<T> {
  const database = await connection.use()
  try {
    return await request(database)
  } catch (error) {
    throw failureOf(error, 'read')
  }
}
