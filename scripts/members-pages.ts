/** Pages of a measurement, and numbers from them. */
import type { Chromium } from '../test/browser-kill/chromium.ts'
import { MemberPage } from '../test/browser-tabs/member-page.ts'

export type MakePage = () => Promise<MemberPage>

let made = 0

export const pageMaker =
  (chromium: Chromium, origin: string): MakePage =>
  () =>
    MemberPage.open(chromium, origin, ++made)

/** Of a database that nobody had. */
export const newName = (): string => `measured-${++made}`

/** The first one leads. */
export async function openAll(
  pages: readonly MemberPage[],
  name: string,
  storage: 'opfs' | 'indexeddb',
): Promise<void> {
  for (const page of pages) {
    const opened = await page.begin(name, { storage })
    if (opened !== 'open') throw new Error(`page ${page.number}: ${opened}`)
  }
  if (pages[0]?.leads !== true) throw new Error('the first one does not lead')
  await pages[0].run((member) => member.prepare())
}

/** @throws when there is none */
export function median(values: readonly number[]): number {
  const middle = [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]
  if (middle === undefined) throw new Error('nothing was measured')
  return middle
}
