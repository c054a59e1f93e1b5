/** What a contract asks of the medium that it is held against. */
import type { BlockStore } from '../../src/storage/block-store.ts'

export interface Medium {
  /** Opens the store that lies here; again, after it was closed or abandoned. */
  open(): Promise<BlockStore>
  /** Removes what the test left behind. */
  dispose(): Promise<void>
}

/** A medium of the test's own, and the store that was made on it. */
export type OpenNew = () => Promise<{ readonly medium: Medium; readonly store: BlockStore }>
