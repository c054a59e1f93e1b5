/** An engine over a View that throws, or does not seal, when it is told to. */
import { View } from '../../src/storage/view.ts'
import type { BlockNo, Txid } from '../../src/units.ts'
import { type Fixture, flush, openFixture } from '../unit/vfs/fixture.ts'
import { MemoryBlockStore } from '../unit/vfs/memory-block-store.ts'

/** Inserts rows of 900 bytes into t(a, b). */
export const rows = (count: number, from = 1) =>
  `WITH RECURSIVE n(i) AS (VALUES(${from}) UNION ALL SELECT i+1 FROM n WHERE i<${from + count - 1})
   INSERT INTO t SELECT i, printf('%0900d', i) FROM n`
export const ids = (db: Fixture) => db.all('SELECT a FROM t ORDER BY a').flat()

export class TouchyView extends View {
  writeCount = 0
  overlayBytesSeen = 0
  /** The n-th write throws, and with `failsOn` all that follow. */
  failAt = Infinity
  failsOn = false
  isDeaf = false

  override write(at: BlockNo, bytes: Uint8Array): void {
    this.writeCount++
    if (this.writeCount === this.failAt || (this.failsOn && this.writeCount > this.failAt))
      throw new RangeError('nobody expects this')
    super.write(at, bytes)
    this.overlayBytesSeen = Math.max(this.overlayBytesSeen, this.overlayBytes)
  }

  override seal(): Txid | undefined {
    return this.isDeaf ? undefined : super.seal()
  }
}

export async function openTouchy(options: { readonly cacheSize?: number; readonly transactionBytesMax?: number } = {}) {
  const store = new MemoryBlockStore()
  const view = new TouchyView(store, { transactionBytesMax: options.transactionBytesMax ?? 1e9 })
  const db = await openFixture({
    store,
    view,
    pragmas: options.cacheSize === undefined ? {} : { cacheSize: options.cacheSize },
  })
  db.run('CREATE TABLE t(a INTEGER PRIMARY KEY, b)')
  flush(view, store)
  return { store, view, db }
}
