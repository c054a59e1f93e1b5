/**
 * What happened in the last 10 seconds, in slots of 250 ms: at most 41 of them, however much happened.
 * A slot leaves as a whole once its end is 10 s old. Pure; times are monotonic milliseconds.
 */
export const windowMs = 10_000
export const slotMs = 250

export interface Happened {
  readonly blocks: number
  readonly bytes: number
  readonly succeeded: number
  readonly failed: number
}

interface Slot extends Happened {
  readonly startMs: number
}

/** The current slot apart from the older ones, oldest first, so that adding to it copies nothing else. */
export interface Window {
  readonly older: readonly Slot[]
  readonly current: Slot | undefined
}

export const emptyWindow: Window = { older: [], current: undefined }

export const isEmpty = ({ older, current }: Window): boolean => current === undefined && older.length === 0

export function addTo(window: Window, nowMs: number, happened: Happened): Window {
  const { older, current } = window
  const startMs = Math.floor(nowMs / slotMs) * slotMs
  if (current?.startMs === startMs) return { older, current: slotOf(startMs, plus(current, happened)) }
  const kept = upTo(window, nowMs)
  return {
    older: kept.current === undefined ? kept.older : [...kept.older, kept.current],
    current: slotOf(startMs, happened),
  }
}

/** Without the slots that are too old at `nowMs`; the same window when none is. */
export function upTo(window: Window, nowMs: number): Window {
  const { older, current } = window
  if (current !== undefined && isTooOld(current, nowMs)) return emptyWindow
  const oldest = older[0]
  if (oldest === undefined || !isTooOld(oldest, nowMs)) return window
  return { older: older.filter((slot) => !isTooOld(slot, nowMs)), current }
}

export function sumOf({ older, current }: Window): Happened {
  return older.reduce(plus, current ?? nothing)
}

const nothing: Happened = { blocks: 0, bytes: 0, succeeded: 0, failed: 0 }

const plus = (left: Happened, right: Happened): Happened => ({
  blocks: left.blocks + right.blocks,
  bytes: left.bytes + right.bytes,
  succeeded: left.succeeded + right.succeeded,
  failed: left.failed + right.failed,
})

const slotOf = (startMs: number, { blocks, bytes, succeeded, failed }: Happened): Slot => ({
  startMs,
  blocks,
  bytes,
  succeeded,
  failed,
})

const isTooOld = (slot: Slot, nowMs: number): boolean => slot.startMs + slotMs <= nowMs - windowMs
