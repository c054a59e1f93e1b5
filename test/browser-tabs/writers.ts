/** Pages that write to one database at once, while something happens to one of them. */
import { expect } from 'vitest'
import type { OpenOptions } from '../../src/browser.ts'
import { leaderOf } from './hurt.ts'
import type { MemberPage } from './member-page.ts'
import { compareRows } from './rows.ts'
import type { Writing } from './pages/member.ts'

export interface Given extends OpenOptions {
  readonly name: string
  /** Of the worker of each page. */
  readonly script?: (page: MemberPage) => string
}

export const storages = ['indexeddb', 'opfs'] as const
export type Storage = (typeof storages)[number]

/** All are members; the first one leads. */
export async function openAll(pages: readonly MemberPage[], { name, script, ...options }: Given): Promise<void> {
  for (const page of pages) expect(await page.begin(name, options, script?.(page))).toBe('open')
  const [first] = pages
  expect(leaderOf(pages)).toBe(first)
  await first?.run((member) => member.prepare())
}

export async function writeAll(
  pages: readonly MemberPage[],
  writing: Omit<Writing, 'page'> = { inFlight: 3 },
): Promise<void> {
  for (const page of pages) await page.start(writing)
  await Promise.all(pages.map((page) => page.untilMore(10)))
}

/** Each of them gets further, then stops; what everybody wrote is compared. Returns how many rows there are. */
export async function goOnAndCompare(there: readonly MemberPage[], everybody: readonly MemberPage[]): Promise<number> {
  await Promise.all(there.map((page) => page.untilMore(10)))
  await Promise.all(there.map((page) => page.stop()))
  const counts: number[] = []
  for (const reader of there) counts.push(await compareRows(reader, everybody))
  expect(new Set(counts).size, 'all see the same').toBe(1)
  return counts[0] ?? 0
}
