/**
 * Space that is no longer needed goes back to the medium a step at a time: a file system frees 64 MiB in up to 50 ms, and whoever
 * calls it waits as long. A crash between two steps leaves a file longer than it must be; the next fold of it cuts the rest.
 */
import { limits } from '../limits.ts'
import type { Segment } from './segment.ts'
import type { StoreParts } from './store-parts.ts'

export interface StepOptions {
  /** Awaited between steps; without it there is one step. */
  readonly pause?: () => Promise<void>
  /** Called after every wait, before anything is changed; throws when the store has changed hands or ended meanwhile. */
  readonly stillOurs: () => void
}

/** The file of a released segment gives back what it had grown far, unless a new segment begins in it meanwhile. */
export async function giveBackGrown(
  { log, limits: { segmentBytes } }: StoreParts,
  { file, fileBytes }: Segment,
  options: StepOptions,
): Promise<void> {
  if (fileBytes <= 2 * segmentBytes) return
  const grown = {
    size: () => (log.spares.includes(file) ? file.size() : 0),
    truncate: (bytes: number) => file.truncate(bytes),
  }
  await cutInSteps(grown, segmentBytes, options)
}

/** What lies behind the database. Only once a durable header says that it ends there. */
export async function cutHome(
  { home, blockSize }: StoreParts,
  sizeBlocks: number,
  options: StepOptions,
): Promise<void> {
  const toBytes = sizeBlocks * blockSize
  if (home.bytes <= toBytes) return
  const excess = {
    size: () => home.bytes,
    truncate: (bytes: number) => void home.cutTo(Math.ceil(bytes / blockSize)),
  }
  await cutInSteps(excess, toBytes, options)
}

interface Cuttable {
  size(): number
  truncate(bytes: number): void
}

async function cutInSteps(file: Cuttable, toBytes: number, { pause, stillOurs }: StepOptions): Promise<void> {
  const stepBytes = pause === undefined ? Infinity : limits.cutStepBytes
  for (;;) {
    stillOurs()
    const bytes = file.size()
    if (bytes <= toBytes) return
    file.truncate(Math.max(toBytes, bytes - stepBytes))
    await pause?.()
  }
}
