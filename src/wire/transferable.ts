/** Which buffers of a value are handed over instead of copied. Only values that their sender gives away: rows and chunks, never parameters. */

/** Below this a copy is cheaper than a hand-over. */
const TRANSFER_BYTES_MIN = 65_536
/** Values are looked into this deep: a list of rows of columns. */
const DEPTH_MAX = 3
const NONE: readonly ArrayBuffer[] = []

/** The buffers of large blobs in `value`, each once; those that share a buffer with something else are left to be copied. */
export function transferablesOf(value: unknown): readonly ArrayBuffer[] {
  if (typeof value !== 'object' || value === null) return NONE
  const found = new Set<ArrayBuffer>()
  collect(value, found, 0)
  return found.size === 0 ? NONE : [...found]
}

function collect(value: unknown, found: Set<ArrayBuffer>, depth: number): void {
  if (value instanceof Uint8Array) {
    const { buffer, byteLength } = value
    const isWhole = byteLength === buffer.byteLength
    if (isWhole && byteLength >= TRANSFER_BYTES_MIN && buffer instanceof ArrayBuffer) found.add(buffer)
    return
  }
  if (typeof value !== 'object' || value === null || depth >= DEPTH_MAX) return
  for (const member of Array.isArray(value) ? value : Object.values(value)) {
    if (typeof member === 'object') collect(member, found, depth + 1)
  }
}
