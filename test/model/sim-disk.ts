/**
 * A FileSystem whose unsynced writes are a list, after SQLite's test6.c and the POSIX file model:
 *
 *   write, truncate     in the list of their file until a barrier of that file; other files' barriers say nothing about them
 *   create, remove      in the list of names until `flushNames`
 *   power loss          each entry of the list is kept, dropped, torn by sectors or trashed, whatever became of the others
 *
 * Faults:
 *   n-th call fails     of any or of one kind, once or from then on, with ENOSPC or EIO; a write then applies nothing or its first half
 *   failed barrier      the entries are marked clean: the next barrier succeeds and says nothing about them, a power loss may take them
 *   reads               n-th read of a file gives the bytes before the last writes (stale) or those of another place (misdirected)
 *   bit rot             `withFlippedBit` of an image
 *
 * Reads give what was written, flushed or not, as a page cache does. Calls are counted and traced.
 */
import { DatabaseError } from '../../src/errors.ts'
import type { FileSystem, StoreFile } from '../../src/storage/file-system.ts'
import { applyOp, type Certainty, type CrashPoint, type DiskOp, isNameOp } from './crash-images.ts'
import { type DiskImage, emptyFile, type FileImage, readImage, sectorBytes, withBytes, withSize } from './sim-image.ts'

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

export class SimDisk implements FileSystem {
  readonly location = 'sim'
  /** Called after each call that changed what a power loss may do. */
  onChange: () => void = () => undefined
  readonly #trace: MediumCall[] = []
  #names = new Map<string, number>()
  #durableNames = new Map<string, number>()
  #current = new Map<number, FileImage>()
  #durable = new Map<number, FileImage>()
  #ops: DiskOp[] = []
  #inodes = 0
  #faults: (CallFault & { seen: number })[] = []
  #readFaults: (ReadFault & { seen: number })[] = []
  #faultsFired = 0
  #isOff = false

  constructor(image: DiskImage = new Map()) {
    for (const [name, file] of image) {
      const inode = ++this.#inodes
      this.#names.set(name, inode)
      this.#durableNames.set(name, inode)
      this.#current.set(inode, file)
      this.#durable.set(inode, file)
    }
  }

  get trace(): readonly MediumCall[] {
    return this.#trace
  }

  get calls(): number {
    return this.#trace.length
  }

  /** How often faults that were set have struck. */
  get faultsFired(): number {
    return this.#faultsFired
  }

  setFault(fault: CallFault): void {
    this.#faults.push({ ...fault, seen: 0 })
  }

  setReadFault(fault: ReadFault): void {
    this.#readFaults.push({ ...fault, seen: 0 })
  }

  /** What `run` reads meets no fault and counts for none: the judge looks, the store does nothing. */
  undisturbed<T>(run: () => T): T {
    const [faults, readFaults] = [this.#faults, this.#readFaults]
    this.heal()
    try {
      return run()
    } finally {
      this.#faults = faults
      this.#readFaults = readFaults
    }
  }

  /** The medium works again; what failed barriers abandoned stays so. */
  heal(): void {
    this.#faults = []
    this.#readFaults = []
  }

  /** All bytes as the running process sees them: what is left when it is killed and the system lives. */
  image(): DiskImage {
    return new Map([...this.#names].map(([name, inode]) => [name, this.#file(inode)]))
  }

  crashPoint(): CrashPoint {
    return { names: new Map(this.#durableNames), files: new Map(this.#durable), ops: [...this.#ops] }
  }

  /** Every later call throws: the process that had this disk is gone. */
  powerOff(): void {
    this.#isOff = true
  }

  list(): Promise<readonly string[]> {
    return attempt(() => {
      this.#call('list', '', 0, 0)
      return [...this.#names.keys()].sort()
    })
  }

  open(name: string, options: { readonly create: boolean }): Promise<StoreFile> {
    return attempt(() => {
      this.#call('open', name, 0, 0)
      const known = this.#names.get(name)
      if (known !== undefined) return this.#openFile(name, known)
      if (!options.create) throw new DatabaseError('STORE_LOST', `sim: ${name} is absent`, { details: { file: name } })
      const inode = ++this.#inodes
      this.#names.set(name, inode)
      this.#change({ kind: 'create', name, inode, certainty: 'pending' })
      return this.#openFile(name, inode)
    })
  }

  flushNames(): Promise<void> {
    return attempt(() => this.#barrier('flushNames', '', isNameOp))
  }

  remove(name: string): Promise<void> {
    return attempt(() => {
      this.#call('remove', name, 0, 0)
      const inode = this.#names.get(name)
      if (inode === undefined) return
      this.#names.delete(name)
      this.#change({ kind: 'remove', name, inode, certainty: 'pending' })
    })
  }

  #openFile(name: string, inode: number): StoreFile {
    let isOpen = true
    const whileOpen = () => {
      if (!isOpen) throw new RangeError(`sim: ${name} is used after close`)
    }
    const covers = (op: DiskOp) => op.inode === inode && !isNameOp(op)
    return {
      name,
      size: () => this.#file(inode).size,
      read: (into, at) => {
        whileOpen()
        this.#call('read', name, at, into.length)
        return this.#read(name, inode, into, at)
      },
      write: (from, at) => {
        whileOpen()
        const write = (bytes: Uint8Array) => this.#write(inode, bytes, at)
        this.#call('write', name, at, from.length, () => write(from.subarray(0, from.length / 2)))
        write(from)
      },
      truncate: (size) => {
        whileOpen()
        this.#call('truncate', name, size, 0)
        this.#current.set(inode, withSize(this.#file(inode), size))
        this.#change({ kind: 'truncate', size, inode, certainty: 'pending' })
      },
      flush: () => {
        whileOpen()
        this.#barrier('flush', name, covers)
      },
      flushAsync: async () => {
        whileOpen()
        const covered = new Set(this.#ops.filter(covers))
        await Promise.resolve()
        this.#barrier('flush', name, (op) => covered.has(op))
      },
      close: () => {
        isOpen = false
      },
    }
  }

  #file(inode: number): FileImage {
    return this.#current.get(inode) ?? emptyFile
  }

  #write(inode: number, from: Uint8Array, at: number): void {
    const before = this.#file(inode)
    this.#current.set(inode, withBytes(before, from, at))
    const grows = at + from.length > before.size
    this.#change({ kind: 'write', at, bytes: from.slice(), grows, inode, certainty: 'pending' })
  }

  #read(name: string, inode: number, into: Uint8Array, at: number): number {
    const fault = this.#readFaults.find((one) => one.name === name && ++one.seen === one.nth)
    if (fault === undefined) return readImage(this.#file(inode), into, at)
    this.#faultsFired++
    if (fault.kind === 'misdirected') return readImage(this.#file(inode), into, at + (fault.by ?? sectorBytes))
    const count = readImage(this.#durable.get(inode) ?? emptyFile, into, at)
    into.fill(0, count)
    return readImage(this.#file(inode), new Uint8Array(into.length), at)
  }

  #change(op: DiskOp): void {
    this.#ops.push(op)
    this.onChange()
  }

  /** What it covers is durable; when it fails, the same entries are taken for clean although they are not. */
  #barrier(kind: 'flush' | 'flushNames', name: string, covers: (op: DiskOp) => boolean): void {
    const mark = (certainty: Certainty) => {
      this.#ops = this.#ops.map((op) => (op.certainty === 'pending' && covers(op) ? { ...op, certainty } : op))
    }
    this.#call(
      kind,
      name,
      0,
      0,
      () => undefined,
      () => mark('abandoned'),
    )
    mark('sure')
    this.#settle()
    this.onChange()
  }

  /** Moves sure entries that no abandoned one precedes in the same file from the list to the durable bytes. */
  #settle(): void {
    const stuck = new Set<string>()
    this.#ops = this.#ops.filter((op) => {
      const place = isNameOp(op) ? `name ${op.name}` : `bytes ${op.inode}`
      if (op.certainty !== 'sure' || stuck.has(place)) return stuck.add(place)
      applyOp(op, this.#durableNames, this.#durable)
      return false
    })
  }

  #call(
    kind: CallKind,
    name: string,
    at: number,
    bytes: number,
    half = () => undefined as void,
    failed = () => undefined as void,
  ): void {
    if (this.#isOff) throw new RangeError(`sim: ${kind} ${name} after the power was cut`)
    this.#trace.push({ no: this.#trace.length + 1, kind, name, at, bytes })
    for (const fault of this.#faults) {
      if (fault.kinds !== undefined && !fault.kinds.includes(kind)) continue
      if (fault.name !== undefined && fault.name !== name) continue
      if (fault.error === 'ENOSPC' && !takesSpace(kind)) continue
      fault.seen++
      if (fault.seen !== fault.nth && !(fault.isLasting && fault.seen > fault.nth)) continue
      this.#faultsFired++
      if (fault.applied === 'half') half()
      failed()
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

/** A promise that settles with what `run` does, now. */
function attempt<T>(run: () => T): Promise<T> {
  return new Promise((resolve) => resolve(run()))
}
