/**
 * What a power loss can leave. Each entry of a disk's list meets its own fate:
 *
 *   kept, dropped       any entry
 *   grown               a write beyond the end: the size is durable, the bytes are not (size before data)
 *   firstHalf … edges   a write of more than one 512-byte sector: only these sectors reached the medium
 *   trashed             a write: all that it wrote holds garbage; bytes beside it do not (powersafe overwrite, as SQLite assumes)
 *   sure                entries behind a barrier are always kept
 *
 * The entries of a file take effect in the order of their writes; which of them take effect is free, so that reordering
 * across files and between barriers is covered. A cut image is what stays when both bytes and names have met their fate.
 */
import { type Choices, exhaust } from './exhaust.ts'
import { type DiskImage, emptyFile, type FileImage, sectorBytes, withBytes, withSize } from './sim-image.ts'

/** `pending`: since the last barrier. `abandoned`: its barrier failed. `sure`: behind a barrier, but after an abandoned one. */
export type Certainty = 'pending' | 'abandoned' | 'sure'

interface OpOf {
  readonly inode: number
  readonly certainty: Certainty
}
export type NameOp = OpOf & { readonly kind: 'create' | 'remove'; readonly name: string }
export type WriteOp = OpOf & {
  readonly kind: 'write'
  readonly at: number
  readonly bytes: Uint8Array
  readonly grows: boolean
}
export type TruncateOp = OpOf & { readonly kind: 'truncate'; readonly size: number }
export type DiskOp = NameOp | WriteOp | TruncateOp

/** What a power loss at one moment finds: the durable names and bytes, and the list of what is not durable. */
export interface CrashPoint {
  readonly names: ReadonlyMap<string, number>
  readonly files: ReadonlyMap<number, FileImage>
  readonly ops: readonly DiskOp[]
}

export type Fate =
  'kept' | 'dropped' | 'grown' | 'firstHalf' | 'secondHalf' | 'firstSector' | 'lastSector' | 'edges' | 'trashed'

export interface EnumerationRule {
  /** How many entries at once may meet a fate other than kept and dropped. */
  readonly damagedMax: number
  /** Lists longer than this are not crossed: the last entries are; those before are all kept, or all dropped. */
  readonly crossedMax: number
}

/** Calls `visit` with every image that the rule allows at this point; returns how many there were. */
export function eachImage(
  point: CrashPoint,
  rule: EnumerationRule,
  visit: (image: DiskImage, fates: readonly Fate[]) => void,
): number {
  return exhaust((choices) => {
    const fates = chooseFates(point, rule, choices)
    visit(imageAfter(point, fates), fates)
  })
}

/** One fate per entry of the point's list. */
export function chooseFates(point: CrashPoint, rule: EnumerationRule, choices: Choices): readonly Fate[] {
  let damagedLeft = rule.damagedMax
  const unsure = point.ops.filter((op) => op.certainty !== 'sure').length
  let uncrossed = Math.max(0, unsure - rule.crossedMax)
  const early: Fate = uncrossed > 0 && choices.choose(2) === 1 ? 'dropped' : 'kept'
  return point.ops.map((op) => {
    if (op.certainty === 'sure') return 'kept'
    if (uncrossed-- > 0) return early
    const fates = fatesOf(op)
    const fate = fates[choices.choose(damagedLeft > 0 ? fates.length : 2)] ?? 'kept'
    if (fate !== 'kept' && fate !== 'dropped') damagedLeft--
    return fate
  })
}

export function imageAfter(point: CrashPoint, fates: readonly Fate[]): DiskImage {
  const names = new Map(point.names)
  const files = new Map(point.files)
  point.ops.forEach((op, at) => applyFate(op, fates[at] ?? 'kept', names, files))
  return new Map([...names].map(([name, inode]) => [name, files.get(inode) ?? emptyFile]))
}

/** Applies one entry whole. */
export function applyOp(op: DiskOp, names: Map<string, number>, files: Map<number, FileImage>): void {
  if (isNameOp(op)) return void (op.kind === 'create' ? names.set(op.name, op.inode) : names.delete(op.name))
  files.set(op.inode, fileAfter(files.get(op.inode) ?? emptyFile, op, 'kept'))
}

export const isNameOp = (op: DiskOp): op is NameOp => op.kind === 'create' || op.kind === 'remove'

/** Kept and dropped come first: `chooseFates` relies on it. */
function fatesOf(op: DiskOp): readonly Fate[] {
  if (op.kind !== 'write') return ['kept', 'dropped']
  const torn: readonly Fate[] =
    sectorsOf(op).count > 1
      ? ['firstHalf', 'secondHalf', 'firstSector', 'lastSector', ...edges(op), 'trashed']
      : ['trashed']
  return op.grows ? ['kept', 'dropped', 'grown', ...torn] : ['kept', 'dropped', ...torn]
}

function applyFate(op: DiskOp, fate: Fate, names: Map<string, number>, files: Map<number, FileImage>): void {
  if (fate === 'dropped') return
  if (isNameOp(op)) return applyOp(op, names, files)
  const before = files.get(op.inode) ?? emptyFile
  const byOp = known.get(before) ?? new WeakMap<DiskOp, Map<Fate, FileImage>>()
  const byFate = byOp.get(op) ?? new Map<Fate, FileImage>()
  const after = byFate.get(fate) ?? fileAfter(before, op, fate)
  files.set(op.inode, after)
  known.set(before, byOp.set(op, byFate.set(fate, after)))
}

/** Files after one entry, by the file before it: the images of a crash point differ in few files. */
const known = new WeakMap<FileImage, WeakMap<DiskOp, Map<Fate, FileImage>>>()

function fileAfter(file: FileImage, op: WriteOp | TruncateOp, fate: Exclude<Fate, 'dropped'>): FileImage {
  if (op.kind === 'truncate') return withSize(file, op.size)
  if (fate === 'kept') return withBytes(file, op.bytes, op.at)
  const grown = withSize(file, Math.max(file.size, op.at + op.bytes.length))
  const { first, count } = sectorsOf(op)
  return tornSectors[fate](count).reduce((torn, sectors) => {
    const from = Math.max(op.at, (first + sectors.from) * sectorBytes)
    const to = Math.min(op.at + op.bytes.length, (first + sectors.to) * sectorBytes)
    return withBytes(torn, fate === 'trashed' ? garbage(to - from) : op.bytes.subarray(from - op.at, to - op.at), from)
  }, grown)
}

/** Sectors of the write that reach the medium, counted from its first one. */
const tornSectors: Record<
  Exclude<Fate, 'kept' | 'dropped'>,
  (count: number) => readonly { readonly from: number; readonly to: number }[]
> = {
  grown: () => [],
  firstHalf: (count) => [{ from: 0, to: Math.ceil(count / 2) }],
  secondHalf: (count) => [{ from: Math.ceil(count / 2), to: count }],
  firstSector: () => [{ from: 0, to: 1 }],
  lastSector: (count) => [{ from: count - 1, to: count }],
  edges: (count) => [
    { from: 0, to: 1 },
    { from: count - 1, to: count },
  ],
  trashed: (count) => [{ from: 0, to: count }],
}

/** Both ends without the middle, where there is one: a record's header and trailer, and not its images. */
const edges = (op: WriteOp): readonly Fate[] => (sectorsOf(op).count > 2 ? ['edges'] : [])

function sectorsOf(op: WriteOp): { readonly first: number; readonly count: number } {
  const first = Math.floor(op.at / sectorBytes)
  return { first, count: Math.ceil((op.at + op.bytes.length) / sectorBytes) - first }
}

function garbage(length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at++) bytes[at] = (at * 167 + (at >>> 8) * 59 + 91) & 255
  return bytes
}
