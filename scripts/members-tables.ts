/** Tables of what was measured of pages that share a database, and the page that has them. */
import type { HandOver } from './members-hand-over.ts'
import { median } from './members-pages.ts'
import type { Sharing } from './members-sharing.ts'

interface Table {
  readonly title: string
  readonly headings: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

const ms = (value: number) => `${value < 20 ? value.toFixed(1) : Math.round(value)} ms`
const met = (isMet: boolean) => (isMet ? 'met' : 'missed')

export const table = {
  handOvers: (all: readonly HandOver[]): Table => ({
    title: 'Hand-over: from what happens to the leader to the first row that the next one acknowledges',
    headings: ['what happens', 'medium', 'median', 'worst', 'target', ''],
    rows: all.map(({ end: { what, storage, target }, times }) => {
      const [middle, worst] = [median(times), Math.max(...times)]
      return [
        what,
        storage,
        ms(middle),
        ms(worst),
        `${target.medianMs} / ${target.worstMs} ms`,
        met(middle <= target.medianMs && worst <= target.worstMs),
      ]
    }),
  }),

  latency({ rowMs: { leader, follower } }: Sharing): Table {
    const more = median(follower.map((value, round) => value - (leader[round] ?? NaN)))
    return {
      title: 'One row, strict, on IndexedDB, asked in the page: median of 60, each awaited',
      headings: ['the leader’s own', 'forwarded', 'more', 'target', ''],
      rows: [[ms(median(leader)), ms(median(follower)), ms(more), '≤ 2 ms more', met(more <= 2)]],
    }
  },

  throughput({ manyMs: { leader, followers } }: Sharing): Table {
    const ratio = median(leader.map((value, round) => value / (followers[round] ?? NaN)))
    return {
      title: 'A thousand rows wanted at once, strict, on IndexedDB',
      headings: ['by the leader alone', 'by ten that follow, 100 each', 'throughput', 'target', ''],
      rows: [[ms(median(leader)), ms(median(followers)), `${ratio.toFixed(2)} ×`, '≥ 0.7 ×', met(ratio >= 0.7)]],
    }
  },
}

export function markdownOf(
  tables: readonly Table[],
  { about, rounds, day }: { readonly about: readonly string[]; readonly rounds: number; readonly day: string },
): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const one = ({ title, headings, rows }: Table) =>
    [`## ${title}`, '', line(headings), line(headings.map(() => '---')), ...rows.map(line), ''].join('\n')
  return `# Benchmarks of members

Written by \`npm run bench:members\` on ${day}; do not edit. ${about.join(' · ')}.

Several pages of one Chromium have one database open: one leads, the others ask it. A hand-over has three pages, and one that follows writes
row after row; ${rounds} rounds each, every one with new pages and a new database. A leader that is frozen is frozen between two transactions:
inside one, IndexedDB stays its own until the browser ends it. Medians of five rounds, sides in turn, for the rest. Compare ratios, not times.

${tables.map(one).join('\n')}`
}
