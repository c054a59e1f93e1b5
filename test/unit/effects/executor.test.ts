/** Whatever breaks under a request, its caller hears of it, and the next request is not run in what it left behind. */
import { expect, test } from 'vitest'
import { Acks } from '../../../src/effects/acks.ts'
import type { Call } from '../../../src/effects/call.ts'
import { Executor } from '../../../src/effects/executor.ts'
import type { SqlEngine } from '../../../src/effects/ports.ts'
import { limits } from '../../../src/limits.ts'
import { View } from '../../../src/storage/view.ts'
import { blockNo, epoch, txid } from '../../../src/units.ts'
import { ManualClock } from './manual-clock.ts'

const blocks = { blockSize: 4096, sizeBlocks: 0, positions: { writtenTxid: txid(0) }, read: () => undefined }
const call: Call<unknown> = { level: 'deferred', isStrictRead: false, deadlineMs: 1000 }

function executorOver(engine: Pick<SqlEngine, 'isPoisoned' | 'isAutocommit' | 'rollback'>) {
  const log: string[] = []
  const view = new View(blocks, { transactionBytesMax: limits.transactionBytesMax })
  const executor: Executor = new Executor({
    // What it asks of the engine is these three.
    engine: engine as SqlEngine,
    view,
    acks: new Acks(),
    clock: new ManualClock(),
    epoch: () => epoch(1),
    durableTxid: () => txid(0),
    confirmEpoch: () => undefined,
    tellSealed: () => undefined,
    observeError: () => undefined,
    requestFlush: () => undefined,
    onPoisoned() {
      log.push('poisoned')
      executor.pause(true)
    },
    onBroken: (error) => log.push(`broken: ${String(error)}`),
    delayCause: () => undefined,
    groupBytesMax: 1,
    queueMax: 10,
    turnMs: 10,
    awaited: () => undefined,
    mayServe: () => true,
  })
  return { executor, view, log }
}

const broken = () => {
  throw new Error('ROLLBACK failed')
}

test.each(['submit', 'exclusive'] as const)(
  'a transaction that cannot be rolled back is not run on in: %s',
  async (kind) => {
    const { executor, log } = executorOver({ isPoisoned: false, isAutocommit: false, rollback: broken })
    const ran: string[] = []
    const first = kind === 'submit' ? executor.submit(() => 1, call) : executor.exclusive(async () => 1, call)
    void executor.submit(() => ran.push('second'), call)
    await expect(first).rejects.toThrow('ROLLBACK failed')
    await Promise.resolve()
    expect(log).toEqual(['poisoned'])
    expect(ran).toEqual([])
  },
)

test('an outcome that cannot be noted is its caller’s error, and the turn goes on', async () => {
  const { executor, view, log } = executorOver({ isPoisoned: false, isAutocommit: true, rollback: broken })
  const onSealed = () => {
    throw new RangeError('too long')
  }
  const seal = () => {
    view.write(blockNo(0), new Uint8Array(4096))
    return view.seal()
  }
  const first = executor.submit(seal, { ...call, onSealed })
  await expect(first).rejects.toThrow('too long')
  expect(log).toEqual(['broken: RangeError: too long'])
  expect(executor.isIdle).toBe(true)
})
