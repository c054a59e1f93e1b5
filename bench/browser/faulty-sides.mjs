/** What the fault experiment is done to: each at both levels of durability that it offers. */

/**
 * @typedef {object} FaultySide
 * @property {string} name
 * @property {string} [vfs] of wa-sqlite; undefined: DataSync
 * @property {string} level `PRAGMA synchronous` of wa-sqlite, `durability` of ours
 * @property {string} carrier the object store whose first put is in the transaction that carries the commit
 */

/** @type {readonly FaultySide[]} */
export const faultySides = [
  { name: 'IDBMirrorVFS, NORMAL', vfs: 'IDBMirrorVFS', level: 'NORMAL', carrier: 'blocks' },
  { name: 'IDBMirrorVFS, FULL', vfs: 'IDBMirrorVFS', level: 'FULL', carrier: 'blocks' },
  { name: 'IDBBatchAtomicVFS, NORMAL', vfs: 'IDBBatchAtomicVFS', level: 'NORMAL', carrier: 'blocks' },
  { name: 'IDBBatchAtomicVFS, FULL', vfs: 'IDBBatchAtomicVFS', level: 'FULL', carrier: 'blocks' },
  { name: 'DataSync, relaxed', level: 'relaxed', carrier: 'log' },
  { name: 'DataSync, strict', level: 'strict', carrier: 'log' },
]
