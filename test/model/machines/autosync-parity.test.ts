/** The parity table against a disk: what a power loss at each moment would leave. In browsers: test/browser/parity.browser.test.ts. */
import { expect, test } from 'vitest'
import { arrivalsOf, playOnMedium } from '../autosync-medium.ts'
import { parityRows } from '../autosync-parity.ts'
import { imageAfter } from '../crash-images.ts'
import { openStore } from '../open-store.ts'
import { SimDisk } from '../sim-disk.ts'

test.each(parityRows)('on the disk: $name', async (row) => {
  const disk = new SimDisk()
  const store = await openStore(disk)
  const lastOnMedium = async () => {
    const point = disk.crashPoint()
    const left = new SimDisk(
      imageAfter(
        point,
        point.ops.map(() => 'dropped'),
      ),
    )
    return (await openStore(left)).positions.durableTxid
  }
  expect(await playOnMedium(row, { store, lastOnMedium })).toEqual(arrivalsOf(row))
})
