/**
 * After a write of unknown outcome: one strict transaction raises our own epoch and deletes everything in the log behind what is kept. From
 * its `complete` on the failed commit is not there, whether it was or not. Memory goes back to what the medium holds, if it is not that.
 */
import { DatabaseError } from '../../errors.ts'
import { epoch as epochOf, nextEpoch, type Txid, txid } from '../../units.ts'
import type { Voided } from '../block-store.ts'
import { type Header, withEpochEnds } from '../header.ts'
import { pageBytesOf } from './begin-reign.ts'
import { fencedWrite } from './fenced-write.ts'
import { splitKeys } from './log-reader.ts'
import { logVerdict } from './log-verdict.ts'
import type { Parts } from './parts.ts'
import { readStore, replay } from './read-store.ts'
import { settleHeader } from './settle-header.ts'
import { type Fence, headerKeys, type LogKey } from './schema.ts'

/** Keeps commits up to `keepThrough`; returns those that are not there any more. @throws STORAGE_FAILED: still owed · LEASE_LOST */
export async function voidBehind(parts: Parts, keepThrough: Txid): Promise<Voided['lost']> {
  await settleHeader(parts)
  const { state, header } = parts
  parts.epochTried = nextEpoch(parts.epochTried)
  const epoch = parts.epochTried
  const ends = withEpochEnds(header, epochOf(epoch - 1), keepThrough)
  const next: Header = {
    ...header,
    epoch,
    epochEnds: ends,
    headerSeq: header.headerSeq + 1,
    durableThrough: keepThrough,
  }
  const keys = await raise(parts, next, keepThrough)
  const kept = state.log.records.filter(({ lastTxid }) => lastTxid <= keepThrough)
  const isAsInMemory =
    state.log.lastTxid === keepThrough &&
    kept.length === keys.length &&
    kept.every(({ firstTxid }, at) => keys[at] === firstTxid)
  if (isAsInMemory) {
    parts.header = next
    state.log.raiseDurable(keepThrough)
    return undefined
  }
  return reload(parts, next, keepThrough)
}

/** Returns the keys of the records that were kept. */
async function raise(parts: Parts, next: Header, keepThrough: Txid): Promise<readonly number[]> {
  const { connection, reign, meter } = parts
  let keys: IDBRequest<IDBValidKey[]> | undefined
  const fence: Fence = { epoch: next.epoch, reign }
  await fencedWrite(connection, {
    stores: ['log'],
    durability: 'strict',
    isOurs: (found) => found.reign === reign,
    queue(tx) {
      const [log, stored] = [tx.objectStore('log'), tx.objectStore('header')]
      log.delete(IDBKeyRange.bound(keepThrough + 1, Infinity))
      for (let epoch: number = reign; epoch < next.epoch; epoch++) {
        log.delete(IDBKeyRange.bound([epoch, keepThrough + 1], [epoch, []]))
      }
      keys = log.getAllKeys(IDBKeyRange.bound(0, Infinity))
      stored.put(pageBytesOf(next), headerKeys.page)
      stored.put(fence, headerKeys.fence)
      stored.put(keepThrough, headerKeys.marker)
    },
  })
  meter.barriers++
  return splitKeys((keys?.result ?? []) as LogKey[]).records
}

/** Memory holds what is void, or the medium lost what memory holds. */
async function reload(parts: Parts, raised: Header, keepThrough: Txid): Promise<Voided['lost']> {
  const { connection, limits, meter, reign } = parts
  const { residentBytesMax } = limits
  const found = await readStore(connection, raised, { meter, residentBytesMax, reign })
  await found.loading.all()
  if (found.home.damagedPages.length > 0) throw tableCorrupt(found.home.damagedPages)
  const verdict = logVerdict({ ...raised, durableThrough: raised.checkpointedTxid }, found.log)
  const { lastTxid } = verdict
  const state = replay(raised, found, verdict)
  let header = raised
  if (lastTxid < keepThrough) {
    const ended = raised.epochEnds.map((end) => (end.lastTxid > lastTxid ? { ...end, lastTxid } : end))
    header = { ...raised, epochEnds: ended, durableThrough: lastTxid, headerSeq: raised.headerSeq + 1 }
    await cutBehind(parts, header, lastTxid)
  }
  parts.state.resident.breakSnapshots()
  parts.state = state
  parts.header = header
  return lastTxid < keepThrough ? { from: txid(lastTxid + 1), to: keepThrough } : undefined
}

async function cutBehind({ connection, meter }: Parts, header: Header, lastTxid: Txid): Promise<void> {
  await fencedWrite(connection, {
    stores: ['log'],
    durability: 'strict',
    isOurs: ({ epoch }) => epoch === header.epoch,
    queue(tx) {
      tx.objectStore('log').delete(IDBKeyRange.bound(lastTxid + 1, Infinity))
      tx.objectStore('header').put(pageBytesOf(header), headerKeys.page)
      tx.objectStore('header').put(lastTxid, headerKeys.marker)
    },
  })
  meter.barriers++
}

/** Blocks of such a page would read as zeros. The next open says so as well, and can repair it. */
const tableCorrupt = (pages: readonly number[]) =>
  new DatabaseError('TABLE_CORRUPT', `the block table has damaged pages: ${pages.join(', ')}`, { details: { pages } })
