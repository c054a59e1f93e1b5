/** What the parts of the benchmark hand to each other, and the types that a peer does not bring. */
declare module 'better-sqlite3' {
  interface Statement {
    run(...params: unknown[]): { changes: number }
    get(...params: unknown[]): unknown
  }
  export default class BetterSqlite3 {
    constructor(path: string)
    pragma(source: string): unknown
    exec(sql: string): void
    prepare(sql: string): Statement
    transaction<A extends unknown[]>(fn: (...args: A) => void): (...args: A) => void
    close(): void
  }
}
