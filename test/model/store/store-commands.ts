/**
 * Commands on one store and its history, for fast-check. After each of them the open store is in the state that its callers were
 * told of, and every recovery ends in one that the history allows.
 */
import * as fc from 'fast-check'
import type { Command } from './command-world.ts'
import { barriers, writes } from './write-commands.ts'
import { checkpoints, reopens, snapshots, upkeep } from './upkeep-commands.ts'
import { kills, powerLosses } from './ending-commands.ts'
import { badReads, failures, flips } from './fault-commands.ts'

/** Weighted by repetition, because fast-check draws evenly. */
const drawn: fc.Arbitrary<Command>[] = [
  ...[writes, writes, writes, writes, barriers, checkpoints, checkpoints, upkeep, snapshots, snapshots, reopens],
  ...[kills, powerLosses, powerLosses, failures, failures, flips, flips, badReads],
]

/** Sequences of up to `maxCommands`. */
export const commandSequences = (maxCommands: number, replayPath?: string) =>
  fc.commands(drawn, { maxCommands, size: 'max', ...(replayPath === undefined ? {} : { replayPath }) })
