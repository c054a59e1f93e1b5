/**
 * Aborts an IndexedDB transaction at its commit, or each from then on, as a full disk or a spent quota does: its requests have all succeeded, then
 * `abort` is heard instead of `complete`, and `error` says QuotaExceededError.
 *
 *   armed ── first put into the named store ─▶ doomed ── commit(), or its last request done and none asked since ─▶ aborted
 */

/** @typedef {{ store: string, isLasting: boolean, isSpent: boolean, aborts: number }} Fault */

/** @type {Fault | undefined} */
let fault
/** @type {WeakSet<IDBTransaction>} */
const doomed = new WeakSet()
/** Requests that are not answered. @type {WeakMap<IDBTransaction, number>} */
const pending = new WeakMap()
/** Those whose commit was asked for. @type {WeakSet<IDBTransaction>} */
const committing = new WeakSet()

/**
 * The next transaction that puts something into `store` is doomed; if the fault is lasting, all of them are.
 * @param {string} store @param {{ isLasting: boolean }} how
 */
export function armAbort(store, { isLasting }) {
  fault = { store, isLasting, isSpent: false, aborts: 0 }
}

/** Aborts that were heard since arming. */
export const abortsHeard = () => fault?.aborts ?? 0

const getUnwatched = IDBObjectStore.prototype.get

export function installAbort() {
  for (const name of ['put', 'add', 'get', 'getAll', 'getKey', 'getAllKeys', 'count', 'delete', 'clear', 'openCursor'])
    wrap(IDBObjectStore.prototype, name, function (call) {
      if (name === 'put' || name === 'add') doomAtPut(this)
      const request = call()
      follow(this.transaction, request)
      return request
    })
  wrap(IDBCursor.prototype, 'continue', function (call) {
    const { transaction } = this.request
    if (transaction !== null) pending.set(transaction, (pending.get(transaction) ?? 0) + 1)
    return call()
  })
  wrap(IDBTransaction.prototype, 'commit', function (call) {
    if (!doomed.has(this)) return call()
    committing.add(this)
    abortWhenIdle(this)
  })
}

/** @param {object} prototype @param {string} name @param {(this: any, call: () => any) => any} around */
function wrap(prototype, name, around) {
  const original = prototype[name]
  prototype[name] = function (...args) {
    return around.call(this, () => original.apply(this, args))
  }
}

/** @param {IDBObjectStore} store */
function doomAtPut({ name, transaction }) {
  const armed = fault
  if (armed === undefined || armed.isSpent || armed.store !== name || doomed.has(transaction)) return
  armed.isSpent = !armed.isLasting
  doomed.add(transaction)
  Object.defineProperty(transaction, 'error', {
    get: () => new DOMException('The quota has been exceeded.', 'QuotaExceededError'),
  })
  transaction.addEventListener('abort', () => armed.aborts++)
}

/** @param {IDBTransaction} transaction @param {IDBRequest} request */
function follow(transaction, request) {
  pending.set(transaction, (pending.get(transaction) ?? 0) + 1)
  const answered = () => {
    pending.set(transaction, (pending.get(transaction) ?? 0) - 1)
    if (doomed.has(transaction)) abortWhenIdle(transaction)
  }
  request.addEventListener('success', answered)
  request.addEventListener('error', answered)
}

/** Nothing is unanswered: one more request lets whoever heard the last answer ask on; if nobody did, the commit would come now. */
function abortWhenIdle(transaction) {
  if (pending.get(transaction) !== 0) return
  if (committing.has(transaction)) return transaction.abort()
  const store = transaction.objectStore(transaction.objectStoreNames[0])
  const probe = Reflect.apply(getUnwatched, store, [''])
  probe.onsuccess = () => {
    if (pending.get(transaction) === 0) transaction.abort()
  }
}
