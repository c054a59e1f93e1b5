/**
 * A transaction whose function runs here and whose statements run on the other side, which also keeps its deadline.
 * The handle has the same calls, and refuses the same, as one in the thread of the database.
 */
import type { ExecResult, LedTransactionOptions, Statement, Transaction } from '../api.ts'
import { limits } from '../limits.ts'
import type { Row, SqlParam, SqlParams } from '../sql.ts'
import { statementOf, statementsOf } from '../statement-input.ts'
import { rowsAs, template } from '../statements.ts'
import type { WireId } from '../wire/protocol.ts'
import type { Link } from './link.ts'

/** Runs `fn` in a transaction on the other side, or in a savepoint of the transaction `within`. */
export async function remoteTransaction<T>(
  link: Link,
  fn: (tx: Transaction) => Promise<T> | T,
  options: LedTransactionOptions,
  within?: WireId,
): Promise<T> {
  const { id, ended } = await begin(link, options, within)
  const failed = new Promise<never>((_, reject) => void ended.catch(reject))
  try {
    const value = await Promise.race([callback(fn, new RemoteTransaction(link, id)), failed])
    link.post({ kind: 'end', id, isCommitted: true })
    await ended
    return value
  } catch (error) {
    link.post({ kind: 'end', id, isCommitted: false })
    // What ended the transaction on the other side counts for more than what the function made of it.
    await ended
    throw error
  }
}

interface Begun {
  readonly id: WireId
  /** Resolves when it has ended as this side wished. */
  readonly ended: Promise<unknown>
}

/** Resolves when its turn has come. */
function begin(link: Link, { signal, ...options }: LedTransactionOptions, within: WireId | undefined): Promise<Begun> {
  return new Promise((resolve, reject) => {
    const state = { id: 0 }
    const make = (id: WireId) => {
      state.id = id
      return { kind: 'begin', id, options, ...(within === undefined ? {} : { within }) } as const
    }
    const ended: Promise<unknown> = link.ask(make, { signal, onBegun: () => resolve({ id: state.id, ended }) })
    ended.catch(reject)
  })
}

const callback = async <T>(fn: (tx: Transaction) => Promise<T> | T, tx: Transaction): Promise<T> => fn(tx)

class RemoteTransaction implements Transaction {
  readonly #link: Link
  readonly #id: WireId

  constructor(link: Link, id: WireId) {
    this.#link = link
    this.#id = id
  }

  async exec(sql: string, params?: SqlParams): Promise<ExecResult> {
    const asked = statementOf(sql, params)
    return this.#link.call('exec', [asked.sql, asked.params], this.#waiting)
  }

  async query<R extends Row>(
    sql: string,
    params?: SqlParams,
    { rowMode }: { readonly rowMode?: 'object' | 'array' } = {},
  ): Promise<R[]> {
    const asked = statementOf(sql, params)
    const options = rowMode === undefined ? {} : { rowMode }
    return rowsAs<R>({ rows: await this.#link.call('query', [asked.sql, asked.params, options], this.#waiting) })
  }

  async sql<R extends Row>(strings: TemplateStringsArray, ...values: SqlParam[]): Promise<R[]> {
    const { sql, params } = template(strings, values)
    return this.query<R>(sql, params)
  }

  async batch(statements: readonly Statement[]): Promise<ExecResult[]> {
    return this.#link.call('batch', [statementsOf(statements)], this.#waiting)
  }

  transaction<T>(fn: (tx: Transaction) => Promise<T> | T): Promise<T> {
    return remoteTransaction(this.#link, fn, {}, this.#id)
  }

  get #waiting() {
    return { within: this.#id, waitMs: limits.transactionDeadlineMs + limits.answerGraceMs }
  }
}
