/** Tables of text, for a terminal and for a page of docs/. */
import { short } from '../compare.mjs'
import { median } from '../measure.mjs'

/** @typedef {{ title: string, headings: readonly string[], rows: readonly (readonly string[])[] }} Table */

/** @param {Table} table */
export function printTable({ title, headings, rows }) {
  const widths = headings.map((heading, column) =>
    Math.max(...[heading, ...rows.map((row) => row[column])].map(lengthOf)),
  )
  console.log(`\n${title}`)
  for (const line of [headings, ...rows])
    console.log(`  ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd())
}

/** @param {Table} table */
export function markdownOf({ title, headings, rows }) {
  const lines = [headings, headings.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`)
  return `## ${title}\n\n${lines.join('\n')}\n`
}

/** @param {readonly number[]} values */
export const msText = (values) => (values.length === 0 ? 'failed' : `${short(median(values))} ms`)

const lengthOf = (/** @type {string | undefined} */ cell) => cell?.length ?? 0
