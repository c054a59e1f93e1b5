/** Stops on a programmer error; stays on in production. Operating errors (disk full, lease lost) carry a code instead: errors.ts. */
export function assert(condition: boolean, rule: string): asserts condition {
  if (!condition) throw new AssertionError(rule)
}

/** A rule of our own was broken. Never caught to go on: the database that raised it fails. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError'
  constructor(rule: string) {
    super(`Assertion failed: ${rule}`)
  }
}
