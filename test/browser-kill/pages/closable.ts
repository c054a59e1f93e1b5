/**
 * Keeps every connection to IndexedDB that this page opens, and hears the `close` events by which a browser says that it has ended one.
 * It can end the last one itself, as far as a page can: transactions that were begun run to their end, and nobody hears of it.
 */
export interface ClosedConnection {
  /** How often it was told that it is closed, by the browser itself and by `closeLast`. */
  byBrowser: number
  byPage: number
}

interface Kept extends ClosedConnection {
  readonly database: IDBDatabase
}

const kept: Kept[] = []
const { open } = IDBFactory.prototype

IDBFactory.prototype.open = function (...args) {
  const request = open.apply(this, args)
  request.addEventListener('success', () => keep(request.result))
  return request
}

function keep(database: IDBDatabase): void {
  const connection: Kept = { database, byBrowser: 0, byPage: 0 }
  // Whatever a script dispatches is not trusted.
  database.addEventListener('close', ({ isTrusted }) => connection[isTrusted ? 'byBrowser' : 'byPage']++)
  kept.push(connection)
}

/** In the order in which they were opened. */
const connections = (): ClosedConnection[] => kept.map(({ byBrowser, byPage }) => ({ byBrowser, byPage }))

function closeLast(): void {
  const last = kept.at(-1)?.database
  last?.close()
  last?.dispatchEvent(new Event('close'))
}

Object.assign(globalThis, { closable: { connections, closeLast } })
