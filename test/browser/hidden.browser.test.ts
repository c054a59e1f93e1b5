/** What a page does with its moments: the last ones, before it is hidden or gone, and those that nobody needs. */
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { type Database, open, type OpenOptions } from '../../src/browser.ts'
import type { Envelope, ServerMessage } from '../../src/wire/protocol.ts'

const worker = () => new Worker(new URL('../../dist/worker.js', import.meta.url), { type: 'module' })
let made = 0
const nextName = () => `hidden-${Date.now()}-${++made}`
const opened: Database[] = []

/** A policy that would wait for a minute. */
const lazy: OpenOptions = {
  durability: 'deferred',
  syncPolicy: { intervalMs: 0, debounceMs: 0, maxWaitMs: 60_000, maxDirtyBlocks: 0, maxDirtyBytes: 0 },
}

const places: readonly (readonly [string, OpenOptions])[] = [
  ['OPFS, in a worker', { storage: 'opfs', worker }],
  ['IndexedDB, in a worker', { storage: 'indexeddb', worker }],
  ['IndexedDB, in the page', { storage: 'indexeddb', worker: false, wasmUrl: '/dist/wa-sqlite.wasm' }],
]

afterEach(async () => {
  vi.restoreAllMocks()
  for (const db of opened.splice(0)) await db.close()
})

async function openHere(options: OpenOptions): Promise<Database> {
  const db = await open(nextName(), options)
  opened.push(db)
  return db
}

function pageBecomes(state: DocumentVisibilityState): void {
  vi.spyOn(document, 'visibilityState', 'get').mockReturnValue(state)
  document.dispatchEvent(new Event('visibilitychange'))
}

describe.each(places)('%s', (_, place) => {
  test.each([
    ['becomes hidden', () => pageBecomes('hidden')],
    ['is left', () => dispatchEvent(new PageTransitionEvent('pagehide'))],
  ])('a page that %s flushes what is sealed; one that is shown does not', async (_, leave) => {
    const db = await openHere({ ...lazy, ...place })
    const flushed: number[] = []
    db.commits$.subscribe(({ lastTxid }) => flushed.push(lastTxid))
    const next = new Promise<void>((resolve) => db.commits$.subscribe(() => resolve()))
    await db.exec('CREATE TABLE t (a INTEGER PRIMARY KEY)')
    pageBecomes('visible')
    await db.exec('INSERT INTO t VALUES (1)')
    expect(flushed).toEqual([])
    leave()
    await next
    expect(flushed).toEqual([2])
  })
})

test('a page that is hidden with nothing to flush opens no transaction: frozen inside one it would keep the store', async () => {
  const db = await openHere({ storage: 'indexeddb', worker: false, wasmUrl: '/dist/wa-sqlite.wasm' })
  await db.exec('CREATE TABLE t (a INTEGER PRIMARY KEY)')
  await db.checkpoint()
  const begun = vi.spyOn(IDBDatabase.prototype, 'transaction')
  pageBecomes('hidden')
  await db.query('SELECT 1', [], { durability: 'deferred' })
  await db.query('SELECT 1', [], { durability: 'deferred' })
  expect(begun).not.toHaveBeenCalled()
  const committed = vi.spyOn(IDBTransaction.prototype, 'commit')
  await db.forceSync()
  expect(begun, 'it would have been seen').toHaveBeenCalledOnce()
  expect(committed, 'the browser need not wait for the page').toHaveBeenCalledOnce()
})

describe('a frame that navigates away', () => {
  /** A page within this one, with a database in a worker that ends with the test and not with the page. */
  async function frameThatWrote(name: string, storage: string, made: Worker): Promise<HTMLIFrameElement> {
    const frame = document.createElement('iframe')
    onTestFinished(() => frame.remove())
    document.body.append(frame)
    const { contentDocument } = frame
    if (contentDocument === null) throw new Error('a frame of this origin has a document')
    const script = contentDocument.createElement('script')
    script.type = 'module'
    script.textContent = `
      import { open } from '/src/browser.ts'
      const db = await open('${name}', { ...${JSON.stringify(lazy)}, storage: '${storage}', worker: () => frameElement.made })
      await db.exec('CREATE TABLE t (a INTEGER PRIMARY KEY)')
      await db.exec('INSERT INTO t VALUES (1)')
      frameElement.dispatchEvent(new Event('written'))`
    const written = new Promise((resolve) => frame.addEventListener('written', resolve))
    Object.assign(frame, { made })
    contentDocument.body.append(script)
    await written
    return frame
  }

  test.each(['opfs', 'indexeddb'] as const)('has its flush begun, on %s', async (storage) => {
    const name = nextName()
    const lasting = worker()
    onTestFinished(() => lasting.terminate())
    const frame = await frameThatWrote(name, storage, lasting)
    const answered = new Promise<void>((resolve) =>
      lasting.addEventListener('message', ({ data }: MessageEvent<Envelope<ServerMessage>>) => {
        if (data.messages.some(({ kind }) => kind === 'answer')) resolve()
      }),
    )
    frame.srcdoc = 'another page'
    await answered
    lasting.terminate()
    const db = await openWhenFree(name, { storage, worker })
    expect(await db.query('SELECT a FROM t')).toEqual([{ a: 1 }])
  })
})

/** The browser lets go of a worker's lock in its own time. */
async function openWhenFree(name: string, options: OpenOptions): Promise<Database> {
  return vi.waitFor(
    async () => {
      const db = await open(name, options)
      opened.push(db)
      return db
    },
    { timeout: 10_000, interval: 20 },
  )
}

test('with a database in the page, its idle checkpoint runs in an idle period', async () => {
  const { requestIdleCallback: native } = globalThis
  const order: unknown[] = []
  vi.spyOn(globalThis, 'requestIdleCallback').mockImplementation((fn, options) => {
    order.push('asked', options)
    return native((deadline) => {
      order.push('idle')
      fn(deadline)
    }, options)
  })
  const db = await openHere({ storage: 'indexeddb', worker: false, wasmUrl: '/dist/wa-sqlite.wasm' })
  const folded = new Promise<void>((resolve) =>
    db.events$.subscribe(({ type }) => {
      if (type !== 'checkpoint.finished') return
      order.push(type)
      resolve()
    }),
  )
  await db.exec('CREATE TABLE t (a INTEGER PRIMARY KEY)')
  await folded
  expect(order).toEqual(['asked', { timeout: 1000 }, 'idle', 'checkpoint.finished'])
})
