/**
 * A transaction on a database whose leader may change. Its function runs here and its statements where the database is led; if the
 * leader goes before COMMIT was asked for, nothing of it was applied; if it goes afterwards, the next leader knows.
 */
import type { Led, LedTransactionOptions, Transaction } from '../api.ts'
import { DatabaseError, isDatabaseError } from '../errors.ts'
import type { Durability } from '../events.ts'
import { limits } from '../limits.ts'
import { assertRequestOptions, longer } from '../request-options.ts'
import type { Forwarder } from './forwarder.ts'
import { leaderGone } from './leader-gone.ts'

type Body<T> = (tx: Transaction) => Promise<T> | T

export interface SharedTransactionPorts {
  /** Where it can be asked at once, in its turn. */
  readonly here: () => Led | undefined
  readonly forwarder: Forwarder
  readonly durability: Durability
}

/** Runs `fn` once, and `retry` times more while the leader changes and nothing was applied. @throws LEADER_CHANGED, OUTCOME_UNKNOWN */
export async function sharedTransaction<T>(
  fn: Body<T>,
  { retry = 0, ...options }: LedTransactionOptions,
  ports: SharedTransactionPorts,
): Promise<T> {
  for (let left = retry; ; left -= 1) {
    try {
      const here = ports.here()
      return here === undefined ? await forwarded(fn, options, ports) : await led(here, fn, options)
    } catch (error) {
      const isOver = isDatabaseError(error, 'LEADER_CHANGED') && error.outcome === undefined
      if (!isOver || left <= 0) throw error
    }
  }
}

async function led<T>(here: Led, fn: Body<T>, options: LedTransactionOptions): Promise<T> {
  try {
    return await here.transaction(fn, options)
  } catch (error) {
    if (!isDatabaseError(error, 'LEASE_LOST')) throw error
    throw error.outcome === undefined ? leaderGone(error) : error
  }
}

async function forwarded<T>(
  fn: Body<T>,
  options: LedTransactionOptions,
  { forwarder, durability }: SharedTransactionPorts,
): Promise<T> {
  assertRequestOptions(options)
  const { deadlineMs = limits.transactionDeadlineMs, signal } = options
  let finished: { readonly value: T } | undefined
  let requestId = ''
  const body = async (tx: Transaction): Promise<T> => {
    const value = await fn(tx)
    finished = { value }
    return value
  }
  try {
    return await forwarder.ask({
      run(database, how) {
        requestId = how.requestId
        return database.transaction(body, { durability, ...options, requestId })
      },
      // Its turn has to come first.
      deadlineMs: longer(deadlineMs, limits.requestDeadlineMs),
      signal,
      isRepeatable: false,
    })
  } catch (error) {
    if (!isDatabaseError(error, 'LEADER_CHANGED') || error.outcome === undefined) throw error
    if (finished === undefined) throw leaderGone(error)
    return await afterCommit(forwarder, finished, requestId)
  }
}

/** COMMIT was asked for, and the leader is gone. */
async function afterCommit<T>(forwarder: Forwarder, { value }: { readonly value: T }, requestId: string): Promise<T> {
  const fate = await forwarder.ask({
    run: (database) => database.outcomeOf(requestId),
    deadlineMs: limits.requestDeadlineMs,
    isRepeatable: true,
  })
  if (fate === 'applied') return value
  if (fate === 'fresh') throw leaderGone()
  throw new DatabaseError(
    'OUTCOME_UNKNOWN',
    'the leader changed while the transaction was committed, and the next one does not know of it',
    {
      details: { requestId },
      outcome: 'unknown',
    },
  )
}
