/**
 * Watches the end of SQLite's own stack. Memory of the WASM instance, from 0:
 *
 *   static data │ guard ◀── stack grows down │ heap
 *   0           end    end + 1 KiB        top
 *
 * SQLite calls itself for each term of an expression, each view of a view, each table of a chain. Usually the stack of the thread ends
 * first, which is an exception. Where that is longer, this one runs over into SQLite's static data: silently, and what SQLite does
 * from then on is anybody's guess. So its last bytes hold a pattern, which is looked at after each prepare and before each commit.
 */
import { assert } from '../assert.ts'
import { DatabaseError } from '../errors.ts'
import type { SqliteModule } from './sqlite-module.ts'

/** Of wa-sqlite 2.0.6's binary, whose version is pinned: linked with STACK_SIZE=512KB behind its static data. */
export const stackTop = 650_784
export const stackBytes = 512 * 1024

/** More than the widest frame of a function that calls itself, so that none steps over it. */
const guardBytes = 1024
const guardFrom = (stackTop - stackBytes) >> 2
const guardTo = guardFrom + (guardBytes >> 2)
const pattern = 0x5a17ed5a

export class StackGuard {
  readonly #module: SqliteModule

  /** @param module that has run nothing yet, or under a guard only */
  constructor(module: SqliteModule) {
    this.#module = module
    if (this.isIntact) return
    const unused = module.HEAP32.subarray(guardFrom, guardTo)
    assert(
      unused.every((word) => word === 0),
      'the end of the stack of a new instance is unused',
    )
    unused.fill(pattern)
  }

  get isIntact(): boolean {
    const words = this.#module.HEAP32
    let difference = 0
    for (let at = guardFrom; at < guardTo; at++) difference |= (words[at] ?? 0) ^ pattern
    return difference === 0
  }

  /** @throws StackOverflow */
  check(): void {
    if (!this.isIntact) throw new StackOverflow()
  }

  /** What to throw for an exception that came out of SQLite: a StackOverflow if one of the two stacks has ended. */
  translated(error: unknown): unknown {
    return isCallStackEnd(error) || !this.isIntact ? new StackOverflow(error) : error
  }
}

/** Thrown in place of what SQLite answers: no DatabaseError, because the instance is of no use any more. */
export class StackOverflow extends Error {
  override readonly name = 'StackOverflow'

  constructor(cause?: unknown) {
    super('the stack that SQLite runs on has ended', { cause })
  }
}

/** As V8 and Safari say it, and as Firefox does. */
export const isCallStackEnd = (error: unknown): error is Error =>
  error instanceof Error && /call stack size exceeded|too much recursion/.test(error.message)

/** For the caller, who gets it once; what comes before the instance is replaced is refused. */
export const tooDeep = (cause: Error) =>
  new DatabaseError(
    'SQL_ERROR',
    'the statement nests too deeply and was not run: write fewer terms into one expression, or fewer views upon views',
    { cause, details: { isTooDeep: true } },
  )
