/** The calls with one answer, on a database or inside a transaction. */
import type { Led, Signal, Transaction } from '../api.ts'
import { DatabaseError } from '../errors.ts'
import type { CallMessage } from '../wire/protocol.ts'

/** @throws MISUSE at once; what the call throws, by its promise */
export function callOn(database: Led, message: CallMessage, signal: Signal): Promise<unknown> {
  switch (message.method) {
    case 'exec': {
      const [sql, params, options] = message.args
      return database.exec(sql, params, { ...options, signal })
    }
    case 'query': {
      const [sql, params, options] = message.args
      return database.query(sql, params, { ...options, signal })
    }
    case 'batch': {
      const [statements, options] = message.args
      return database.batch(statements, { ...options, signal })
    }
    case 'durable':
      return database.durable(...message.args)
    case 'outcomeOf':
      return database.outcomeOf(...message.args)
    case 'import':
      return database.import(...message.args)
    case 'flush':
    case 'forceSync':
    case 'verify':
    case 'checkpoint':
    case 'close':
      return database[message.method]()
    default:
      throw new DatabaseError('MISUSE', 'there is no such call')
  }
}

export async function callWithin(tx: Transaction, message: CallMessage): Promise<unknown> {
  switch (message.method) {
    case 'exec': {
      const [sql, params] = message.args
      return tx.exec(sql, params)
    }
    case 'query': {
      const [sql, params, options] = message.args
      return tx.query(sql, params, options)
    }
    case 'batch': {
      const [statements] = message.args
      return tx.batch(statements)
    }
    default:
      throw new DatabaseError('MISUSE', `${message.method} is not a call of a transaction`)
  }
}
