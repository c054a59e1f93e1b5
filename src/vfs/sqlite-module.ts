/**
 * The one file that imports wa-sqlite. It gives instances of SQLite compiled to WebAssembly (synchronous build) by their raw C
 * exports: wa-sqlite's own API wraps each step in promises, which costs several times the call itself.
 *
 * The WebAssembly module is compiled once per source of its bytes and instantiated as often as asked.
 */
import instantiate from 'wa-sqlite/dist/wa-sqlite.mjs'

/** Pointers are offsets into HEAPU8. A 64-bit result is its low half; `getTempRet0` gives the high half, signed. */
export interface SqliteModule {
  /** Both are replaced whenever the memory grows: read them anew after every call that may allocate. */
  readonly HEAPU8: Uint8Array
  readonly HEAP32: Int32Array
  getTempRet0(): number
  UTF8ToString(pointer: number): string
  /** Says what a callback of wa-sqlite's adapter is given to; the key is what the adapter gave out. */
  setCallback(key: number, fn: (method: number, a: number, b: number, c: number, d: number, e: number) => number): void
  /** Both hold one function for the instance: a later call replaces it, for whatever connection. */
  set_authorizer(
    db: number,
    fn: (argument: number, what: number, ...text: AuthorizerText) => number,
    argument: number,
  ): number
  progress_handler(db: number, steps: number, fn: () => number, argument: number): void

  _sqlite3_malloc(bytes: number): number
  _sqlite3_free(pointer: number): void
  _libvfs_vfs_register(
    name: number,
    nameBytesMax: number,
    methods: number,
    asyncMethods: number,
    makeDefault: number,
    outKey: number,
  ): number
  _RegisterExtensionFunctions(db: number): void

  _sqlite3_open_v2(name: number, outDb: number, flags: number, vfsName: number): number
  _sqlite3_close(db: number): number
  _sqlite3_extended_result_codes(db: number, on: number): number
  _sqlite3_limit(db: number, id: number, value: number): number
  _sqlite3_interrupt(db: number): void
  _sqlite3_get_autocommit(db: number): number
  _sqlite3_changes64(db: number): number
  _sqlite3_last_insert_rowid(db: number): number
  _sqlite3_extended_errcode(db: number): number
  _sqlite3_errmsg(db: number): number
  _sqlite3_error_offset(db: number): number

  _sqlite3_prepare_v3(db: number, sql: number, bytes: number, flags: number, outStmt: number, outTail: number): number
  _sqlite3_step(stmt: number): number
  _sqlite3_reset(stmt: number): number
  _sqlite3_finalize(stmt: number): number
  _sqlite3_stmt_readonly(stmt: number): number
  _sqlite3_stmt_isexplain(stmt: number): number
  _sqlite3_stmt_status(stmt: number, op: number, reset: number): number

  _sqlite3_clear_bindings(stmt: number): number
  _sqlite3_bind_parameter_count(stmt: number): number
  _sqlite3_bind_parameter_name(stmt: number, index: number): number
  _sqlite3_bind_null(stmt: number, index: number): number
  _sqlite3_bind_int(stmt: number, index: number, value: number): number
  _sqlite3_bind_int64(stmt: number, index: number, low: number, high: number): number
  _sqlite3_bind_double(stmt: number, index: number, value: number): number
  _sqlite3_bind_text(stmt: number, index: number, pointer: number, bytes: number, destructor: number): number
  _sqlite3_bind_blob(stmt: number, index: number, pointer: number, bytes: number, destructor: number): number

  _sqlite3_column_count(stmt: number): number
  _sqlite3_column_name(stmt: number, column: number): number
  _sqlite3_column_type(stmt: number, column: number): number
  _sqlite3_column_int64(stmt: number, column: number): number
  _sqlite3_column_double(stmt: number, column: number): number
  _sqlite3_column_text(stmt: number, column: number): number
  _sqlite3_column_blob(stmt: number, column: number): number
  _sqlite3_column_bytes(stmt: number, column: number): number
}

/** Pointers to the arguments of an action: its two own, the schema, the trigger or view it stands in; 0 for none. */
export type AuthorizerText = [first: number, second: number, schema: number, within: number]

/** The bytes of wa-sqlite.wasm. Pass the same object again and it is not compiled again. */
export type WasmBinary = ArrayBuffer | Uint8Array

const compiledFrom = new WeakMap<WasmBinary, Promise<WebAssembly.Module>>()
let compiledOwn: Promise<WebAssembly.Module> | undefined

/** Made ahead of its use. */
let spare: { readonly wasmBinary: WasmBinary | undefined; readonly made: Promise<SqliteModule> } | undefined

/**
 * Has an instance made, and used by `rehearse`, that the next `createSqliteModule` with this binary takes: it then needs no network, and
 * no time to compile.
 */
export function prepareSqliteModule(
  wasmBinary: WasmBinary | undefined,
  rehearse: (module: SqliteModule) => Promise<void>,
): void {
  if (spare !== undefined) return
  const make = async () => {
    const module = await makeSqliteModule(wasmBinary)
    await rehearse(module)
    return module
  }
  const prepared = { wasmBinary, made: make() }
  spare = prepared
  prepared.made.catch(() => {
    // Whoever needs one tries anew, and is told why it cannot be had.
    if (spare === prepared) spare = undefined
  })
}

/**
 * Makes an instance with its own memory. Without `wasmBinary`, Node reads the bytes that the package ships and a browser fetches
 * them from beside the package's script.
 */
export async function createSqliteModule(wasmBinary?: WasmBinary): Promise<SqliteModule> {
  if (spare === undefined || spare.wasmBinary !== wasmBinary) return makeSqliteModule(wasmBinary)
  const { made } = spare
  spare = undefined
  return made.catch(() => makeSqliteModule(wasmBinary))
}

async function makeSqliteModule(wasmBinary?: WasmBinary): Promise<SqliteModule> {
  const compiled = await compile(wasmBinary)
  // The shape above is wa-sqlite 2.0.6's; the version is pinned and the engine's tests call every export named there.
  if (compiled === undefined) return (await instantiate({})) as SqliteModule
  return (await new Promise<unknown>((resolve, reject) => {
    const made = instantiate({
      instantiateWasm(imports, receive) {
        WebAssembly.instantiate(compiled, imports).then((instance) => receive(instance, compiled), reject)
        return {}
      },
    })
    made.then(resolve, reject)
  })) as SqliteModule
}

function compile(wasmBinary: WasmBinary | undefined): Promise<WebAssembly.Module> | undefined {
  if (wasmBinary === undefined) {
    if (!isNode()) return undefined
    return (compiledOwn ??= compileOwn())
  }
  const known = compiledFrom.get(wasmBinary)
  if (known !== undefined) return known
  // The cast drops shared memory, which the platform itself refuses here.
  const compiling = WebAssembly.compile(wasmBinary as BufferSource)
  compiledFrom.set(wasmBinary, compiling)
  return compiling
}

/** Kept once it is there: a file that could not be read is read again by the next one who asks. */
async function compileOwn(): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(await readOwn())
  } catch (error) {
    compiledOwn = undefined
    throw error
  }
}

const isNode = (): boolean => typeof process === 'object' && typeof process.versions.node === 'string'

/** Node's modules by a call and not by an import: a bundle for browsers would look for them. */
async function readOwn(): Promise<BufferSource> {
  const { createRequire } = process.getBuiltinModule('node:module')
  const { readFile } = process.getBuiltinModule('node:fs/promises')
  return readFile(createRequire(import.meta.url).resolve('wa-sqlite/dist/wa-sqlite.wasm'))
}
