/**
 * Whether a directory lies on this machine. On file systems that machines share, a lock may be lost without a word and a barrier may end in
 * another machine's memory: a store there is opened by those only who ask for it. Linux says by a number what a file system is; where
 * nothing says so, it is taken for local.
 */
import { statfsSync } from 'node:fs'
import { DatabaseError } from '../errors.ts'

/** From Linux' magic.h and the manual of statfs. */
const shared = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x5346414f, 'AFS'],
  [0x00c36400, 'Ceph'],
  [0x0bd00bd0, 'Lustre'],
  [0x47504653, 'GPFS'],
  [0x01161970, 'GFS2'],
  [0x7461636f, 'OCFS2'],
])

/** @param typeOf the number of the file system of a directory @throws NOT_SUPPORTED for one that is shared */
export function assertLocal(location: string, typeOf: (directory: string) => number = linuxTypeOf): void {
  const fileSystem = shared.get(typeOf(location))
  if (fileSystem === undefined) return
  throw new DatabaseError(
    'NOT_SUPPORTED',
    `${location} lies on a network file system (${fileSystem}), where locks and barriers mean too little to promise anything: use a directory of this machine, or storage: { kind: 'fs', base, network: true } if you know that nobody else opens it and accept that a crash may lose or tear what was acknowledged`,
    { details: { location, fileSystem } },
  )
}

const linuxTypeOf = (directory: string): number => (process.platform === 'linux' ? statfsSync(directory).type : 0)
