/** A machine that breaks one of its own rules. */
import { describe, expect, test } from 'vitest'
import { DatabaseHandle } from '../../src/database.ts'
import type { DatabaseError } from '../../src/errors.ts'
import { limits } from '../../src/limits.ts'
import { settingsOf } from '../../src/options.ts'
import { Reign } from '../../src/reign.ts'
import { newReport } from '../../src/storage/report-draft.ts'
import { View } from '../../src/storage/view.ts'
import { createStreams } from '../../src/streams/streams.ts'
import { txid } from '../../src/units.ts'
import { createEngine } from '../../src/vfs/engine.ts'
import { codeOf } from '../api/harness.ts'
import { ManualClock } from '../unit/effects/manual-clock.ts'
import { MemoryBlockStore } from '../unit/vfs/memory-block-store.ts'

/** Says that what it has just written is not written, which no machine can make sense of. */
class LyingStore extends MemoryBlockStore {
  isLying = false

  override get positions() {
    return this.isLying ? { writtenTxid: txid(0), durableTxid: txid(0), checkpointedTxid: txid(0) } : super.positions
  }
}

async function openReign() {
  const store = new LyingStore()
  const clock = new ManualClock()
  const settings = settingsOf({ storage: 'memory' })
  const makeEngine = (view: View) =>
    createEngine({
      view,
      pragmas: {},
      synchronousLevel: 2,
      tempBytesMax: limits.transactionBytesMax,
      statementCacheMax: limits.statementCacheMax,
      onNotice: () => undefined,
    })
  const view = new View(store, { transactionBytesMax: limits.transactionBytesMax })
  const failures: DatabaseError[] = []
  const status = {
    state: 'leading',
    role: 'leader',
    medium: 'memory',
    location: '',
    epoch: 1,
    durability: 'strict',
  } as const
  const reign: Reign = new Reign({
    settings,
    store,
    view,
    engine: await makeEngine(view),
    makeEngine,
    streams: createStreams({ clock, initialStatus: status }),
    clock,
    heldSinceMs: clock.now(),
    recoveryReport: newReport(),
    onFailed: (error) => {
      failures.push(error)
      reign.fail(error)
    },
    close: () => reign.release({ isClean: false }),
  })
  return { store, clock, failures, db: new DatabaseHandle('test', reign) }
}

describe('attack-31', () => {
  test('attack-31 an exception in an action of a machine fails the database and rejects everyone who waits', async () => {
    const { store, failures, db } = await openReign()
    await db.exec('CREATE TABLE t (a INTEGER PRIMARY KEY)')
    store.isLying = true
    const writes = [1, 2, 3].map((id) => codeOf(db.exec('INSERT INTO t VALUES (?)', [id])))
    expect(await Promise.all(writes)).toEqual(['DATABASE_FAILED', 'DATABASE_FAILED', 'DATABASE_FAILED'])
    expect(failures[0]?.code).toBe('DATABASE_FAILED')
    expect(await codeOf(db.query('SELECT 1'))).toBe('DATABASE_FAILED')
    expect(await codeOf(db.transaction(() => 1))).toBe('DATABASE_FAILED')
  })
})
