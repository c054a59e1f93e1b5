/**
 * Bytes of a simulated disk. Pages are never written in place, so a copy of a disk is a copy of references, and the
 * content hash of a page is taken once.
 */
export interface FileImage {
  /** In bytes. */
  readonly size: number
  /** One per started page; bytes beyond `size` are zeros. */
  readonly pages: readonly Uint8Array[]
}

/** Files by name. */
export type DiskImage = ReadonlyMap<string, FileImage>

export const sectorBytes = 512
const pageBytes = 4096
const zeroPage = new Uint8Array(pageBytes)

export const emptyFile: FileImage = { size: 0, pages: [] }

/** Fills `into` from byte `at`; returns how many bytes there were. */
export function readImage(file: FileImage, into: Uint8Array, at: number): number {
  const end = Math.min(file.size, at + into.length)
  for (let from = at; from < end;) {
    const inPage = from % pageBytes
    const count = Math.min(pageBytes - inPage, end - from)
    const page = file.pages[Math.floor(from / pageBytes)] ?? zeroPage
    into.set(page.subarray(inPage, inPage + count), from - at)
    from += count
  }
  return Math.max(0, end - at)
}

/** The file after a write of `bytes` at byte `at`; grows it when needed. */
export function withBytes(file: FileImage, bytes: Uint8Array, at: number): FileImage {
  const grown = withSize(file, Math.max(file.size, at + bytes.length))
  const pages = [...grown.pages]
  for (let from = 0; from < bytes.length;) {
    const pageNo = Math.floor((at + from) / pageBytes)
    const inPage = (at + from) % pageBytes
    const part = bytes.subarray(from, from + pageBytes - inPage)
    const page = (pages[pageNo] ?? zeroPage).slice()
    page.set(part, inPage)
    pages[pageNo] = page
    from += part.length
  }
  return { size: grown.size, pages }
}

/** The file cut or grown with zeros to `size` bytes. */
export function withSize(file: FileImage, size: number): FileImage {
  if (size === file.size) return file
  const pages = file.pages.slice(0, Math.ceil(size / pageBytes))
  while (pages.length * pageBytes < size) pages.push(zeroPage)
  const last = pages.at(-1)
  if (size < file.size && size % pageBytes !== 0 && last !== undefined) {
    const cut = last.slice()
    cut.fill(0, size % pageBytes)
    pages[pages.length - 1] = cut
  }
  return { size, pages }
}

/** The disk with one bit of one file turned over. */
export function withFlippedBit(
  disk: DiskImage,
  at: { readonly name: string; readonly byte: number; readonly bit: number },
): DiskImage {
  const file = disk.get(at.name) ?? emptyFile
  const byte = new Uint8Array(1)
  if (readImage(file, byte, at.byte) === 0) throw new RangeError(`${at.name} has no byte ${at.byte}`)
  byte[0] = (byte[0] ?? 0) ^ (1 << at.bit)
  return new Map(disk).set(at.name, withBytes(file, byte, at.byte))
}

/** Equal for disks with equal names and bytes; 104 bits, so that a collision among millions is not to be expected. */
export function hashOfDisk(disk: DiskImage): string {
  const parts: string[] = []
  for (const name of [...disk.keys()].sort()) {
    const file = disk.get(name) ?? emptyFile
    parts.push(name, hashOfFile(file))
  }
  return hashOfText(parts.join(' '))
}

const fileHashes = new WeakMap<FileImage, string>()

function hashOfFile(file: FileImage): string {
  const known = fileHashes.get(file)
  if (known !== undefined) return known
  const hash = hashOfText([file.size, ...file.pages.map(hashOfPage)].join(' '))
  fileHashes.set(file, hash)
  return hash
}

/** Equal for equal bytes; the length is a multiple of 4. */
export function hashOfBytes(bytes: Uint8Array): string {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice()
  return hashOfWords(new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.length / 4))
}

const hashes = new WeakMap<Uint8Array, string>()

function hashOfPage(page: Uint8Array): string {
  const known = hashes.get(page)
  if (known !== undefined) return known
  const hash = hashOfBytes(page)
  hashes.set(page, hash)
  return hash
}

function hashOfText(text: string): string {
  const words = new Uint32Array(text.length)
  for (let at = 0; at < text.length; at++) words[at] = text.charCodeAt(at)
  return hashOfWords(words)
}

/** Four multiplying lanes with different constants and rotations, mixed at the end. Not cryptographic. */
function hashOfWords(words: Uint32Array): string {
  let a = 0x9e3779b1 ^ words.length
  let b = 0x85ebca77
  let c = 0xc2b2ae3d
  let d = 0x27d4eb2f
  for (const word of words) {
    a = Math.imul(a ^ word, 0x01000193)
    b = Math.imul(b + word, 0x85ebca6b) ^ (b >>> 13)
    c = Math.imul((c << 7) | (c >>> 25), 0xc2b2ae35) ^ word
    d = Math.imul(d ^ (word + a), 0x27d4eb2f) + (d >>> 15)
  }
  return [a ^ (d >>> 16), b ^ (a >>> 15), c ^ (b >>> 13), d ^ (c >>> 16)]
    .map((lane) => (lane >>> 0).toString(36))
    .join('.')
}
