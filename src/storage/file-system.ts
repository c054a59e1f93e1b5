/**
 * The port under FileStore: files of one directory. Opening is asynchronous; everything on an open file is synchronous,
 * and the barrier comes in both forms. Implementations: node-fs.ts, opfs-fs.ts and memory-fs.ts in media/,
 * and test/model/sim-disk.ts.
 */
export interface FileSystem {
  /** For messages: a path, or 'memory'. */
  readonly location: string
  /** Names present in the directory. */
  list(): Promise<readonly string[]>
  /**
   * Opens a file, made first when `create`. A file that was made is durable in its directory only after `flushNames`. Nobody opens
   * a file that is open: a medium may exclude it.
   * @throws STORAGE_FAILED, STORAGE_FULL; STORE_LOST if it is absent and not to be made, or if the directory was replaced
   */
  open(name: string, options: { readonly create: boolean }): Promise<StoreFile>
  /** Barrier for names: files made so far survive a power loss. */
  flushNames(): Promise<void>
  /** Removes a file; absent is no error. Never used on the lease. */
  remove(name: string): Promise<void>
}

/** One open file. Not thread-safe; every error is a DatabaseError with the medium's error as its cause. */
export interface StoreFile {
  readonly name: string
  /** In bytes. */
  size(): number
  /** Fills `into` from byte `at`; returns how many bytes there were. Fewer than asked for only at the end of the file. */
  read(into: Uint8Array, at: number): number
  /** Writes all of `from` at byte `at`, growing the file. Not durable. @throws STORAGE_FULL, STORAGE_FAILED; part may be written */
  write(from: Uint8Array, at: number): void
  /** Cuts, or grows with zeros. Not durable. */
  truncate(size: number): void
  /** Barrier: all writes to this file so far survive a power loss. @throws STORAGE_FAILED: what was written is unknown */
  flush(): void
  /** The same without holding the thread. Writes made meanwhile are not covered. */
  flushAsync(): Promise<void>
  close(): void
}
