/** Parts of the engine that can be seen alone: temporary files, and the page that SQLite never writes. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { View } from '../../../src/storage/view.ts'
import { blockNo } from '../../../src/units.ts'
import { TempFiles } from '../../../src/vfs/temp-files.ts'
import { thrownBy } from './fixture.ts'
import { MemoryBlockStore } from './memory-block-store.ts'

describe('temporary files', () => {
  test('read what was written, as one array of bytes would', () => {
    const at = fc.integer({ min: 0, max: 200_000 })
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('write' as const),
        at,
        length: fc.integer({ min: 0, max: 70_000 }),
        byte: fc.integer({ min: 1, max: 255 }),
      }),
      fc.record({ kind: fc.constant('truncate' as const), at }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const files = new TempFiles(10_000_000)
        let model = new Uint8Array(0)
        files.open(7)
        for (const { kind, at, ...rest } of steps) {
          const end = kind === 'write' && 'length' in rest ? at + rest.length : at
          const next = new Uint8Array(kind === 'truncate' ? at : Math.max(model.length, end))
          next.set(model.subarray(0, next.length))
          if (kind === 'truncate') files.truncate(7, at)
          else if ('length' in rest) {
            next.fill(rest.byte, at, end)
            files.write(7, new Uint8Array(rest.length).fill(rest.byte), at)
          }
          model = next
        }
        const into = new Uint8Array(model.length + 100).fill(99)
        expect(files.size(7)).toBe(model.length)
        expect(files.read(7, into, 0)).toBe(model.length)
        expect(Buffer.compare(into.subarray(0, model.length), model)).toBe(0)
        expect(into.subarray(model.length).every((byte) => byte === 0)).toBe(true)
        files.close(7)
        expect(files.bytes).toBe(0)
      }),
      { numRuns: 100 },
    )
  })

  test('hold no more together than their limit', () => {
    const files = new TempFiles(3 * 65_536)
    files.open(1)
    files.open(2)
    files.write(1, new Uint8Array(65_536), 0)
    files.write(2, new Uint8Array(2), 65_535)
    expect(thrownBy(() => files.write(1, new Uint8Array(1), 65_536))).toMatchObject({ code: 'TRANSACTION_TOO_LARGE' })
    files.close(2)
    files.write(1, new Uint8Array(1), 65_536)
    expect(files.bytes).toBe(2 * 65_536)
  })
})

test('the lock-byte page at 1 GiB, which SQLite leaves out, reads as zeros and takes no block', () => {
  const store = new MemoryBlockStore()
  const view = new View(store, { transactionBytesMax: 1e9 })
  const lockBlock = 0x4000_0000 / view.blockSize
  const page = new Uint8Array(view.blockSize).fill(5)
  view.write(blockNo(lockBlock - 1), page)
  view.write(blockNo(lockBlock + 1), page)
  view.seal()
  const into = new Uint8Array(view.blockSize).fill(9)
  const expectZeros = () => {
    view.read(blockNo(lockBlock), into.fill(9))
    expect(into.every((byte) => byte === 0)).toBe(true)
    view.read(blockNo(lockBlock + 1), into)
    expect(into).toEqual(page)
    expect(view.sizeBlocks).toBe(lockBlock + 2)
  }
  expectZeros()
  const group = view.takeGroup({ timeMs: 0, requests: [] })
  if (group === undefined) throw new Error('something was sealed')
  expectZeros()
  store.append(group)
  view.settle()
  expectZeros()
  expect(store.blocks.size).toBe(2)
})
