/** What goes into SQLite and what comes out. Shared by the API, the request executor and the engine. */

/** A value SQLite stores. Integers beyond ±2^53 are `bigint`; blobs are copies that the receiver owns. */
export type SqlValue = null | number | bigint | string | Uint8Array
/** What may be bound: booleans are bound as 0 and 1. Dates, NaN, undefined and objects are INVALID_PARAMETER. */
export type SqlParam = SqlValue | boolean
/** By position, or by name with or without its prefix: `{ id: 1 }` or `{ ':id': 1 }`. */
export type SqlParams = readonly SqlParam[] | { readonly [name: string]: SqlParam }

export type RowMode = 'object' | 'array'
/** As the engine is asked: 'none' passes over the rows, which then count towards no limit. */
export type RowsWanted = RowMode | 'none'
/** A row as an object by column name (the last of two equal names wins) or as an array. */
export type Row = { readonly [column: string]: SqlValue } | readonly SqlValue[]

export interface RunResult {
  /** Rows of the last statement that returns columns; empty if none does. */
  readonly rows: readonly Row[]
  /** Rows inserted, updated or deleted by all statements of the request, triggers and cascades left out. */
  readonly rowsAffected: number
  readonly lastInsertRowid: number | bigint
}

/** Settings of the connection that OpenOptions.pragmas may carry; re-applied whenever the connection is made anew. */
export interface ConnectionPragmas {
  readonly foreignKeys?: boolean
  readonly recursiveTriggers?: boolean
  readonly caseSensitiveLike?: boolean
  readonly reverseUnorderedSelects?: boolean
  readonly trustedSchema?: boolean
  readonly cellSizeCheck?: boolean
  readonly deferForeignKeys?: boolean
  /** SQLite's own page cache: pages when positive, KiB when negative. */
  readonly cacheSize?: number
}
