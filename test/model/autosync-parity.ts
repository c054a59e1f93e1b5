/**
 * The parity table: (policy, script of writes and times) → flushes expected. The same rows hold in Node and in browsers.
 * Times are milliseconds; a flush takes `flushMs` (0: none). `flushes` lists when, why, and how many writes each took.
 */
import type { AutosyncPolicy } from '../../src/machines/autosync.ts'
import type { PlayedFlush, Script, ScriptStep } from './autosync-script.ts'

export interface ParityRow extends Script {
  readonly name: string
  readonly flushes: readonly PlayedFlush[]
}

/** Every trigger off, except the bound on age. */
const calm: AutosyncPolicy = { intervalMs: 0, debounceMs: 0, maxWaitMs: 1000, maxDirtyBlocks: 0, maxDirtyBytes: 0 }

const write = (atMs: number, blocks = 1): ScriptStep => ({ atMs, write: { blocks } })
const strict = (atMs: number): ScriptStep => ({ atMs, write: { blocks: 1, urgency: 'now' } })
const each = (ms: number, { from, until }: { from: number; until: number }): ScriptStep[] =>
  Array.from({ length: Math.floor((until - from) / ms) + 1 }, (_, i) => write(from + i * ms))
const flushed = (atMs: number, trigger: string, count: number): PlayedFlush => ({ atMs, trigger, count })

export const parityRows: readonly ParityRow[] = [
  {
    name: 'nothing written: nothing flushed',
    policy: { ...calm, intervalMs: 100 },
    steps: [],
    untilMs: 5000,
    flushes: [],
  },
  {
    name: 'interval: flushes at each of its multiples at which something is dirty',
    policy: { ...calm, intervalMs: 100 },
    steps: [write(10), write(20), write(130), write(350)],
    untilMs: 1000,
    flushes: [flushed(100, 'interval', 2), flushed(200, 'interval', 1), flushed(400, 'interval', 1)],
  },
  {
    name: 'interval: a write at the tick belongs to the next',
    policy: { ...calm, intervalMs: 100 },
    steps: [write(100)],
    untilMs: 1000,
    flushes: [flushed(200, 'interval', 1)],
  },
  {
    name: 'threshold of blocks without debounce: flushes at the write that reaches it',
    policy: { ...calm, maxDirtyBlocks: 3 },
    steps: [write(10), write(20), write(30), write(40)],
    untilMs: 500,
    flushes: [flushed(30, 'threshold', 3)],
  },
  {
    name: 'threshold of bytes without debounce: flushes at the write that reaches it',
    policy: { ...calm, maxDirtyBytes: 8192 },
    steps: [write(10), write(20, 5), write(40)],
    untilMs: 500,
    flushes: [flushed(20, 'threshold', 2)],
  },
  {
    name: 'threshold with debounce: arms, and flushes when nothing was written for that long',
    policy: { ...calm, maxDirtyBlocks: 2, debounceMs: 50 },
    steps: [write(0), write(100), write(120), write(160)],
    untilMs: 500,
    flushes: [flushed(210, 'debounce', 4)],
  },
  {
    name: 'threshold with debounce: below the threshold only age counts',
    policy: { ...calm, maxDirtyBlocks: 2, debounceMs: 50 },
    steps: [write(0)],
    untilMs: 2000,
    flushes: [flushed(1000, 'maxWait', 1)],
  },
  {
    name: 'debounce without a threshold: flushes when nothing was written for that long',
    policy: { ...calm, debounceMs: 50 },
    steps: [write(0), write(30), write(60), write(300)],
    untilMs: 1000,
    flushes: [flushed(110, 'debounce', 3), flushed(350, 'debounce', 1)],
  },
  {
    name: 'a write each 40 ms for ever: maxWait bounds what debounce would put off',
    policy: { ...calm, debounceMs: 50, maxWaitMs: 190 },
    steps: each(40, { from: 0, until: 600 }),
    untilMs: 1000,
    flushes: [
      flushed(190, 'maxWait', 5),
      flushed(390, 'maxWait', 5),
      flushed(590, 'maxWait', 5),
      flushed(650, 'debounce', 1),
    ],
  },
  {
    name: 'maxWait counts from the oldest write, each flush anew',
    policy: { ...calm, maxWaitMs: 100 },
    steps: [write(0), write(90), write(110)],
    untilMs: 1000,
    flushes: [flushed(100, 'maxWait', 2), flushed(210, 'maxWait', 1)],
  },
  {
    name: 'what is written during a flush is the next group, and ages from its own seal',
    policy: { ...calm, maxWaitMs: 100 },
    steps: [write(0), write(110), write(150)],
    flushMs: 30,
    untilMs: 1000,
    flushes: [flushed(100, 'maxWait', 1), flushed(210, 'maxWait', 2)],
  },
  {
    name: 'strict writes flush at once; those that arrive during a flush share the next',
    policy: calm,
    steps: [strict(0), strict(5), strict(10), strict(100)],
    flushMs: 20,
    untilMs: 1000,
    flushes: [flushed(0, 'urgent', 1), flushed(20, 'urgent', 2), flushed(100, 'urgent', 1)],
  },
  {
    name: 'a strict write takes with it what was deferred before it',
    policy: { ...calm, intervalMs: 500 },
    steps: [write(10), write(20), strict(30)],
    untilMs: 1000,
    flushes: [flushed(30, 'urgent', 3)],
  },
  {
    name: 'forceSync flushes at once what is dirty, and nothing when nothing is',
    policy: calm,
    steps: [{ atMs: 10, wish: 'flush.requested' }, write(20), { atMs: 30, wish: 'flush.requested' }],
    untilMs: 2000,
    flushes: [flushed(30, 'requested', 1)],
  },
  {
    name: 'forceSync during a flush is honoured when it ends',
    policy: calm,
    steps: [strict(0), write(10), { atMs: 15, wish: 'flush.requested' }],
    flushMs: 20,
    untilMs: 2000,
    flushes: [flushed(0, 'urgent', 1), flushed(20, 'requested', 1)],
  },
  {
    name: 'a full disk: the same group again after 100, then 200 ms',
    policy: calm,
    steps: [strict(0)],
    refused: [0, 1],
    untilMs: 2000,
    flushes: [flushed(0, 'urgent', 1), flushed(100, 'retry', 1), flushed(300, 'retry', 1)],
  },
  {
    name: 'drain flushes what is sealed, at once, and nothing afterwards',
    policy: { ...calm, intervalMs: 100 },
    steps: [write(10), { atMs: 20, wish: 'drain.requested' }],
    untilMs: 2000,
    flushes: [flushed(20, 'drain', 1)],
  },
  {
    name: 'drain waits for the flush in flight and flushes what was sealed meanwhile',
    policy: calm,
    steps: [strict(0), write(5), { atMs: 10, wish: 'drain.requested' }],
    flushMs: 20,
    untilMs: 2000,
    flushes: [flushed(0, 'urgent', 1), flushed(20, 'drain', 1)],
  },
]
