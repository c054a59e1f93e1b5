/** What `status$` shows of a member that does not lead. One that does shows what its database says. */
import type { Where } from './effects/place.ts'
import type { DatabaseEvent, Status } from './events.ts'
import type { LeaderContext, LeaderEmitted } from './machines/leader.ts'

type Role = Extract<LeaderEmitted, { type: 'role.changed' }>['role']

/** `before` as it is told now. Undefined: the database itself tells. */
export function memberStatus(
  before: Status,
  role: Role,
  now: { readonly epoch: number; readonly reason: string | undefined },
): Status | undefined {
  const reason = now.reason === undefined ? {} : { reason: now.reason }
  const { reason: _, ...plain } = before
  switch (role) {
    case 'seeking':
      return { ...plain, state: 'candidate', role: 'none', epoch: now.epoch }
    case 'following':
      return { ...plain, state: 'following', role: 'follower', epoch: now.epoch }
    case 'ending':
      return before.role === 'follower' ? { ...plain, state: 'draining', epoch: now.epoch } : undefined
    case 'closed':
      return { ...plain, state: 'closed', role: 'none', epoch: now.epoch, ...reason }
    case 'failed':
      return { ...plain, state: 'failed', role: 'none', epoch: now.epoch, ...reason }
    case 'acquiring':
    case 'leading':
      return undefined
  }
}

/** Its beginning and its end are told by the member's machine, which knows what they are for this member. */
export const isToldByReign = ({ state }: Status): boolean => ['recovering', 'leading', 'draining'].includes(state)

/** Where its leader has it. */
export const whereOf = ({ medium, mediumReason }: Status): Where => ({
  medium,
  why: mediumReason ?? 'its leader had it there',
})

/** A leader has taken us on, so long after there was none. */
export const followed = ({ epoch, cause }: Pick<LeaderContext, 'epoch' | 'cause'>, ms: number): DatabaseEvent => ({
  type: 'leader.changed',
  epoch,
  role: 'follower',
  cause,
  ms,
})
