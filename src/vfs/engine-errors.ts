/** Why an engine does not do what it is asked: the transaction is gone, the engine is closed, or an exception has gone through SQLite. */
import { DatabaseError } from '../errors.ts'

export const aborted = () =>
  new DatabaseError('TRANSACTION_ABORTED', 'SQLite has rolled the transaction back; run it again')
export const closed = () => new DatabaseError('DATABASE_CLOSED', 'the database is closed')
export const failed = (cause: unknown) =>
  new DatabaseError(
    'DATABASE_FAILED',
    'SQLite was interrupted by an internal error and is not used before it is made anew',
    { cause },
  )
