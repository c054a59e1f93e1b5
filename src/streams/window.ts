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

/** Oldest first. */
export type Window = readonly Slot[]

export const emptyWindow: Window = []

export function addTo(window: Window, nowMs: number, happened: Happened): Window {
  const startMs = Math.floor(nowMs / slotMs) * slotMs
  const last = window.at(-1)
  if (last?.startMs === startMs) return [...window.slice(0, -1), { startMs, ...sumOf([last, happened]) }]
  return [...upTo(window, nowMs), { startMs, ...happened }]
}

/** Without the slots that are too old at `nowMs`; the same window when none is. */
export function upTo(window: Window, nowMs: number): Window {
  const oldest = window[0]
  if (oldest === undefined || !isTooOld(oldest, nowMs)) return window
  return window.filter((slot) => !isTooOld(slot, nowMs))
}

export function sumOf(parts: readonly Happened[]): Happened {
  let [blocks, bytes, succeeded, failed] = [0, 0, 0, 0]
  for (const part of parts) {
    blocks += part.blocks
    bytes += part.bytes
    succeeded += part.succeeded
    failed += part.failed
  }
  return { blocks, bytes, succeeded, failed }
}

const isTooOld = (slot: Slot, nowMs: number): boolean => slot.startMs + slotMs <= nowMs - windowMs
