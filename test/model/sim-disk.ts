/**
 * A FileSystem whose unsynced writes are a list, after SQLite's test6.c and the POSIX file model:
 *
 *   write, truncate     in the list of their file until a barrier of that file; other files' barriers say nothing about them
 *   create, remove      in the list of names until `flushNames`
 *   power loss          each entry of the list is kept, dropped, torn by sectors or trashed, whatever became of the others
 *
 * Reads give what was written, flushed or not, as a page cache does. What may go wrong is in sim-faults.ts; bit rot is
 * `withFlippedBit` of an image.
 */
import { DatabaseError } from '../../src/errors.ts'
import type { FileSystem, StoreFile } from '../../src/storage/file-system.ts'
import { applyOp, type Certainty, type CrashPoint, type DiskOp, isNameOp } from './crash-images.ts'
import { type CallFault, type CallKind, type MediumCall, type ReadFault, SimFaults } from './sim-faults.ts'
import { type DiskImage, emptyFile, type FileImage, readImage, sectorBytes, withBytes, withSize } from './sim-image.ts'

export class SimDisk implements FileSystem {
  readonly location = 'sim'
  readonly #faults = new SimFaults()
  /** Called after each call that changed what a power loss may do. */
  onChange: () => void = () => undefined
  #names = new Map<string, number>()
  #durableNames = new Map<string, number>()
  #current = new Map<number, FileImage>()
  #durable = new Map<number, FileImage>()
  #ops: DiskOp[] = []
  #inodes = 0
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
    return this.#faults.trace
  }

  get calls(): number {
    return this.trace.length
  }

  /** How often faults that were set have struck. */
  get faultsFired(): number {
    return this.#faults.fired
  }

  setFault(fault: CallFault): void {
    this.#faults.set(fault)
  }

  setReadFault(fault: ReadFault): void {
    this.#faults.setRead(fault)
  }

  /** What `run` reads meets no fault and counts for none: the judge looks, the store does nothing. */
  undisturbed<T>(run: () => T): T {
    return this.#faults.without(run)
  }

  /** The medium works again; what failed barriers abandoned stays so. */
  heal(): void {
    this.#faults.heal()
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
    const fault = this.#faults.ofRead(name)
    if (fault === undefined) return readImage(this.#file(inode), into, at)
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
    this.#call(kind, name, 0, 0, undefined, () => mark('abandoned'))
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

  /** `half` and `failed`: what a fault leaves behind. */
  #call(kind: CallKind, name: string, at: number, bytes: number, half?: () => void, failed?: () => void): void {
    if (this.#isOff) throw new RangeError(`sim: ${kind} ${name} after the power was cut`)
    this.#faults.call({ kind, name, at, bytes }, { half, failed })
  }
}

/** A promise that settles with what `run` does, now. */
function attempt<T>(run: () => T): Promise<T> {
  return new Promise((resolve) => resolve(run()))
}
