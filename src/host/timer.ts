/** Time as the host needs it; composition gives the system's clock. */
export interface Timer {
  /** Runs `fn` once after `ms`; returns how to cancel it. */
  after(ms: number, fn: () => void): () => void
}

export interface MonotonicTimer extends Timer {
  /** Monotonic milliseconds. */
  now(): number
}
