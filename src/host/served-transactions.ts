/**
 * Interactive transactions whose function runs on the other side. Here each is a function that waits for its `end`:
 *
 *   begin ──▶ its turn comes: begun ──▶ calls … ──▶ end ──▶ COMMIT or ROLLBACK ──▶ answered
 *
 * The deadline runs here, so a client that hangs or vanishes does not keep the connection.
 */
import type { Led, LedTransactionOptions, Transaction } from '../api.ts'
import { DatabaseError } from '../errors.ts'
import type { WireId } from '../wire/protocol.ts'

interface Open {
  readonly tx: Transaction
  readonly end: (isCommitted: boolean) => void
}

/** The client's function threw: rolled back, and the client knows its own error. */
class RolledBack extends Error {}

export class ServedTransactions {
  readonly #begun: (id: WireId) => void
  readonly #open = new Map<WireId, Open>()

  constructor(begun: (id: WireId) => void) {
    this.#begun = begun
  }

  /** Resolves when the transaction has ended as the client wished. @throws what ended it otherwise */
  async begin(database: Led, id: WireId, options: LedTransactionOptions, within?: WireId): Promise<void> {
    const body = (tx: Transaction) => this.#untilEnd(id, tx)
    try {
      if (within === undefined) await database.transaction(body, options)
      else await this.scopeOf(within).transaction(body)
    } catch (error) {
      if (!(error instanceof RolledBack)) throw error
    } finally {
      this.#open.delete(id)
    }
  }

  end(id: WireId, isCommitted: boolean): void {
    this.#open.get(id)?.end(isCommitted)
  }

  /** @throws TRANSACTION_CLOSED */
  scopeOf(id: WireId): Transaction {
    const open = this.#open.get(id)
    if (open !== undefined) return open.tx
    throw new DatabaseError('TRANSACTION_CLOSED', 'the transaction has ended; its handle can no longer be used')
  }

  release(): void {
    for (const { end } of this.#open.values()) end(false)
  }

  #untilEnd(id: WireId, tx: Transaction): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (isCommitted: boolean) => (isCommitted ? resolve() : reject(new RolledBack('rolled back')))
      this.#open.set(id, { tx, end })
      this.#begun(id)
    })
  }
}
