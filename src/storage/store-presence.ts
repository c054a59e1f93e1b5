/** Whether a store's files are still there, where their medium goes on without them. Given to a store by who opens its place. */
export interface StorePresence {
  /** Before an answer. Undefined: they were there lately enough. @throws STORE_LOST; STORAGE_FAILED: it cannot be seen */
  assert(): Promise<void> | undefined
  /** Looks now. @throws as `assert` */
  look(): Promise<void>
  /** The store has let its files go. */
  stop(): void
}
