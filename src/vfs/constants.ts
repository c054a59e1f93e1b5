/** Numbers of SQLite's C interface, as far as they are used here. https://sqlite.org/c3ref/constlist.html */

/** Result codes; the low byte of an extended code is its primary code. */
export const rc = {
  OK: 0,
  ERROR: 1,
  NOMEM: 7,
  INTERRUPT: 9,
  IOERR: 10,
  NOTFOUND: 12,
  FULL: 13,
  CANTOPEN: 14,
  ROW: 100,
  DONE: 101,
  IOERR_READ: 266,
  IOERR_SHORT_READ: 522,
  IOERR_WRITE: 778,
  IOERR_FSYNC: 1034,
  IOERR_TRUNCATE: 1546,
  IOERR_FSTAT: 1802,
} as const

export const primary = (code: number): number => code & 0xff

export const open = {
  READWRITE: 0x2,
  CREATE: 0x4,
  MAIN_DB: 0x100,
  TEMP_DB: 0x200,
  TRANSIENT_DB: 0x400,
  MAIN_JOURNAL: 0x800,
  TEMP_JOURNAL: 0x1000,
  SUBJOURNAL: 0x2000,
  SUPER_JOURNAL: 0x4000,
  WAL: 0x80000,
} as const

/** File control opcodes. */
export const fcntl = { PRAGMA: 14, SYNC: 21, COMMIT_PHASETWO: 22 } as const

/** Storage classes of a column's value. */
export const type = { INTEGER: 1, FLOAT: 2, TEXT: 3, BLOB: 4, NULL: 5 } as const

/** Actions that the authorizer is asked about. */
export const action = {
  CREATE_TEMP_INDEX: 3,
  CREATE_TEMP_TABLE: 4,
  CREATE_TEMP_TRIGGER: 5,
  CREATE_TEMP_VIEW: 6,
  DELETE: 9,
  INSERT: 18,
  PRAGMA: 19,
  READ: 20,
  SELECT: 21,
  TRANSACTION: 22,
  UPDATE: 23,
  ATTACH: 24,
  DETACH: 25,
  FUNCTION: 31,
  SAVEPOINT: 32,
  RECURSIVE: 33,
} as const

/** What the authorizer answers. */
export const auth = { ALLOW: 0, DENY: 1 } as const

export const PREPARE_PERSISTENT = 0x01
export const LIMIT_LIKE_PATTERN_LENGTH = 8
export const STMTSTATUS_REPREPARE = 5
