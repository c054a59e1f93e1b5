/** What every BlockStore does, whatever its medium. `openMedium` gives a fresh one per test. */
import { afterEach, describe } from 'vitest'
import { contractOfVersions } from './block-versions.ts'
import { contractOfCommits } from './commits.ts'
import type { Medium } from './medium.ts'
import { contractOfUpkeep } from './upkeep.ts'
import { contractOfVoids } from './voids.ts'

export function contractOfBlockStore(name: string, openMedium: () => Promise<Medium>): void {
  describe(`a block store on ${name}`, () => {
    const media: Medium[] = []
    const openNew = async () => {
      const medium = await openMedium()
      media.push(medium)
      return { medium, store: await medium.open() }
    }
    afterEach(async () => {
      for (const medium of media.splice(0)) await medium.dispose()
    })

    contractOfCommits(openNew)
    contractOfVersions(openNew)
    contractOfUpkeep(openNew)
    contractOfVoids(openNew)
  })
}
