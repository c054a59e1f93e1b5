/** The spaces that are walked: what members do and suffer in each, how far it goes, and how large it is. */
import { type ClusterBounds, type Protocol, shipped, type Skew } from './protocol.ts'

export interface Space {
  readonly name: string
  readonly protocol: Protocol
  readonly bounds: ClusterBounds
  /** Deterministic, so that a space that shrinks unseen fails. Absent: printed only. */
  readonly size?: { readonly stateCount: number; readonly stepCount: number }
}

/** Two members that write, two requests in all, one fault. */
export const small: ClusterBounds = {
  members: 2,
  kinds: ['write'],
  perMember: 2,
  requestsMax: 2,
  windowMax: 1,
  faultsMax: 1,
  messagesMax: 2,
  losesBeats: true,
  missedMax: 1,
  restarts: false,
}

/** One robs at the first beat that it misses, the other after three; the hasty one's clock gains a beat. */
export const skewed: Skew = { missedMax: [1, 3], gains: 1, gainMax: 1 }

const both = ['write', 'read'] as const
const files: Protocol = { ...shipped, medium: 'files' }

export const usual: readonly Space[] = [
  {
    name: 'two write with two requests at once, connections that keep the order',
    protocol: { ...shipped, channel: 'ordered' },
    bounds: { ...small, windowMax: 2 },
    size: { stateCount: 27_693, stepCount: 77_040 },
  },
  {
    name: 'two write and read strictly',
    protocol: shipped,
    bounds: { ...small, kinds: both },
    size: { stateCount: 259_633, stepCount: 948_101 },
  },
  {
    name: 'two write and read plainly',
    protocol: { ...shipped, reads: 'plain' },
    bounds: { ...small, kinds: both },
    size: { stateCount: 187_606, stepCount: 658_409 },
  },
  {
    name: 'two on files write and read',
    protocol: files,
    bounds: { ...small, kinds: both },
    size: { stateCount: 45_450, stepCount: 141_013 },
  },
  {
    name: 'two on files under a lock that breaks, two faults, one request',
    protocol: { ...files, isLockBroken: true },
    bounds: { ...small, kinds: both, faultsMax: 2, requestsMax: 1, messagesMax: 1 },
    size: { stateCount: 29_212, stepCount: 78_237 },
  },
  {
    name: 'two that crash come back',
    protocol: shipped,
    bounds: { ...small, restarts: true },
    size: { stateCount: 69_373, stepCount: 241_786 },
  },
  {
    name: 'three, one of whom writes or reads',
    protocol: shipped,
    bounds: { ...small, members: 3, kinds: both, requestsMax: 1 },
    size: { stateCount: 121_048, stepCount: 529_723 },
  },
  {
    name: 'two write and read strictly by clocks that differ, and nothing fails',
    protocol: shipped,
    bounds: { ...small, kinds: both, faultsMax: 0, skew: skewed },
    size: { stateCount: 115_869, stepCount: 421_718 },
  },
  {
    name: 'two write by clocks that differ, one request',
    protocol: shipped,
    bounds: { ...small, requestsMax: 1, skew: skewed },
    size: { stateCount: 103_238, stepCount: 348_296 },
  },
]

/** With DATASYNC_TEST_LONG=1: half a minute to minutes each, and up to a gigabyte. */
export const long: readonly Space[] = [
  {
    name: 'two write, two faults, a wild channel',
    protocol: shipped,
    bounds: { ...small, faultsMax: 2, messagesMax: 1 },
    size: { stateCount: 764_863, stepCount: 2_670_277 },
  },
  {
    name: 'two write with two requests at once, two faults, connections that keep the order',
    protocol: { ...shipped, channel: 'ordered' },
    bounds: { ...small, faultsMax: 2, windowMax: 2 },
    size: { stateCount: 725_242, stepCount: 2_336_736 },
  },
  {
    name: 'two on files under a lock that breaks, two faults',
    protocol: { ...files, isLockBroken: true },
    bounds: { ...small, kinds: both, faultsMax: 2, messagesMax: 1 },
    size: { stateCount: 304_698, stepCount: 947_359 },
  },
  {
    name: 'two write and read strictly by clocks that differ by two beats, and nothing fails',
    protocol: shipped,
    bounds: { ...small, kinds: both, faultsMax: 0, messagesMax: 1, skew: { ...skewed, gainMax: 2 } },
    size: { stateCount: 388_418, stepCount: 1_288_842 },
  },
  {
    name: 'three by clocks that differ, one of whom writes or reads, and nothing fails',
    protocol: shipped,
    bounds: {
      ...small,
      members: 3,
      kinds: both,
      faultsMax: 0,
      requestsMax: 1,
      skew: { ...skewed, missedMax: [1, 2, 3] },
    },
    size: { stateCount: 248_708, stepCount: 1_159_457 },
  },
  {
    name: 'two write and read strictly, two faults',
    protocol: shipped,
    bounds: { ...small, kinds: both, faultsMax: 2, messagesMax: 1 },
  },
  {
    name: 'two write, two faults, two messages',
    protocol: shipped,
    bounds: { ...small, faultsMax: 2 },
  },
  {
    name: 'three write',
    protocol: shipped,
    bounds: { ...small, members: 3 },
  },
]
