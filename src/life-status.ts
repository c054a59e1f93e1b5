/** What `status$` shows of the states that the database machine has for itself. */
import type { DatabaseState, Status } from './events.ts'
import type { DatabaseStatus } from './machines/database.ts'

const publicState: Record<DatabaseStatus, DatabaseState> = {
  opening: 'opening',
  candidate: 'candidate',
  recovering: 'recovering',
  leading: 'leading',
  draining: 'draining',
  releasing: 'draining',
  closed: 'closed',
  failing: 'failed',
  failed: 'failed',
}

export const statusAtFirst = (
  { medium, location }: Pick<Status, 'medium' | 'location'>,
  { durability }: Pick<Status, 'durability'>,
): Status => ({
  state: 'opening',
  role: 'none',
  medium,
  location,
  epoch: 0,
  durability,
})

/** `before` as it is told now. `reason`: why the database failed, shown once it has. */
export function statusAfter(
  before: Status,
  status: DatabaseStatus,
  now: { readonly epoch: number; readonly reason: string | undefined },
): Status {
  const state = publicState[status]
  const role = state === 'leading' || state === 'draining' ? 'leader' : 'none'
  const isExplained = state === 'failed' && now.reason !== undefined
  return { ...before, state, role, epoch: now.epoch, ...(isExplained ? { reason: now.reason } : {}) }
}
