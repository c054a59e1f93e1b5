/** Commands that end the process: a kill (unsynced writes stay) and a power loss (each unsynced write meets its fate). */
import * as fc from 'fast-check'
import { chooseFates, imageAfter } from '../crash-images.ts'
import { lastState } from '../reference.ts'
import { SimDisk } from '../sim-disk.ts'
import { command } from './command-world.ts'

export const kills = fc.constant(
  command('kill', async (world) => {
    const image = world.disk.image()
    world.disk.powerOff()
    const answered = world.answeredTxid
    await world.recoverOn(new SimDisk(image))
    if (lastState(world.history).txid < answered) throw new Error(`D1: ${answered} was written, and lost by a kill`)
    world.tally.kills++
  }),
)

export const powerLosses = fc.array(fc.nat(1000), { minLength: 1, maxLength: 12 }).map((draws) =>
  command(`power loss ${draws.join()}`, async (world) => {
    const point = world.disk.crashPoint()
    let next = 0
    const choose = (bound: number) => (draws[next++ % draws.length] ?? 0) % bound
    const image = imageAfter(point, chooseFates(point, { damagedMax: Infinity, crossedMax: Infinity }, { choose }))
    world.disk.powerOff()
    await world.recoverOn(new SimDisk(image))
    world.tally.powerLosses++
  }),
)
