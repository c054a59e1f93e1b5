/**
 * The literals of a statement that may be bound instead: what is known with certainty about the few forms below, and about no other.
 *
 *   INSERT [OR REPLACE | OR IGNORE] INTO name [(name, …)] VALUES (value, …);      REPLACE INTO likewise
 *   UPDATE name SET name = literal, … WHERE name < literal AND …;                 <, <=, =, >=, >
 *   DELETE FROM name WHERE name < literal AND …;
 *   SELECT names, calls of names FROM name WHERE name < literal AND …;            only if nobody wants its rows
 *
 * A literal is a whole number of up to 15 digits, or text without a quote in it. It stands where an expression ends on both sides, so
 * that nothing binds it more tightly, and never where SQLite asks whether it is written out: among what is selected, whose text
 * names columns; in ORDER BY, GROUP BY and LIMIT; in a call; in what the schema keeps. Why a parameter means the same in these
 * places: docs/decisions/0015-statements-of-one-shape.md.
 */

/** Where a literal begins and ends in the text, in bytes. */
export interface Literal {
  readonly from: number
  readonly to: number
}

export interface Shape {
  readonly literals: readonly Literal[]
  /** Behind its semicolon. */
  readonly end: number
  /** The statement with parameters in place of its literals. */
  readonly sql: string
}

/** Most digits of a whole number here: it is exact as a double. */
export const digitsMax = 15
/** More values are rare in one row, and each is a parameter. */
const literalsMax = 100

const s = String.raw`[\t-\r ]`
const name = String.raw`(?:[A-Za-z_]\w*\b|"[ !#-~]+")`
const qualified = String.raw`(?:${name}\.)?${name}`
const literal = String.raw`(?:-?\d{1,${digitsMax}}|'[^']*')`
const value = String.raw`(?:${literal}|NULL|-?\d+\.\d+|X'[0-9A-F]*')`
const list = (item: string) => `${item}(?:${s}*,${s}*${item})*`
const condition = `${qualified}${s}*(?:[<>]=?|=)${s}*${literal}`
const where = `WHERE${s}+${condition}(?:${s}+AND${s}+${condition})*`
const into = `(?:INSERT(?:${s}+OR${s}+(?:REPLACE|IGNORE))?|REPLACE)${s}+INTO${s}+${qualified}`
const rows = String.raw`(?:\(${s}*${list(name)}${s}*\)${s}*)?VALUES${s}*\(${s}*${list(value)}${s}*\)`
const assignment = `${name}${s}*=${s}*${literal}`
const write = [
  `${into}${s}*${rows}`,
  `UPDATE${s}+${qualified}${s}+SET${s}+${list(assignment)}${s}+${where}`,
  `DELETE${s}+FROM${s}+${qualified}${s}+${where}`,
]
const select = String.raw`SELECT${s}+(?:[A-Za-z_]\w*\b|[*(),.\t-\r ])+\bFROM${s}+${qualified}${s}+${where}`
const statement = (forms: readonly string[]) => new RegExp(`${s}*(?:${forms.join('|')})${s}*;`, 'iy')
const writing = statement(write)
const running = statement([...write, select])

/** A literal, or what only looks as if it held one. */
const token = /(-?\d+(?!\.)\b|'[^']*')|-?\d+\.\d+|[xX]'[^']*'|"[^"]*"|\w+/g

/** @param text begins with a statement; one character for each byte. Undefined for any other form, and without literals. */
export function shapeOf(text: string, options: { readonly wantsRows: boolean }): Shape | undefined {
  const form = options.wantsRows ? writing : running
  form.lastIndex = 0
  const [found] = form.exec(text) ?? []
  if (found === undefined) return undefined
  const literals: Literal[] = []
  let sql = ''
  let copied = 0
  for (const { 1: one, index: from } of found.matchAll(token)) {
    if (one === undefined) continue
    literals.push({ from, to: from + one.length })
    sql += `${found.slice(copied, from)}?`
    copied = from + one.length
  }
  if (literals.length === 0 || literals.length > literalsMax) return undefined
  return { literals, end: found.length, sql: sql + found.slice(copied) }
}
