/** What every BlockStore does, whatever its medium. `openMedium` gives a fresh one per test. */
import { contractOfVersions } from './block-versions.ts'
import { contractOfCommits } from './commits.ts'
import type { Medium } from './medium.ts'
import { type Runner, vitestRunner } from './runner.ts'
import { contractOfUpkeep } from './upkeep.ts'
import { contractOfVoids } from './voids.ts'

export function contractOfBlockStore(
  name: string,
  openMedium: () => Promise<Medium>,
  runner: Runner = vitestRunner,
): void {
  runner.describe(`a block store on ${name}`, () => {
    const media: Medium[] = []
    const openNew = async () => {
      const medium = await openMedium()
      media.push(medium)
      return { medium, store: await medium.open() }
    }
    runner.afterEach(async () => {
      for (const medium of media.splice(0)) await medium.dispose()
    })

    contractOfCommits(openNew, runner)
    contractOfVersions(openNew, runner)
    contractOfUpkeep(openNew, runner)
    contractOfVoids(openNew, runner)
  })
}
