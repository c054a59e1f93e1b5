/** Which buffers of a value are handed over instead of copied. Only values that their sender gives away: rows and chunks, never parameters. */

/** Below this a copy is cheaper than a hand-over. */
const TRANSFER_BYTES_MIN = 65_536
/** Values are looked into this deep: a list of rows of columns. */
const DEPTH_MAX = 3
const NONE: readonly ArrayBuffer[] = []

/** The buffers of large blobs in `value`, each once; those that share a buffer with something else are left to be copied. */
export function transferablesOf(value: unknown): readonly ArrayBuffer[] {
  const found = collect(value, undefined, 0)
  return found === undefined ? NONE : [...found]
}

/** Most have none: there is no set before the first. */
function collect(value: unknown, found: Set<ArrayBuffer> | undefined, depth: number): Set<ArrayBuffer> | undefined {
  if (typeof value !== 'object' || value === null) return found
  if (value instanceof Uint8Array) {
    const { buffer, byteLength } = value
    const isWhole = byteLength === buffer.byteLength
    if (!isWhole || byteLength < TRANSFER_BYTES_MIN || !(buffer instanceof ArrayBuffer)) return found
    return (found ?? new Set()).add(buffer)
  }
  if (depth >= DEPTH_MAX) return found
  let all = found
  if (Array.isArray(value)) for (const member of value) all = collect(member, all, depth + 1)
  else for (const name in value) all = collect((value as Parts)[name], all, depth + 1)
  return all
}

type Parts = Readonly<Record<string, unknown>>
