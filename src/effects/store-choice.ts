/**
 * 'auto' in browsers: which medium a database lies on. Decided under the lock, from what both media hold and from what the witnesses
 * remember; nothing is made while it is not certain that nothing is there.
 *
 *   stores found   witness               decision
 *   one            none, or of it        that one
 *   one            of another store      STORE_LOST: what was there is gone, what is there is another's
 *   two            –                     STORE_AMBIGUOUS, unless the witness names one of them
 *   none           none                  a new one: OPFS where it works, else IndexedDB
 *   none           any                   STORE_LOST: never a new one in silence
 *   none           –, and IndexedDB lost what it held, as the browser says: STORE_LOST, it may have been there
 *   unreadable     –                     the medium's error: a failure that may pass never makes a store elsewhere
 */
import { DatabaseError } from '../errors.ts'
import { dataLost } from '../storage/indexeddb/data-loss.ts'

export type BrowserMedium = 'opfs' | 'indexeddb'

/** What one medium says. */
export type MediumFinding =
  /** The platform does not have it here. */
  | { readonly kind: 'unsupported'; readonly why: string }
  /** It is there and cannot be looked into now. */
  | { readonly kind: 'unreadable'; readonly error: DatabaseError }
  | { readonly kind: 'empty' }
  /** Undefined: its header cannot be read. */
  | { readonly kind: 'store'; readonly storeId: string | undefined }

/** It may also be empty, and the browser say that it has lost what was there. */
export type IndexedDbFinding = MediumFinding | { readonly kind: 'lost'; readonly dataLoss: string }

/** What lies in the other medium about a store; written after the fact, so it lags and never leads. */
export interface Witness {
  readonly medium: BrowserMedium
  readonly storeId: string
  readonly epoch: number
  /** A transaction that was durable at the level strict. */
  readonly durableTxid: number
}

export interface ChoiceFindings {
  readonly opfs: MediumFinding
  readonly indexeddb: IndexedDbFinding
  readonly witnesses: readonly Witness[]
}

export interface Choice {
  readonly medium: BrowserMedium
  /** For `status$`. */
  readonly why: string
}

/** What to do when a store is not where a witness saw it. */
export type WhenLost = 'fail' | 'open'

/** @throws STORE_LOST, STORE_AMBIGUOUS, NOT_SUPPORTED, the error of a medium that cannot be read */
export function chooseStore(findings: ChoiceFindings, whenLost: WhenLost): Choice {
  const { opfs, indexeddb, witnesses } = findings
  for (const finding of [opfs, indexeddb]) if (finding.kind === 'unreadable') throw finding.error
  const found = (['opfs', 'indexeddb'] as const).filter((medium) => findings[medium].kind === 'store')
  const [first, second] = found
  if (first === undefined) return chooseNew(findings, whenLost)
  const medium = second === undefined ? first : witnessedOf(findings, found)
  const lost = witnesses.find((witness) => !isStore(findings, witness))
  if (lost !== undefined && second === undefined && whenLost === 'fail') throw storeLost(lost)
  return { medium, why: 'the store is there' }
}

/** Of two stores the one that a witness knows. */
function witnessedOf(findings: ChoiceFindings, found: readonly BrowserMedium[]): BrowserMedium {
  const known = found.filter((medium) =>
    findings.witnesses.some((witness) => witness.medium === medium && isStore(findings, witness)),
  )
  const [only, another] = known
  if (only !== undefined && another === undefined) return only
  throw new DatabaseError(
    'STORE_AMBIGUOUS',
    'there is a store of this name in OPFS and another in IndexedDB; name the one you mean in options.storage',
    { details: { opfs: idOf(findings.opfs), indexeddb: idOf(findings.indexeddb) } },
  )
}

function chooseNew({ opfs, indexeddb, witnesses }: ChoiceFindings, whenLost: WhenLost): Choice {
  const [witness] = witnesses
  if (witness !== undefined && whenLost === 'fail') throw storeLost(witness)
  if (indexeddb.kind === 'lost' && whenLost === 'fail') throw dataLost(indexeddb.dataLoss)
  if (opfs.kind === 'empty') return { medium: 'opfs', why: 'OPFS works here' }
  const why = opfs.kind === 'unsupported' ? opfs.why : 'OPFS is in use'
  if (indexeddb.kind === 'empty' || indexeddb.kind === 'lost') return { medium: 'indexeddb', why: `no OPFS: ${why}` }
  const other = indexeddb.kind === 'unsupported' ? indexeddb.why : 'IndexedDB is in use'
  throw new DatabaseError('NOT_SUPPORTED', `neither OPFS (${why}) nor IndexedDB (${other}) can be used here`)
}

/** A store whose id is not known may be the one. */
function isStore(findings: ChoiceFindings, { medium, storeId }: Witness): boolean {
  const finding = findings[medium]
  return finding.kind === 'store' && (finding.storeId === undefined || finding.storeId === storeId)
}

const idOf = (finding: IndexedDbFinding): string | undefined => (finding.kind === 'store' ? finding.storeId : undefined)

export const storeLost = ({ medium, storeId, epoch, durableTxid }: Witness): DatabaseError =>
  new DatabaseError(
    'STORE_LOST',
    `the browser has lost the store: ${medium} held transaction ${durableTxid} of epoch ${epoch} durably and does not any more; restore a backup, open with recovery.onLost "open" to go on with what is there, or destroy() it to start anew`,
    { details: { medium, storeId, epoch, durableTxid } },
  )
