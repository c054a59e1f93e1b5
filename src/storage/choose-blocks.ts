/** Which blocks a verification looks at: all, or a sample in which every set of blocks is as likely as any other. */
import { assert } from '../assert.ts'
import { limits } from '../limits.ts'
import { type BlockNo, blockNo } from '../units.ts'
import type { VerifyOptions } from './block-store.ts'

export function* chooseBlocks(
  sizeBlocks: number,
  { mode, random, sampleSize = limits.recoverySampleSize }: VerifyOptions,
): Generator<BlockNo> {
  if (mode === 'full') {
    for (let at = 0; at < sizeBlocks; at++) yield blockNo(at)
    return
  }
  assert(random !== undefined, 'a sample needs a source of randomness')
  const chosen = new Set<number>()
  const count = Math.min(sampleSize, sizeBlocks)
  // Floyd: each of the last `count` numbers is drawn once, so that every subset is as likely as any other.
  for (let top = sizeBlocks - count; top < sizeBlocks; top++) {
    const drawn = Math.floor(random() * (top + 1))
    chosen.add(chosen.has(drawn) ? top : drawn)
  }
  for (const at of chosen) yield blockNo(at)
}
