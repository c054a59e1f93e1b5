/**
 * When the policy wants a flush: pure arithmetic over what autosync knows. 0 switches a trigger off, except maxWaitMs.
 *
 *   interval   at every multiple of intervalMs of the clock, if anything is behind
 *   threshold  maxDirtyBlocks or maxDirtyBytes was reached, and debounceMs is 0
 *   debounce   the threshold was reached (or none is set), and nothing was sealed for debounceMs
 *   maxWait    the oldest transaction that is not durable was sealed maxWaitMs ago
 *
 * Times are monotonic milliseconds.
 */
import { limits } from '../limits.ts'

export interface AutosyncPolicy {
  readonly intervalMs: number
  readonly debounceMs: number
  /** Always > 0. */
  readonly maxWaitMs: number
  readonly maxDirtyBlocks: number
  readonly maxDirtyBytes: number
}

/** Sealed and not yet handed to the medium; the group in flight is not counted once it is there. */
export interface Dirtiness {
  readonly dirtyBlocks: number
  readonly dirtyBytes: number
}

export interface Ages {
  /** When the oldest transaction that is not durable was sealed, and when the last one was. */
  readonly oldestAtMs: number
  readonly newestAtMs: number
}

export type PolicyTrigger = 'interval' | 'debounce' | 'maxWait'

/** A flush is due at the seal itself. */
export function isThresholdPassed(policy: AutosyncPolicy, dirtiness: Dirtiness): boolean {
  return policy.debounceMs === 0 && hasReachedThreshold(policy, dirtiness)
}

/** When the next flush is due, if nothing more is sealed. */
export function dueAtMs(policy: AutosyncPolicy, behind: Dirtiness & Ages): number {
  return Math.min(
    maxWaitAtMs(policy, behind),
    intervalAtMs(policy, behind),
    isArmed(policy, behind) ? behind.newestAtMs + policy.debounceMs : Infinity,
  )
}

/** Why a flush is due at `atMs` ≥ dueAtMs: the most specific reason. */
export function dueTrigger(policy: AutosyncPolicy, behind: Dirtiness & Ages, atMs: number): PolicyTrigger {
  if (isArmed(policy, behind) && behind.newestAtMs + policy.debounceMs <= atMs) return 'debounce'
  return intervalAtMs(policy, behind) <= atMs ? 'interval' : 'maxWait'
}

/** Pause before a refused flush is tried again: doubles up to a bound. `failureCount` ≥ 1. */
export function backoffMs(failureCount: number): number {
  return Math.min(limits.backoffMs * 2 ** (failureCount - 1), limits.backoffMsMax)
}

const maxWaitAtMs = (policy: AutosyncPolicy, { oldestAtMs }: Ages): number => oldestAtMs + policy.maxWaitMs

const intervalAtMs = ({ intervalMs }: AutosyncPolicy, { oldestAtMs }: Ages): number =>
  intervalMs === 0 ? Infinity : (Math.floor(oldestAtMs / intervalMs) + 1) * intervalMs

/** The debounce runs: what it waits for, a passed threshold, is there. Without a threshold every write arms it. */
function isArmed(policy: AutosyncPolicy, dirtiness: Dirtiness): boolean {
  if (policy.debounceMs === 0 || dirtiness.dirtyBlocks === 0) return false
  return (policy.maxDirtyBlocks === 0 && policy.maxDirtyBytes === 0) || hasReachedThreshold(policy, dirtiness)
}

function hasReachedThreshold({ maxDirtyBlocks, maxDirtyBytes }: AutosyncPolicy, dirtiness: Dirtiness): boolean {
  if (maxDirtyBlocks > 0 && dirtiness.dirtyBlocks >= maxDirtyBlocks) return true
  return maxDirtyBytes > 0 && dirtiness.dirtyBytes >= maxDirtyBytes
}
