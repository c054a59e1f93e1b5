/**
 * Told so on the channel that the worker's address names, the next readwrite transaction is not committed but kept open by one request
 * after the other, until this thread has stood still and runs again, or is told to go on.
 */
const channel = new BroadcastChannel(new URLSearchParams(location.search).get('channel') ?? 'stalling')
const { commit } = IDBTransaction.prototype
let isArmed = false
let isReleased = false
const STANDSTILL_MS = 3000

channel.onmessage = ({ data }: MessageEvent<unknown>) => {
  if (data === 'stall') isArmed = true
  if (data === 'go on') isReleased = true
}

IDBTransaction.prototype.commit = function () {
  if (!isArmed || this.mode !== 'readwrite') return commit.call(this)
  isArmed = false
  const [name] = [...this.objectStoreNames]
  if (name === undefined) throw new Error('a transaction has a store')
  const store = this.objectStore(name)
  let count = 0
  let lastMs = performance.now()
  const goOn = () => {
    const stoodStillMs = performance.now() - lastMs
    lastMs += stoodStillMs
    if (stoodStillMs > STANDSTILL_MS || isReleased) return commit.call(this)
    // The first answer shows that it is open: the stores are its own.
    if (count === 1) channel.postMessage('inside')
    count += 1
    store.get('nothing').onsuccess = goOn
  }
  goOn()
}
