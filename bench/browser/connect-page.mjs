/** As an application has it: opened in the page, the database in its worker. */
import { open } from '../../dist/browser.js'
import { ofDatabase, oneByOne } from './connect.mjs'
import { openSqlocal } from './more-peers.mjs'

/** @param {import('./sides.mjs').Side} side @param {string} name @returns {Promise<import('./connect.mjs').Connection>} */
export async function connectFromPage({ kind, storage }, name) {
  if (kind === 'sqlocal') return oneByOne(await openSqlocal(name), () => NaN)
  const channel = new BroadcastChannel(crypto.randomUUID())
  const worker = () => new Worker('/counted-worker.js', { type: 'module', name: channel.name })
  const db = await open(name, { storage, worker })
  return { ...ofDatabase(db), barriers: () => barriersOn(channel) }
}

/** Those of the worker's thread, from its start on. @param {BroadcastChannel} channel @returns {Promise<number>} */
const barriersOn = (channel) =>
  new Promise((resolve) => {
    channel.onmessage = ({ data }) => resolve(data)
    channel.postMessage('count')
  })
