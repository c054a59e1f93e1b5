/** What a member says when it comes to lead. */
import { expect } from 'vitest'
import type { MemberProcess } from './member-process.ts'

export const isLeading = ({ status }: MemberProcess) => status?.role === 'leader'

/** Says why it leads, and how long nobody did: less than since what happened to the last leader, in all of which somebody waited. */
export async function expectHandOver(member: MemberProcess, why: { readonly cause: string; readonly sinceMs: number }) {
  const changes = member.events.filter((event) => event.type === 'leader.changed')
  const changed = changes.find(({ role }) => role === 'leader')
  expect(changed).toMatchObject({ cause: why.cause, epoch: 2 })
  expect(changed?.ms).toBeGreaterThan(0)
  expect(changed?.ms).toBeLessThan(performance.now() - why.sinceMs)
  expect((await member.metrics()).handOverMs).toBe(changed?.ms)
}
