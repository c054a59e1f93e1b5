/** What the members wrote, compared with what is there. */
import { expect } from 'vitest'
import type { MemberPage } from './member-page.ts'

/** In the order in which they were applied. */
type Rows = readonly (readonly [page: number, n: number])[]

/**
 * Every acknowledged row is there once, in the order of its page; what was refused for certain is not there, nor anything that was not
 * begun. `reader` looks. Returns how many rows there are.
 */
export async function compareRows(reader: MemberPage, writers: readonly MemberPage[]): Promise<number> {
  const rows = await reader.run(
    async (member) =>
      (await member.db().query('SELECT page, n FROM entry ORDER BY seq', [], { rowMode: 'array' })) as unknown as Rows,
  )
  const check = await reader.run((member) => member.db().query('PRAGMA integrity_check'))
  expect(check).toEqual([{ integrity_check: 'ok' }])
  for (const writer of writers)
    compareOf(
      writer,
      rows.filter(([page]) => page === writer.number).map(([, n]) => n),
    )
  return rows.length
}

function compareOf({ number, acknowledged, refused, begun }: MemberPage, there: readonly number[]): void {
  const where = `page ${number}`
  const found = new Set(there)
  expect(there, `${where}: twice, or out of order`).toEqual([...found].sort((a, b) => a - b))
  expect(
    [...acknowledged].filter((n) => !found.has(n)),
    `${where}: acknowledged and not there`,
  ).toEqual([])
  expect(
    [...refused].filter(([n, { outcome }]) => outcome === undefined && found.has(n)),
    `${where}: refused and there`,
  ).toEqual([])
  // What was begun last by a page that is gone may not have been told, however much it was: but its numbers go on from what was.
  const isKnown = (n: number) => n === 0 || begun.has(n) || found.has(n)
  expect(
    there.filter((n) => !begun.has(n) && !isKnown(n - 1)),
    `${where}: never begun`,
  ).toEqual([])
}
