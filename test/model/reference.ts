/**
 * The store as it should be: a list of commits and the state after each. `judge` holds what a store recovered to against it:
 *
 *   D1  no commit behind a successful barrier is lost
 *   A1  the recovered state is the state after one commit, in blocks, size and request outcomes alike
 *   A2  no commit without all before it
 *   A3  every recovered commit was invoked and not definitely failed
 *   V1  versions rise by one with each commit that holds the block, through frees; identity belongs to its commit
 *
 * R1 and R2 (replay and recovery change nothing when repeated) compare two recovered states: `sameState`.
 */
import { limits } from '../../src/limits.ts'
import type { BlockStore, Group } from '../../src/storage/block-store.ts'
import { isZero } from '../../src/storage/bytes.ts'
import { blockNo } from '../../src/units.ts'
import { hashOfBytes } from './sim-image.ts'

/** One block, comparable: its bytes by hash, and its identity. */
export interface BlockState {
  readonly content: string
  readonly version: number
  readonly txid: number
  readonly lastModifiedMs: number
  readonly isTombstone: boolean
}

export interface StoreState {
  readonly txid: number
  readonly sizeBlocks: number
  /** By block number; absent: never written. Tombstones stay, also beyond the size. */
  readonly blocks: ReadonlyMap<number, BlockState>
  /** Request numbers of the one client of these tests whose outcome is known. */
  readonly requests: readonly number[]
}

export const emptyState: StoreState = { txid: 0, sizeBlocks: 0, blocks: new Map(), requests: [] }

/** What the callers know. Immutable, so that a crash point can hold on to it. */
export interface History {
  /** States that a recovery may find, oldest first; the first is the one that the reign began with. */
  readonly states: readonly StoreState[]
  /** Everything up to here was acknowledged as durable. */
  readonly durableTxid: number
  /** States whose commit was rejected for good. */
  readonly voided: readonly StoreState[]
}

export interface Violation {
  readonly invariant: 'D1' | 'A1' | 'A2' | 'A3' | 'V1'
  readonly message: string
}

export const newHistory = (begin: StoreState = emptyState): History => ({
  states: [begin],
  durableTxid: begin.txid,
  voided: [],
})

export const lastState = (history: History): StoreState => history.states.at(-1) ?? emptyState

/** The commit was handed to the store; from here a crash may keep it. */
export const withInvoked = (history: History, group: Group): History => ({
  ...history,
  states: [...history.states, stateAfter(lastState(history), group)],
})

/** The commits up to `txid` were acknowledged as durable. */
export const withDurable = (history: History, txid: number): History => ({
  ...history,
  durableTxid: Math.max(txid, history.durableTxid),
})

/** The commits after `txid` were rejected: they must never be seen again. */
export const withVoided = (history: History, txid: number): History => ({
  states: history.states.filter((state) => state.txid <= txid),
  durableTxid: history.durableTxid,
  voided: [...history.voided, ...history.states.filter((state) => state.txid > txid)],
})

/** A recovery has decided: what it found is durable, what it did not find never happened. */
export const withRecovered = (history: History, found: StoreState): History => ({
  states: [found],
  durableTxid: found.txid,
  voided: [...history.voided, ...history.states.filter((state) => state.txid > found.txid)],
})

export function stateAfter(before: StoreState, group: Group): StoreState {
  const blocks = new Map(before.blocks)
  for (const [at, block] of before.blocks) {
    const isFreed = at >= group.sizeBlocks || group.freed.has(blockNo(at))
    if (!isFreed || block.isTombstone) continue
    blocks.set(at, {
      ...block,
      content: 'zeros',
      txid: group.lastTxid,
      lastModifiedMs: group.timeMs,
      isTombstone: true,
    })
  }
  for (const [at, bytes] of group.blocks) {
    blocks.set(at, {
      content: contentOf(bytes),
      version: (before.blocks.get(at)?.version ?? 0) + 1,
      txid: group.lastTxid,
      lastModifiedMs: group.timeMs,
      isTombstone: false,
    })
  }
  const requests = [...before.requests, ...group.requests.map((request) => request.requestNo)].slice(
    -limits.outcomesPerClientMax,
  )
  return { txid: group.lastTxid, sizeBlocks: group.sizeBlocks, blocks, requests }
}

/** Reads everything a store of at most `blockMax` blocks and `requestMax` requests answers. @throws what the store throws */
export function observe(
  store: BlockStore,
  bounds: { readonly blockMax: number; readonly requestMax: number },
): StoreState {
  const blocks = new Map<number, BlockState>()
  const bytes = new Uint8Array(store.blockSize)
  for (let at = 0; at < bounds.blockMax; at++) {
    const info = store.blockInfo(blockNo(at))
    if (at < store.sizeBlocks) store.read(blockNo(at), bytes)
    else bytes.fill(0)
    const content = contentOf(bytes)
    if (info === undefined && content === 'zeros') continue
    const { version = 0, txid = 0, lastModifiedMs = 0, isTombstone = false } = info ?? {}
    blocks.set(at, { content, version, txid, lastModifiedMs, isTombstone })
  }
  const requests: number[] = []
  for (let requestNo = 1; requestNo <= bounds.requestMax; requestNo++) {
    if (store.outcomeOf({ clientId: 'client', requestNo }).kind === 'known') requests.push(requestNo)
  }
  return { txid: store.positions.writtenTxid, sizeBlocks: store.sizeBlocks, blocks, requests }
}

/** Undefined when the recovered state is one that the history allows. */
export function judge(recovered: StoreState, history: History): Violation | undefined {
  const expected = history.states.find((state) => state.txid === recovered.txid)
  if (expected !== undefined && recovered.txid < history.durableTxid) {
    return violation('D1', `transaction ${history.durableTxid} was acknowledged, recovery ends at ${recovered.txid}`)
  }
  const difference = expected === undefined ? undefined : differenceOf(recovered, expected)
  if (expected !== undefined && difference === undefined) return undefined
  const rejected = history.voided.find((state) => sameState(state, recovered))
  if (rejected !== undefined) return violation('A3', `transaction ${rejected.txid} was rejected and is back`)
  if (expected === undefined) return judgePosition(recovered.txid, history)
  if (!sameRequests(recovered, expected)) return violation('A1', `after transaction ${recovered.txid}: ${difference}`)
  if (sameContent(recovered, expected)) {
    return violation('V1', `after transaction ${recovered.txid}: ${difference}`)
  }
  const isOlder = history.states.some((state) => state.txid < recovered.txid && holdsOnly(recovered, [state, expected]))
  return violation(isOlder ? 'A2' : 'A1', `after transaction ${recovered.txid}: ${difference}`)
}

export const sameState = (a: StoreState, b: StoreState): boolean => differenceOf(a, b) === undefined

/** In words; undefined when there is none. */
export function differenceOf(is: StoreState, owed: StoreState): string | undefined {
  if (is.txid !== owed.txid) return `ends at transaction ${is.txid} instead of ${owed.txid}`
  if (is.sizeBlocks !== owed.sizeBlocks) return `${is.sizeBlocks} blocks instead of ${owed.sizeBlocks}`
  for (const at of new Set([...is.blocks.keys(), ...owed.blocks.keys()])) {
    const [have, want] = [describe(is.blocks.get(at)), describe(owed.blocks.get(at))]
    if (have !== want) return `block ${at} is ${have} instead of ${want}`
  }
  if (is.requests.join() !== owed.requests.join())
    return `requests ${is.requests.join()} instead of ${owed.requests.join()}`
  return undefined
}

const contentOf = (bytes: Uint8Array): string => (isZero(bytes) ? 'zeros' : hashOfBytes(bytes))

const violation = (invariant: Violation['invariant'], message: string): Violation => ({ invariant, message })

function judgePosition(txid: number, history: History): Violation {
  if (txid < history.durableTxid)
    return violation('D1', `transaction ${history.durableTxid} was acknowledged, recovery ends at ${txid}`)
  if (txid > lastState(history).txid) return violation('A3', `recovery ends at transaction ${txid}, which is not owed`)
  return violation('A1', `recovery ends at transaction ${txid}, inside a group`)
}

const describe = (block: BlockState | undefined): string =>
  block === undefined
    ? 'absent'
    : `${block.isTombstone ? 'free ' : ''}${block.content}/v${block.version}/t${block.txid}/${block.lastModifiedMs}ms`

const sameRequests = (a: StoreState, b: StoreState): boolean => a.requests.join() === b.requests.join()

function sameContent(a: StoreState, b: StoreState): boolean {
  const contentAt = (state: StoreState, at: number) => state.blocks.get(at)?.content ?? 'zeros'
  const blocks = new Set([...a.blocks.keys(), ...b.blocks.keys()])
  return a.sizeBlocks === b.sizeBlocks && [...blocks].every((at) => contentAt(a, at) === contentAt(b, at))
}

/** Every block is one of the given states' – a mix of commits rather than bytes that nobody wrote. */
const holdsOnly = (state: StoreState, from: readonly StoreState[]): boolean =>
  [...state.blocks].every(([at, block]) => from.some((one) => describe(one.blocks.get(at)) === describe(block)))
