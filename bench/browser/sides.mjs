/**
 * The sides, as data: read in Node, in the page and in workers. "survives" says what a finished write survives, as the side is set here:
 * OPFS flush and strict IndexedDB transactions reach the disk; a relaxed IndexedDB transaction, Chromium's default, is with the browser.
 */

/**
 * @typedef {object} Side
 * @property {string} name
 * @property {'ours' | 'wa-sqlite' | 'sqlite-wasm' | 'sqlocal' | 'pglite' | 'absurder-sql'} kind
 * @property {'page' | 'worker'} from where it is called and measured; the database is in a dedicated worker either way
 * @property {string} survives
 * @property {'memory' | 'opfs' | 'indexeddb'} storage
 * @property {string} [vfs] of wa-sqlite, in src/examples
 * @property {'wa-sqlite' | 'wa-sqlite-async'} [build] of wa-sqlite: the synchronous one where the VFS allows it
 * @property {readonly string[]} [setup] SQL before anything else
 */

const power = 'power loss'
const browser = 'the page; the browser writes later'

/** @type {(name: string, storage: 'opfs' | 'indexeddb', from: 'page' | 'worker') => Side} */
const ours = (name, storage, from) => ({ name, kind: 'ours', storage, from, survives: power })

/** @type {(vfs: string, storage: Side['storage'], survives: string, rest?: Partial<Side>) => Side} */
const peer = (vfs, storage, survives, rest = {}) => ({
  name: `wa-sqlite ${vfs}`,
  kind: 'wa-sqlite',
  vfs,
  storage,
  from: 'worker',
  build: 'wa-sqlite',
  survives,
  ...rest,
})

export const memory = peer('MemoryVFS', 'memory', 'nothing')
export const opfs = ours('DataSync OPFS, from the page', 'opfs', 'page')
export const opfsInside = ours('DataSync OPFS, in the worker', 'opfs', 'worker')
export const indexedDb = ours('DataSync IndexedDB, from the page', 'indexeddb', 'page')
export const indexedDbInside = ours('DataSync IndexedDB, in the worker', 'indexeddb', 'worker')
export const mirror = peer('IDBMirrorVFS', 'indexeddb', browser, { build: 'wa-sqlite-async' })
export const batchAtomic = peer('IDBBatchAtomicVFS', 'indexeddb', power, { build: 'wa-sqlite-async' })
export const writeAhead = peer('OPFSWriteAheadVFS', 'opfs', 'process death')
export const writeAheadFull = peer('OPFSWriteAheadVFS', 'opfs', power, {
  name: 'wa-sqlite OPFSWriteAheadVFS FULL',
  setup: ['PRAGMA synchronous = FULL'],
})
export const accessHandlePool = peer('AccessHandlePoolVFS', 'opfs', power)
export const coopSync = peer('OPFSCoopSyncVFS', 'opfs', power)

/** @type {Side} */
export const sahPool = {
  name: 'sqlite-wasm opfs-sahpool',
  kind: 'sqlite-wasm',
  storage: 'opfs',
  from: 'worker',
  survives: power,
}

/**
 * Of `--all` only. pglite is PostgreSQL, where one exec is one transaction; absurder-sql takes one statement a call.
 * @type {readonly (Side & { package: string })[]}
 */
export const others = [
  {
    name: 'sqlocal OPFS, from the page',
    kind: 'sqlocal',
    package: 'sqlocal',
    storage: 'opfs',
    from: 'page',
    survives: power,
  },
  {
    name: 'pglite idb://',
    kind: 'pglite',
    package: '@electric-sql/pglite',
    storage: 'indexeddb',
    from: 'worker',
    survives: browser,
  },
  {
    name: 'absurder-sql IndexedDB, sync() after each exec',
    kind: 'absurder-sql',
    package: '@npiesco/absurder-sql',
    storage: 'indexeddb',
    from: 'worker',
    survives: browser,
  },
]

/** In the order of the tables. @type {readonly Side[]} */
export const sides = [
  memory,
  opfs,
  opfsInside,
  writeAhead,
  writeAheadFull,
  accessHandlePool,
  coopSync,
  sahPool,
  indexedDb,
  indexedDbInside,
  mirror,
  batchAtomic,
]
