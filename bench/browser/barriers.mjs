/**
 * Counts barriers of this thread, whoever issues them: flush of an OPFS handle, and readwrite transactions of IndexedDB that ask for
 * strict durability. Must be installed before a side is used.
 */

let flushes = 0
let strictTransactions = 0

export function countBarriers() {
  const files = globalThis.FileSystemSyncAccessHandle?.prototype
  if (files !== undefined) {
    const flush = files.flush
    files.flush = function () {
      flushes++
      return flush.call(this)
    }
  }
  const transaction = IDBDatabase.prototype.transaction
  IDBDatabase.prototype.transaction = function (stores, mode, options) {
    if (mode === 'readwrite' && options?.durability === 'strict') strictTransactions++
    return transaction.call(this, stores, mode, options)
  }
}

export const barriersOfThread = () => flushes + strictTransactions
