import assert from 'node:assert/strict'
import { test } from 'vitest'
import { prepareToLead } from '../../src/readiness.ts'
import { createSqliteModule } from '../../src/vfs/sqlite-module.ts'
import { stackBytes, stackTop } from '../../src/vfs/stack-guard.ts'
import { createEngine } from '../../src/vfs/engine.ts'
import { openFixture } from './vfs/fixture.ts'

test('an instance that has rehearsed has nothing of it, and works', async () => {
  prepareToLead()
  const module = await createSqliteModule()
  // Whoever opens a database in an instance paints the end of its stack: of one that has rehearsed it is painted already.
  assert.notEqual(module.HEAP32[(stackTop - stackBytes) >> 2], 0)
  const { store, view, flush } = await openFixture()
  const engine = await createEngine(
    { view, pragmas: {}, synchronousLevel: 2, tempBytesMax: 1e6, statementCacheMax: 8, onNotice: () => undefined },
    Promise.resolve(module),
  )
  const all = (sql: string) => engine.run(sql, undefined, { rowMode: 'array', resultBytesMax: 1e6 }).rows
  assert.deepEqual(all('SELECT name FROM sqlite_schema'), [])
  all('CREATE TABLE t (a)')
  all('INSERT INTO t VALUES (1)')
  assert.deepEqual(all('SELECT a FROM t'), [[1]])
  flush()
  assert.equal(store.sizeBlocks, 2)
})
