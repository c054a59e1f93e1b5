/**
 * Our worker as it is built, with its barriers counted from before its first message on. Any message on the channel of the worker's name
 * is answered with the count.
 */
import '/ours/worker.js'
import { barriersOfThread, countBarriers } from './barriers.mjs'

countBarriers()

const channel = new BroadcastChannel(globalThis.name)
channel.onmessage = () => channel.postMessage(barriersOfThread())
