/**
 * Plays a script of writes and wishes to the shipped autosync machine on a discrete clock, over a medium that takes `flushMs` for each
 * flush, and tells when it flushed, why, and what became durable. Runs wherever XState does.
 */
import { type AnyStateMachine, createActor } from 'xstate'
import {
  type AutosyncEmitted,
  type AutosyncPolicy,
  autosyncMachine,
  type Urgency,
} from '../../src/machines/autosync.ts'
import { DiscreteClock } from './discrete-clock.ts'

export type ScriptStep =
  | { readonly atMs: number; readonly write: { readonly blocks: number; readonly urgency?: Urgency } }
  | { readonly atMs: number; readonly wish: 'flush.requested' | 'drain.requested' }

export interface Script {
  readonly policy: AutosyncPolicy
  /** In order of time. */
  readonly steps: readonly ScriptStep[]
  readonly untilMs: number
  readonly flushMs?: number
  /** Flushes that are refused, counted from 0. */
  readonly refused?: readonly number[]
}

export interface PlayedFlush {
  readonly atMs: number
  readonly trigger: string
  /** Writes that it took. */
  readonly count: number
}

export interface Played {
  readonly flushes: readonly PlayedFlush[]
  /** For each write: how long until it was durable; Infinity if it never was. */
  readonly lagsMs: readonly number[]
  readonly isDrained: boolean
}

const BLOCK_BYTES = 4096

export function play(script: Script, machine: AnyStateMachine = autosyncMachine): Played {
  const { clock, end } = stage(script, { machine })
  clock.runUntil(script.untilMs)
  return end()
}

export interface StageOptions {
  readonly machine?: AnyStateMachine
  /** Told when a flush begins that is not refused: which writes it takes, counted from 0, `through` not included. */
  readonly onFlush?: (taken: { readonly from: number; readonly through: number }) => void
}

/** Everything is set up, and nothing has happened yet: whoever moves the clock plays the script. */
export function stage(
  script: Script,
  { machine = autosyncMachine, onFlush }: StageOptions = {},
): { readonly clock: DiscreteClock; readonly end: () => Played } {
  const clock = new DiscreteClock()
  const input = { policy: script.policy, highBytes: 2 ** 30, normalBytes: 2 ** 29, sealedTxid: 0 }
  const actor = createActor(machine as typeof autosyncMachine, { input })
  const writes: { readonly atMs: number; readonly blocks: number; readonly urgency: Urgency; durableAtMs: number }[] =
    []
  const flushes: PlayedFlush[] = []
  let writtenCount = 0
  let isDrained = false
  let cancelWake = (): void => undefined

  const dirtiness = () => {
    const dirty = writes.slice(writtenCount)
    const dirtyBlocks = dirty.reduce((sum, { blocks }) => sum + blocks, 0)
    const urgency: Urgency = dirty.some((write) => write.urgency === 'now') ? 'now' : 'policy'
    return { dirtyBlocks, dirtyBytes: dirtyBlocks * BLOCK_BYTES, urgency, atMs: clock.nowMs }
  }
  const flush = ({ trigger }: { readonly trigger: string }) => {
    const through = writes.length
    const isRefused = script.refused?.includes(flushes.length) ?? false
    flushes.push({ atMs: clock.nowMs, trigger, count: through - writtenCount })
    if (!isRefused) onFlush?.({ from: writtenCount, through })
    clock.at(clock.nowMs + (script.flushMs ?? 0), () => {
      if (isRefused) return actor.send({ type: 'flush.refused', atMs: clock.nowMs })
      for (const write of writes.slice(writtenCount, through)) write.durableAtMs = clock.nowMs
      writtenCount = through
      actor.send({ type: 'flush.succeeded', writtenTxid: through, durableTxid: through, ...dirtiness() })
    })
  }
  const wake = ({ atMs }: Extract<AutosyncEmitted, { type: 'wake.wanted' }>) => {
    cancelWake()
    cancelWake = atMs === null ? () => undefined : clock.at(atMs, () => actor.send({ type: 'woke', atMs: clock.nowMs }))
  }

  actor.on('flush.wanted', flush)
  actor.on('wake.wanted', wake)
  actor.on('drained', () => (isDrained = true))
  actor.start()
  for (const step of script.steps) {
    clock.at(step.atMs, () => {
      if ('wish' in step) return actor.send({ type: step.wish, atMs: clock.nowMs })
      writes.push({ atMs: clock.nowMs, urgency: 'policy', ...step.write, durableAtMs: Infinity })
      actor.send({ type: 'transactions.sealed', sealedTxid: writes.length, ...dirtiness() })
    })
  }
  const end = (): Played => {
    actor.stop()
    return { flushes, lagsMs: writes.map(({ atMs, durableAtMs }) => durableAtMs - atMs), isDrained }
  }
  return { clock, end }
}
