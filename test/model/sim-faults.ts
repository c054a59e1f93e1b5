/**
 * The faults of a simulated disk, struck by counting its calls:
 *
 *   n-th call fails     of any or of one kind, once or from then on, with ENOSPC or EIO; a write then applies nothing or its first half
 *   failed barrier      the entries are marked clean: the next barrier succeeds and says nothing about them, a power loss may take them
 *   reads               n-th read of a file gives the bytes before the last writes (stale) or those of another place (misdirected)
 */
import { DatabaseError } from '../../src/errors.ts'

export type CallKind = 'list' | 'open' | 'read' | 'write' | 'truncate' | 'flush' | 'flushNames' | 'remove'

export interface MediumCall {
  /** Counted from 1 over all kinds. */
  readonly no: number
  readonly kind: CallKind
  readonly name: string
  readonly at: number
  readonly bytes: number
}

export interface CallFault {
  /** The n-th call that matches, counted from 1 after the fault was set. */
  readonly nth: number
  readonly kinds?: readonly CallKind[]
  readonly name?: string
  readonly isLasting: boolean
  readonly error: 'ENOSPC' | 'EIO'
  /** What a failing write leaves behind. */
  readonly applied?: 'nothing' | 'half'
}

export interface ReadFault {
  /** The n-th read of the file, counted from 1 after the fault was set. */
  readonly nth: number
  readonly name: string
  /** 'stale': as of the last barrier. 'misdirected': of the place `by` bytes further. */
  readonly kind: 'stale' | 'misdirected'
  readonly by?: number
}

interface Leavings {
  /** Applies the first half of a write. */
  readonly half: (() => void) | undefined
  readonly failed: (() => void) | undefined
}

export class SimFaults {
  readonly trace: MediumCall[] = []
  #faults: (CallFault & { seen: number })[] = []
  #readFaults: (ReadFault & { seen: number })[] = []
  #fired = 0

  get fired(): number {
    return this.#fired
  }

  set(fault: CallFault): void {
    this.#faults.push({ ...fault, seen: 0 })
  }

  setRead(fault: ReadFault): void {
    this.#readFaults.push({ ...fault, seen: 0 })
  }

  heal(): void {
    this.#faults = []
    this.#readFaults = []
  }

  /** `run` meets none of them, and counts for none. */
  without<T>(run: () => T): T {
    const [faults, readFaults] = [this.#faults, this.#readFaults]
    this.heal()
    try {
      return run()
    } finally {
      this.#faults = faults
      this.#readFaults = readFaults
    }
  }

  /** The fault that this read of the file meets. */
  ofRead(name: string): ReadFault | undefined {
    const fault = this.#readFaults.find((one) => one.name === name && ++one.seen === one.nth)
    if (fault !== undefined) this.#fired++
    return fault
  }

  /** Notes a call. @throws what a fault makes of it, after it has left behind what it leaves */
  call({ kind, name, at, bytes }: Omit<MediumCall, 'no'>, left: Leavings): void {
    this.trace.push({ no: this.trace.length + 1, kind, name, at, bytes })
    for (const fault of this.#faults) {
      if (fault.kinds !== undefined && !fault.kinds.includes(kind)) continue
      if (fault.name !== undefined && fault.name !== name) continue
      if (fault.error === 'ENOSPC' && !takesSpace(kind)) continue
      fault.seen++
      if (fault.seen !== fault.nth && !(fault.isLasting && fault.seen > fault.nth)) continue
      this.#fired++
      if (fault.applied === 'half') left.half?.()
      left.failed?.()
      throw failure(fault.error, kind, name)
    }
  }
}

/** A full disk refuses what needs room; reading, and removing, goes on. A barrier may find it full as well (delayed allocation). */
const takesSpace = (kind: CallKind) =>
  kind === 'write' || kind === 'truncate' || kind === 'open' || kind === 'flush' || kind === 'flushNames'

/** As media/node-fs.ts says it: a full disk is only said by calls that then did nothing for good; a failed barrier is never that. */
function failure(error: 'ENOSPC' | 'EIO', kind: CallKind, name: string): DatabaseError {
  const cause = Object.assign(new Error(`${error}: ${kind} ${name}`), { code: error })
  return error === 'ENOSPC' && kind !== 'flush' && kind !== 'flushNames'
    ? new DatabaseError('STORAGE_FULL', `sim: ${kind} ${name}: no space left`, { cause, retryable: true })
    : new DatabaseError('STORAGE_FAILED', `sim: ${kind} ${name}: ${error}`, { cause })
}
