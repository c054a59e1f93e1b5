/** Chance, where it is wanted: which blocks are sampled, and names that must not meet. */

/** 0 ≤ n < 1. */
export const systemRandom = (): number => Math.random()

/** 32 hexadecimal digits, never the same twice. */
export function newStoreId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
