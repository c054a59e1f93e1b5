/** How much of a strict commit is spent in the state machines: a sampled profile of one-row writes in sequence. */
import { Session } from 'node:inspector/promises'
import { short } from '../compare.mjs'
import { withDirectory } from '../measure.mjs'
import { ours } from '../sides.mjs'
import { warmUpOf } from './requests.mjs'

/** @param {import('../run.mjs').Context} context @returns {Promise<import('../report.mjs').Section[]>} */
export async function machinesShare(context) {
  const { base, isQuick } = context
  const commits = isQuick ? 300 : 5000
  const warmUp = warmUpOf(context)
  return withDirectory(base, async (directory) => {
    const session = await ours.start(directory)
    for (let n = 0; n < warmUp; n++) await session.insertOne()
    const inspector = new Session()
    inspector.connect()
    await inspector.post('Profiler.enable')
    await inspector.post('Profiler.setSamplingInterval', { interval: 100 })
    await inspector.post('Profiler.start')
    const barriersBefore = session.barriers()
    for (let n = 0; n < commits; n++) await session.insertOne()
    const barriers = session.barriers() - barriersBefore
    const { profile } = await inspector.post('Profiler.stop')
    inspector.disconnect()
    await session.close()
    const share = shareOf(profile, (url) => url.includes('/xstate/') || url.includes('/dist/machines/'))
    return [
      {
        title: `Where the time of ${commits.toLocaleString('en-US')} strict one-row commits goes (profiled)`,
        rows: [
          {
            side: 'state machines and xstate',
            value: `${short(share * 100)} % of the time`,
            ratio: share,
            durability: ours.durability,
            barriers: `${short(barriers / commits)} per row`,
            target: '≤ 10 %',
            isMet: share <= 0.1,
          },
        ],
      },
    ]
  })
}

/** Share of the profiled time whose running function lies in files of `isCounted`. @param {import('node:inspector').Profiler.Profile} profile @param {(url: string) => boolean} isCounted */
function shareOf({ nodes, samples = [], timeDeltas = [] }, isCounted) {
  const counted = new Set(nodes.filter(({ callFrame }) => isCounted(callFrame.url)).map(({ id }) => id))
  let [all, ofThem] = [0, 0]
  for (const [index, id] of samples.entries()) {
    const delta = timeDeltas[index] ?? 0
    all += delta
    if (counted.has(id)) ofThem += delta
  }
  return ofThem / all
}
