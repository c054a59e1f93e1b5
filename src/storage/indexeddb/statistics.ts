/** How large log, home and memory are. */
import type { StoreStatistics } from '../block-store.ts'
import type { Parts } from './parts.ts'

const homeBytesOf = ({ header }: Parts): number => header.sizeBlocks * header.blockSize

export function statisticsOf(parts: Parts): StoreStatistics {
  const { log, resident } = parts.state
  return {
    logBytes: log.bytes,
    homeBytes: homeBytesOf(parts),
    cacheBytes: resident.blocks.bytes,
    ...parts.meter,
  }
}

/** So that what a checkpoint rewrites is bounded by what was committed since the last one. */
export const isFoldDue = (parts: Parts): boolean =>
  parts.state.log.bytes >= Math.max(parts.limits.checkpointBytes, homeBytesOf(parts) / 4)
