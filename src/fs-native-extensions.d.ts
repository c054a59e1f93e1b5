/** Types of the two calls that are used here; the package has none. Locks belong to the open file, not to the process. */
declare module 'fs-native-extensions' {
  /** Takes an exclusive lock on `length` bytes from `offset`; false if somebody else holds one. */
  export function tryLock(fd: number, offset: number, length: number): boolean
  export function unlock(fd: number, offset: number, length: number): void
}
