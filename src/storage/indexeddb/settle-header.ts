/**
 * The last transaction of a checkpoint moves the header and deletes the log. When nobody knows whether it was committed, the medium is
 * asked before anything is built on the header that memory has.
 */
import { DatabaseError } from '../../errors.ts'
import { decodeHeader, type Header } from '../header.ts'
import type { Parts } from './parts.ts'
import { reading } from './reading.ts'
import { headerKeys, pageOf } from './schema.ts'

/** @throws STORAGE_FAILED, HEADER_CORRUPT: not known yet */
export async function settleHeader(parts: Parts): Promise<void> {
  const tried = parts.headerTried
  if (tried === undefined) return
  const page = await reading(parts.connection, async (database) => database.get('header', headerKeys.page))
  const bytes = pageOf(page)
  const found = bytes && decodeHeader(bytes)
  if (found?.kind !== 'sound') throw new DatabaseError('HEADER_CORRUPT', 'the header cannot be read back')
  parts.headerTried = undefined
  if (found.value.headerSeq === tried.headerSeq) moveHeader(parts, tried)
}

/** The home is on the medium as `next` says. */
export function moveHeader(parts: Parts, next: Header): void {
  parts.header = next
  parts.state.log.dropThrough(next.checkpointedTxid)
  parts.state.log.raiseDurable(next.checkpointedTxid)
}
