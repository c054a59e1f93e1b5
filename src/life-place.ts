/** What passes between a life and the place it holds: its witness is told what is durable, and it tells when the store is gone. */
import type { HeldPlace } from './effects/place.ts'
import type { DatabaseError } from './errors.ts'
import type { DatabaseEvent } from './events.ts'
import type { BlockStore } from './storage/block-store.ts'
import type { Streams } from './streams/streams.ts'

type StorageFailed = Extract<DatabaseEvent, { type: 'storage.failed' }>

export interface WatchPorts {
  readonly store: BlockStore
  readonly streams: Pick<Streams, 'events$' | 'emit'>
  readonly onLost: (error: DatabaseError) => void
}

/** From now until the streams end. */
export function watchPlace(held: HeldPlace | undefined, { store, streams, onLost }: WatchPorts): void {
  held?.onLost?.((error) => {
    // Nobody's request has met it.
    streams.emit(storageFailed(error, 'confirm'))
    onLost(error)
  })
  const tell = held?.noteDurable?.bind(held)
  if (tell === undefined) return
  const note = () => tell({ epoch: store.epoch, durableTxid: store.positions.durableTxid })
  note()
  streams.events$.subscribe(({ type }) => type === 'sync.succeeded' && note())
}

export const storageFailed = (
  { code, message }: DatabaseError,
  operation: StorageFailed['operation'],
): StorageFailed => ({
  type: 'storage.failed',
  code,
  message,
  operation,
})
