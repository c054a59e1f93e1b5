/**
 * Tests of the tests: each mutant is the store with one defence taken out of its source, and must be caught by an invariant by name.
 * The unchanged copy must pass, so that it is the edit that is caught.
 *
 * Not listed, because another defence hides them under the faults that are modelled here:
 *   no preallocation of segments            only the speed of a barrier depends on it
 *   guard bytes are not written to the home other programs are kept away by them; attack 34 holds it
 *   block 0 is not carried by segments      powersafe overwrite: a torn write of bytes 18 and 19 leaves the rest of the block alone
 *   one copy of a segment header            a segment that is being made is not acknowledged; only bit rot needs the second
 *   a record counts without its trailer     header and entries of three blocks lie in one sector; codec/flips.test.ts has longer ones
 *   chain hash not compared in a segment    epoch and txid of a stale record differ as well; the link between segments is below
 */
import type * as Checksum from '../../src/storage/checksum.ts'
import type * as Recover from '../../src/storage/recover.ts'
import { describe, expect, test } from 'vitest'
import type { FileSystem } from '../../src/storage/file-system.ts'
import { CrashChecker } from './crash/crash-checker.ts'
import { type Edit, makeMutant } from './mutants/mutant.ts'
import { type OpenStore, storeOptions } from './open-store.ts'
import type { CallKind } from './sim-faults.ts'
import type { Step } from './store-world.ts'

interface Mutant {
  readonly name: string
  readonly edits: readonly Edit[]
  readonly killedBy: RegExp
  /** Workloads that are crashed; with `fails`, after the n-th call of that kind has failed and was healed. */
  readonly workloads: readonly (readonly Step[])[]
  readonly fails?: CallKind
  /** How many writes at once are damaged; 1 unless two slots must be hit. */
  readonly damagedMax?: number
}

const edit = (file: string, from: string, to = ''): Edit => ({ file, from, to })
const short: readonly (readonly Step[])[] = [
  ['one'],
  ['one', 'two'],
  ['two', 'checkpoint'],
  ['one', 'reopen'],
  ['reopen'],
]

const mutants: readonly Mutant[] = [
  {
    name: 'no barrier on the log',
    edits: [edit('barrier-line.ts', 'for (const { segment } of unflushed) segment.file.flush()')],
    killedBy: /D1/,
    workloads: short,
  },
  {
    name: 'no barrier on the header',
    edits: [
      edit(
        'header-file.ts',
        'this.#slot, this.#nextSlot * SECTOR_BYTES)\n      await this.#file.flushAsync()',
        'this.#slot, this.#nextSlot * SECTOR_BYTES)',
      ),
    ],
    killedBy: /C2|Z2|D1/,
    workloads: [...short, ['two', 'checkpoint', 'one', 'one']],
  },
  {
    name: 'the header before the home is durable',
    edits: [
      edit(
        'checkpointer.ts',
        'home.growTo(sizeBlocks)\n  await parts.files.home.flushAsync()',
        'home.growTo(sizeBlocks)',
      ),
    ],
    killedBy: /C2|A1/,
    workloads: short,
  },
  {
    name: 'the header before the table is durable',
    edits: [edit('checkpointer.ts', 'await parts.files.table.flushAsync()')],
    killedBy: /C2: .*TABLE_CORRUPT/,
    workloads: short,
  },
  {
    name: 'header slots do not alternate',
    edits: [edit('header-file.ts', 'this.#nextSlot = this.#nextSlot === 0 ? 1 : 0\n    this.#copy()')],
    killedBy: /C2: .*HEADER_CORRUPT|Z2|D1/,
    workloads: [['one', 'checkpoint', 'two', 'checkpoint']],
  },
  {
    name: 'table pages are written where they stand',
    edits: [edit('block-table.ts', 'slotAt(pageNo, page.currentSlot === 0 ? 1 : 0)', 'slotAt(pageNo, 0)')],
    killedBy: /C2: .*TABLE_CORRUPT/,
    workloads: [['one', 'checkpoint', 'two', 'checkpoint']],
  },
  {
    name: 'what was found in the header is not made durable',
    edits: [edit('open-files.ts', 'await header.settle()')],
    killedBy: /C2: .*HEADER_CORRUPT/,
    workloads: [['reopen']],
    damagedMax: 2,
  },
  {
    name: 'names are not synced when a store is made',
    edits: [
      edit('create-store.ts', 'makeEmpty(files, options)\n    await fs.flushNames()', 'makeEmpty(files, options)'),
    ],
    killedBy: /D1|C2/,
    workloads: [[], ['one']],
  },
  {
    name: 'images are not verified by recovery',
    edits: [edit('record-decoder.ts', 'if (actual === checksum) return', 'if (actual !== undefined) return')],
    killedBy: /A1|A2|C2/,
    workloads: [['two'], ['one', 'two']],
  },
  {
    name: 'the epoch is not raised',
    edits: [edit('open-files.ts', 'epoch: epoch(greatest + 1)', 'epoch: epoch(greatest)')],
    killedBy: /Z2/,
    workloads: short,
  },
  {
    name: 'recovery trusts the table and skips what it has',
    edits: [
      edit('checkpointer.ts', '  if (at >= sizeBlocks) return 0', '  if (at >= sizeBlocks || had) return 0'),
      edit(
        'checkpointer.ts',
        '  table.set(at, frame)\n',
        '  const had = table.get(at)?.txid === frame.txid\n  table.set(at, frame)\n',
      ),
      edit(
        'checkpointer.ts',
        'home.growTo(sizeBlocks)\n  await parts.files.home.flushAsync()',
        'home.growTo(sizeBlocks)',
      ),
    ],
    killedBy: /C2|A1/,
    workloads: [
      ['two', 'checkpoint'],
      ['two', 'checkpoint', 'one'],
    ],
  },
  {
    name: 'a tombstone forgets its version',
    edits: [
      edit(
        'group-body.ts',
        '(reader.entryOf(at)?.version ?? 0) + 1',
        '(reader.entryOf(at)?.isTombstone === false ? (reader.entryOf(at)?.version ?? 0) : 0) + 1',
      ),
    ],
    killedBy: /V1/,
    workloads: [
      ['one', 'free', 'one', 'one', 'one'],
      ['one', 'truncate', 'one', 'one'],
    ],
  },
  {
    name: 'outcomes of requests are not carried on',
    edits: [edit('carried.ts', 'encodeRequests(requests.entries())', 'encodeRequests([])')],
    killedBy: /A1: .*requests/,
    workloads: [
      ['one', 'reopen'],
      ['one', 'checkpoint'],
    ],
  },
  {
    name: 'a segment that continues from a record that is gone ends the log',
    edits: [edit('log-verdict.ts', 'if (kept === undefined) continue', 'if (kept === undefined) break')],
    killedBy: /A3|D1|C2/,
    workloads: [['relaxed', 'relaxed', 'checkpoint', 'one']],
    fails: 'flush',
  },
  {
    name: 'segments are accepted whatever they continue from',
    edits: [
      edit('log-verdict.ts', 'return hash === chain ? [] : undefined', 'return hash === chain ? [] : [...accepted]'),
    ],
    killedBy: /A|D1|C2/,
    workloads: [
      ['relaxed', 'relaxed'],
      ['relaxed', 'two'],
    ],
  },
  {
    name: 'a new series continues from what no barrier covers',
    edits: [edit('void-series.ts', 'untilUnflushed(durable)', 'durable')],
    killedBy: /D1/,
    workloads: [['two', 'relaxed', 'checkpoint', 'one']],
    fails: 'flush',
  },
  {
    name: 'a header that failed may stand while the table changes',
    edits: [edit('checkpointer.ts', 'await header.reassert()')],
    killedBy: /C2: .*TABLE_CORRUPT/,
    workloads: [['two', 'checkpoint', 'free', 'checkpoint']],
    fails: 'flush',
  },
]

async function openerOf(name: string, edits: readonly Edit[]): Promise<OpenStore> {
  const directory = makeMutant(name, edits)
  const [{ openFileStore }, { loadChecksums }] = (await Promise.all([
    import(/* @vite-ignore */ `${directory}recover.ts`),
    import(/* @vite-ignore */ `${directory}checksum.ts`),
    // The copy has the types of the original.
  ])) as [typeof Recover, typeof Checksum]
  return async (fileSystem: FileSystem) => {
    await loadChecksums()
    return (await openFileStore(fileSystem, storeOptions)).store
  }
}

interface Trial {
  readonly open: OpenStore
  /** What is looked for: nothing runs after it. */
  readonly killedBy?: RegExp
  readonly trials: readonly Pick<Mutant, 'workloads' | 'fails' | 'damagedMax'>[]
}

/** Violations of the first workload that has any, up to the one that is enough. */
async function violationsOf({ open, trials, killedBy }: Trial): Promise<readonly string[]> {
  const isEnough = (violation: string) => killedBy?.test(violation) === true
  for (const { workloads, fails, damagedMax = 1 } of trials) {
    const rule = { damagedMax, crossedMax: 4 }
    const checker = new CrashChecker({ open, rule, nestedRule: rule, nestedDepth: () => 0, isEnough })
    for (const steps of workloads) {
      if (fails === undefined) await checker.check(steps)
      else {
        const fault = { kinds: [fails], error: 'EIO', isLasting: false } as const
        let nth = 1
        while (checker.violations.length === 0 && (await checker.checkAfterFailure(steps, { ...fault, nth }))) nth++
      }
      if (checker.violations.length > 0) return checker.violations
    }
  }
  return []
}

describe('protocol mutants of the store', () => {
  test('the copy without an edit passes what the mutants are given', async () => {
    const trials = [
      { workloads: short, damagedMax: 2 },
      { workloads: [['two', 'checkpoint', 'one'] as const], fails: 'flush' as const },
    ]
    expect(await violationsOf({ open: await openerOf('none', []), trials })).toEqual([])
  }, 300_000)

  test.each(mutants)('$name', async ({ name, edits, killedBy, ...trial }) => {
    const violations = await violationsOf({ open: await openerOf(name, edits), trials: [trial], killedBy })
    expect(violations.join('\n')).toMatch(killedBy)
  })
})
