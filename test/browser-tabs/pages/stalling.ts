/**
 * Told so on the channel that the worker's address names, a thread stops at its next readwrite transaction:
 *
 *   inside   the transaction is not committed but kept open by one request after the other: the stores are its own
 *   before   what belongs in the transaction is there, the transaction is not, and the thread is held: whatever is told to it waits
 *
 * It goes on once it has stood still and runs again; inside, also when it is told to.
 */
const channel = new BroadcastChannel(new URLSearchParams(location.search).get('channel') ?? 'stalling')
const { commit } = IDBTransaction.prototype
const { transaction } = IDBDatabase.prototype
let armed: 'inside' | 'before' | undefined
let isReleased = false
const STANDSTILL_MS = 3000
const SAY_MS = 100
const WAIT_MS = 10
/** A thread can wait for it without work for the processor. */
const nothing = new Int32Array(new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer)

channel.onmessage = ({ data }: MessageEvent<unknown>) => {
  if (data === 'inside' || data === 'before') armed = data
  if (data === 'go on') isReleased = true
}

IDBTransaction.prototype.commit = function () {
  if (armed !== 'inside' || this.mode !== 'readwrite') return commit.call(this)
  armed = undefined
  const [name] = [...this.objectStoreNames]
  if (name === undefined) throw new Error('a transaction has a store')
  const store = this.objectStore(name)
  const hasStoodStill = standstill()
  const goOn = () => {
    if (hasStoodStill() || isReleased) return commit.call(this)
    store.get('nothing').onsuccess = goOn
  }
  // The first answer shows that it is open: the stores are its own.
  store.get('nothing').onsuccess = goOn
}

/** Only of a flush. */
IDBDatabase.prototype.transaction = function (stores, mode, options) {
  if (armed === 'before' && mode === 'readwrite' && [stores].flat().includes('log')) {
    armed = undefined
    const hasStoodStill = standstill()
    while (!hasStoodStill()) Atomics.wait(nothing, 0, 0, WAIT_MS)
  }
  return transaction.call(this, stores, mode, options)
}

/** Whether much time has passed since it was asked last. It says that it is there, again and again as long as it is asked. */
function standstill(): () => boolean {
  let lastMs = performance.now()
  let saidMs = -Infinity
  return () => {
    const nowMs = performance.now()
    const stoodStillMs = nowMs - lastMs
    lastMs = nowMs
    if (nowMs - saidMs > SAY_MS) {
      saidMs = nowMs
      channel.postMessage('there')
    }
    return stoodStillMs > STANDSTILL_MS
  }
}
