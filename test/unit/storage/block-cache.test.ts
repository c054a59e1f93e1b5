import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BlockCache } from '../../../src/storage/block-cache.ts'
import { blockNo } from '../../../src/units.ts'

const BLOCK = 4096
const image = (byte: number) => new Uint8Array(BLOCK).fill(byte)

describe('block cache', () => {
  test('keeps a copy of what it was given', () => {
    const cache = new BlockCache({ cacheBytes: 4 * BLOCK, blockSize: BLOCK })
    const bytes = image(7)
    cache.set(blockNo(1), bytes)
    bytes.fill(9)
    expect(cache.get(blockNo(1))).toEqual(image(7))
  })

  test('a block that is used stays, one that is not gives way', () => {
    const cache = new BlockCache({ cacheBytes: 3 * BLOCK, blockSize: BLOCK })
    for (const at of [1, 2, 3]) cache.set(blockNo(at), image(at))
    for (let at = 10; at < 40; at++) {
      expect(cache.get(blockNo(1))).toEqual(image(1))
      cache.set(blockNo(at), image(at))
    }
    expect(cache.get(blockNo(2))).toBeUndefined()
    expect(cache.bytes).toBe(3 * BLOCK)
  })

  test('never holds more than its bytes, and never another content than the last one set', () => {
    const step = fc.record({
      kind: fc.constantFrom('set', 'get', 'delete', 'clear'),
      at: fc.nat(12),
      byte: fc.nat(255),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const cache = new BlockCache({ cacheBytes: 5 * BLOCK, blockSize: BLOCK })
        const last = new Map<number, number>()
        for (const { kind, at, byte } of steps) {
          if (kind === 'set') cache.set(blockNo(at), image(last.set(at, byte).get(at) ?? 0))
          else if (kind === 'delete') cache.delete(blockNo(at))
          else if (kind === 'clear') cache.clear()
          const found = cache.get(blockNo(at))
          if (kind === 'delete' || kind === 'clear') expect(found).toBeUndefined()
          if (found !== undefined) expect([found[0], found[BLOCK - 1]]).toEqual([last.get(at), last.get(at)])
          expect(cache.bytes).toBeLessThanOrEqual(5 * BLOCK)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('a cache of no bytes holds nothing', () => {
    const cache = new BlockCache({ cacheBytes: 0, blockSize: BLOCK })
    cache.set(blockNo(1), image(1))
    expect(cache.get(blockNo(1))).toBeUndefined()
  })
})
