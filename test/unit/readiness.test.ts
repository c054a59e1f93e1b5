import assert from 'node:assert/strict'
import { test } from 'vitest'
import { prepareToLead } from '../../src/readiness.ts'
import { openFixture } from './vfs/fixture.ts'

test('an engine in an instance that has rehearsed has nothing of it, and works', async () => {
  prepareToLead()
  const { all, run, flush, store } = await openFixture()
  assert.deepEqual(all('SELECT name FROM sqlite_schema'), [])
  run('CREATE TABLE t (a)')
  run('INSERT INTO t VALUES (1)')
  assert.deepEqual(all('SELECT a FROM t'), [[1]])
  flush()
  assert.equal(store.sizeBlocks, 2)
})
