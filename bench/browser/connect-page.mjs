/** As an application has it: opened in the page, the database in its worker. */
import { open } from '../../dist/browser.js'
import { ofDatabase, oneByOne } from './connect.mjs'
import { openSqlocal } from './more-peers.mjs'

/** @param {import('./sides.mjs').Side} side @param {string} name @returns {Promise<import('./connect.mjs').Connection>} */
export async function connectFromPage({ kind, storage }, name) {
  if (kind === 'sqlocal') return oneByOne(await openSqlocal(name), () => NaN)
  const db = await open(name, { storage, worker: () => new Worker('/ours/worker.js', { type: 'module' }) })
  return { ...ofDatabase(db), barriers: () => barriersOf(db) }
}

/** Its own count: the worker's thread cannot be counted from here. @param {import('../../src/api.ts').Database} db @returns {Promise<number>} */
const barriersOf = (db) =>
  new Promise((resolve, reject) => {
    const subscription = db.metrics$.subscribe({
      next({ barriers }) {
        resolve(barriers)
        queueMicrotask(() => subscription.unsubscribe())
      },
      error: reject,
    })
  })
