/** What became of requests that carry an id, so that asking again answers instead of running again. */
import type { Txid } from '../units.ts'

/** One finished request. Kept in the commit record of its last transaction and carried on when the log is recycled. */
export interface RequestOutcome {
  readonly clientId: string
  /** Counted from 1 by the client. */
  readonly requestNo: number
  readonly txid: Txid
  /** JSON of what the caller was answered (result or error); null when it was too large to keep. */
  readonly answer: string | null
}
