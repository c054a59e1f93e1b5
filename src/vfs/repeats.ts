/**
 * Runs of statements in a script that differ in their literals alone: one is prepared for all of them, with parameters, and what
 * preparing costs is paid once. A statement is taken so only if its bytes are those of a known one outside the literals.
 *
 * - What cannot be taken is prepared as it stands; so is everything whose preparation fails, so that errors are those of the text.
 * - Nothing lives longer than its script, or than the statement before one that may change the schema.
 * - The text of a literal is bound where it lies; it must stay there until `release`.
 */
import { DatabaseError } from '../errors.ts'
import type { Connection } from './connection.ts'
import { rc, STMTSTATUS_REPREPARE } from './constants.ts'
import { digitsMax, type Shape, shapeOf } from './shapes.ts'
import type { Statement } from './statement.ts'
import { bindInteger } from './values.ts'

interface Repeat {
  readonly statement: Statement
  /** Where the text is from which it was learned. */
  readonly at: number
  readonly shape: Shape
  count: number
}

/** Kept at once: a script often fills a few tables in turn. */
const repeatsMax = 4
/** Shapes that did not come again, after which no more are learned; and how often one has to come. */
const patienceMax = 8
const worthwhile = 3
/** A statement is looked at more closely if it begins like the one before. */
const alikeBytes = 12
const shapeBytesMax = 1024
const quote = 0x27
const minus = 0x2d
const zero = 0x30

const oneCharacterPerByte = new TextDecoder('latin1')

export class Repeats {
  readonly #connection: Connection
  readonly #end: number
  readonly #wantsRows: boolean
  #known: Repeat[] = []
  #previous = 0
  #patience = patienceMax

  /** @param options.end of the script, where a zero byte is */
  constructor(connection: Connection, options: { readonly end: number; readonly wantsRows: boolean }) {
    this.#connection = connection
    this.#end = options.end
    this.#wantsRows = options.wantsRows
  }

  /** The statement at `at`, with its values bound, and where it ends; undefined if it has to be prepared. */
  take(at: number): { readonly statement: Statement; readonly tail: number } | undefined {
    for (const repeat of this.#known) {
      const tail = this.#bind(repeat, at)
      if (tail === 0) continue
      // SQLite plans anew for each value here: nothing is gained.
      if (repeat.count === 1 && this.#wasPreparedAnew(repeat)) return void this.#giveUp()
      repeat.count++
      if (repeat.count === worthwhile) this.#patience = patienceMax
      this.#previous = at
      return { statement: repeat.statement, tail }
    }
    const repeat = this.#isAlike(at) ? this.#learn(at) : undefined
    this.#previous = at
    const tail = repeat === undefined ? 0 : this.#bind(repeat, at)
    return repeat === undefined || tail === 0 ? undefined : { statement: repeat.statement, tail }
  }

  /** What follows may mean something else. */
  release(): void {
    for (const { statement } of this.#known.splice(0)) this.#connection.module._sqlite3_finalize(statement.pointer)
  }

  #isAlike(at: number): boolean {
    if (this.#patience === 0 || this.#previous === 0) return false
    const heap = this.#connection.module.HEAPU8
    for (let byte = 0; byte < alikeBytes; byte++) {
      if (heap[at + byte] !== heap[this.#previous + byte]) return false
    }
    return true
  }

  #learn(at: number): Repeat | undefined {
    const { module, sqlScratch } = this.#connection
    this.#patience--
    const text = module.HEAPU8.subarray(at, Math.min(this.#end, at + shapeBytesMax))
    const shape = shapeOf(oneCharacterPerByte.decode(text), { wantsRows: this.#wantsRows })
    if (shape === undefined) return undefined
    const base = sqlScratch.text(shape.sql)
    const statement = this.#prepare(base, base + sqlScratch.textBytes)
    if (statement === undefined) return undefined
    const repeat = { statement, at, shape, count: 1 }
    this.#known.unshift(repeat)
    const dropped = this.#known.length > repeatsMax ? this.#known.pop() : undefined
    if (dropped !== undefined) module._sqlite3_finalize(dropped.statement.pointer)
    return repeat
  }

  /** Undefined if it cannot be: the text itself will say why. */
  #prepare(base: number, end: number): Statement | undefined {
    try {
      return this.#connection.prepare({ pointer: base, end, base, index: 0, isKept: true }).statement
    } catch (error) {
      if (error instanceof DatabaseError) return undefined
      throw error
    }
  }

  #wasPreparedAnew({ statement }: Repeat): boolean {
    return this.#connection.module._sqlite3_stmt_status(statement.pointer, STMTSTATUS_REPREPARE, 0) !== 0
  }

  #giveUp(): void {
    this.release()
    this.#patience = 0
  }

  /** Binds the literals at `at`; returns where the statement ends, 0 if it is another one. What was bound by then is not run. */
  #bind({ statement, shape, at: known }: Repeat, at: number): number {
    const { module } = this.#connection
    let heap = module.HEAPU8
    let here = at
    let there = known
    let index = 0
    for (const { from, to } of shape.literals) {
      for (; there < known + from; there++, here++) if (heap[here] !== heap[there]) return 0
      there = known + to
      index++
      here = heap[here] === quote ? this.#bindText(statement, index, here) : this.#bindNumber(statement, index, here)
      if (here === 0) return 0
      // Binding may have grown the memory.
      heap = module.HEAPU8
    }
    for (; there < known + shape.end; there++, here++) if (heap[here] !== heap[there]) return 0
    return here
  }

  /** Returns where the text ends; a quote that follows is not what the shape goes on with. 0 if there is no end. */
  #bindText({ pointer }: Statement, index: number, at: number): number {
    const { module } = this.#connection
    const heap = module.HEAPU8
    const from = at + 1
    let end = from
    for (; heap[end] !== quote; end++) if (heap[end] === 0) return 0
    return module._sqlite3_bind_text(pointer, index, from, end - from, 0) === rc.OK ? end + 1 : 0
  }

  /** Returns where the number ends; 0 if there is none, or a longer one. */
  #bindNumber({ pointer }: Statement, index: number, at: number): number {
    const { module } = this.#connection
    const heap = module.HEAPU8
    const from = heap[at] === minus ? at + 1 : at
    let end = from
    let value = 0
    for (;;) {
      const digit = (heap[end] ?? 0) - zero
      if (digit < 0 || digit > 9) break
      value = value * 10 + digit
      end++
    }
    if (end === from || end - from > digitsMax) return 0
    return bindInteger(module, pointer, index, from === at ? value : -value) === rc.OK ? end : 0
  }
}
