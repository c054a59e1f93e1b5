/** OpenOptions checked and completed. Every refusal names the option and what it may be. */
import type { OpenOptions } from './api.ts'
import { DatabaseError } from './errors.ts'
import type { Durability } from './events.ts'
import { limits } from './limits.ts'
import { assertTools } from './option-tools.ts'
import type { ConnectionPragmas } from './sql.ts'
import type { ChecksumAlgorithm } from './storage/block-store.ts'

export interface Settings {
  /** 'auto': the platform's choice. */
  readonly medium: 'auto' | 'fs' | 'memory' | 'opfs' | 'indexeddb'
  /** Directory of the databases; for fs only. */
  readonly base: string
  /** A network file system is no reason to refuse; for fs only. */
  readonly mayBeNetwork: boolean
  readonly durability: Durability
  readonly policy: {
    readonly intervalMs: number
    readonly debounceMs: number
    readonly maxWaitMs: number
    readonly maxDirtyBlocks: number
    readonly maxDirtyBytes: number
  }
  readonly verifyAfterWrite: boolean
  readonly backpressure: { readonly highBytes: number; readonly normalBytes: number }
  readonly recovery: {
    readonly verify: 'full' | 'sample' | 'none'
    readonly sampleSize: number
    readonly onCorruption: 'fail' | 'report' | 'repair'
    readonly homeChanged: 'fail' | 'adopt'
    readonly onLost: 'fail' | 'open'
  }
  readonly checksum: ChecksumAlgorithm
  /** Undefined: what the store has, or the default for a new one. */
  readonly blockSize: number | undefined
  readonly cacheBytes: number
  readonly pragmas: ConnectionPragmas
}

const NAME = new RegExp(`^[A-Za-z0-9._-]{1,${limits.nameLengthMax}}$`)

/** @throws INVALID_NAME */
export function assertName(name: unknown): asserts name is string {
  if (typeof name === 'string' && NAME.test(name) && name !== '.' && name !== '..') return
  throw new DatabaseError(
    'INVALID_NAME',
    `"${String(name)}" is not a database name: use 1 to ${limits.nameLengthMax} of A-Z a-z 0-9 . _ -`,
  )
}

/** @throws INVALID_OPTIONS, NOT_SUPPORTED */
export function settingsOf(options: OpenOptions): Settings {
  refuseUnknown(options, 'options', optionNames)
  assertTools(options)
  const { syncPolicy = {}, recovery = {}, backpressure, blockSize, pragmas = {} } = options
  refuseUnknown(syncPolicy, 'syncPolicy', [
    'intervalMs',
    'debounceMs',
    'maxWaitMs',
    'maxDirtyBlocks',
    'maxDirtyBytes',
    'verifyAfterWrite',
  ])
  refuseUnknown(recovery, 'recovery', ['verify', 'sampleSize', 'onCorruption', 'homeChanged', 'onLost'])
  return {
    ...placeOf(options.storage ?? 'auto'),
    durability: oneOf('durability', options.durability, ['strict', 'relaxed', 'deferred']),
    policy: {
      intervalMs: whole('syncPolicy.intervalMs', syncPolicy.intervalMs, limits.intervalMs),
      debounceMs: whole('syncPolicy.debounceMs', syncPolicy.debounceMs, limits.debounceMs),
      maxWaitMs: whole('syncPolicy.maxWaitMs', syncPolicy.maxWaitMs, limits.maxWaitMs, { min: 1 }),
      maxDirtyBlocks: whole('syncPolicy.maxDirtyBlocks', syncPolicy.maxDirtyBlocks, limits.maxDirtyBlocks),
      maxDirtyBytes: whole('syncPolicy.maxDirtyBytes', syncPolicy.maxDirtyBytes, limits.maxDirtyBytes),
    },
    verifyAfterWrite: flag('syncPolicy.verifyAfterWrite', syncPolicy.verifyAfterWrite),
    backpressure: watermarks(backpressure),
    recovery: {
      verify: oneOf('recovery.verify', recovery.verify, ['sample', 'full', 'none']),
      sampleSize: whole('recovery.sampleSize', recovery.sampleSize, limits.recoverySampleSize, { min: 1 }),
      onCorruption: oneOf('recovery.onCorruption', recovery.onCorruption, ['fail', 'report', 'repair']),
      homeChanged: oneOf('recovery.homeChanged', recovery.homeChanged, ['fail', 'adopt']),
      onLost: oneOf('recovery.onLost', recovery.onLost, ['fail', 'open']),
    },
    checksum: oneOf('checksum', options.checksum, ['xxh64', 'crc32']),
    blockSize: blockSize === undefined ? undefined : blockSizeOf(blockSize),
    cacheBytes: whole('cacheBytes', options.cacheBytes, limits.cacheBytes),
    pragmas: pragmasOf(pragmas),
  }
}

const optionNames = [
  'storage',
  'durability',
  'syncPolicy',
  'backpressure',
  'recovery',
  'checksum',
  'blockSize',
  'pragmas',
  'cacheBytes',
  'signal',
  'deadlineMs',
  'logger',
  'on',
  'worker',
  'wasmUrl',
  'wasmBinary',
]

function placeOf(storage: NonNullable<OpenOptions['storage']>): Pick<Settings, 'medium' | 'base' | 'mayBeNetwork'> {
  const { kind, ...rest }: { kind: string; base?: unknown; network?: unknown } =
    typeof storage === 'string' ? { kind: storage } : storage
  if ('layout' in rest && rest.layout === 'blocks') {
    throw new DatabaseError('NOT_SUPPORTED', 'the layout "blocks" is not available; the home is one SQLite file', {
      details: rest,
    })
  }
  refuseUnknown(rest, 'storage', kind === 'fs' ? ['base', 'network'] : [])
  if (kind === 'memory' || kind === 'opfs' || kind === 'indexeddb')
    return { medium: kind, base: '', mayBeNetwork: false }
  if (kind !== 'fs' && kind !== 'auto') {
    throw new DatabaseError(
      'NOT_SUPPORTED',
      `storage "${kind}" is unknown; use "auto", "fs", "opfs", "indexeddb" or "memory"`,
      {
        details: { kind },
      },
    )
  }
  const base = rest.base ?? globalThis.process?.env['DATASYNC_FS_BASE'] ?? './datasync-data'
  if (typeof base !== 'string' || base === '') throw invalid('storage.base', base, 'the path of a directory')
  const { network: mayBeNetwork = false } = rest
  if (typeof mayBeNetwork !== 'boolean') throw invalid('storage.network', mayBeNetwork, 'a boolean')
  return { medium: kind, base, mayBeNetwork }
}

function watermarks(given: OpenOptions['backpressure']): Settings['backpressure'] {
  const highBytes = whole('backpressure.highBytes', given?.highBytes, limits.backpressureHighBytes, { min: 1 })
  const normalBytes = whole('backpressure.normalBytes', given?.normalBytes, limits.backpressureNormalBytes)
  if (normalBytes >= highBytes)
    throw invalid('backpressure.normalBytes', normalBytes, `less than highBytes (${highBytes})`)
  return { highBytes, normalBytes }
}

function blockSizeOf(blockSize: number): number {
  const isPower = Number.isInteger(Math.log2(blockSize))
  if (isPower && blockSize >= limits.blockSize && blockSize <= limits.blockSizeMax) return blockSize
  throw invalid('blockSize', blockSize, `a power of two from ${limits.blockSize} to ${limits.blockSizeMax}`)
}

const pragmaTypes: { readonly [Name in keyof ConnectionPragmas]-?: 'boolean' | 'number' } = {
  foreignKeys: 'boolean',
  recursiveTriggers: 'boolean',
  caseSensitiveLike: 'boolean',
  reverseUnorderedSelects: 'boolean',
  trustedSchema: 'boolean',
  cellSizeCheck: 'boolean',
  deferForeignKeys: 'boolean',
  cacheSize: 'number',
}

function pragmasOf(pragmas: ConnectionPragmas): ConnectionPragmas {
  refuseUnknown(pragmas, 'pragmas', Object.keys(pragmaTypes))
  for (const [name, type] of Object.entries(pragmaTypes)) {
    const value = pragmas[name as keyof ConnectionPragmas]
    const isFit = typeof value === type && (type === 'boolean' || Number.isInteger(value))
    if (value !== undefined && !isFit) throw invalid(`pragmas.${name}`, value, `a ${type}`)
  }
  return pragmas
}

function oneOf<T extends string>(name: string, value: T | undefined, allowed: readonly [T, ...T[]]): T {
  if (value === undefined) return allowed[0]
  if (allowed.includes(value)) return value
  throw invalid(name, value, `one of ${allowed.join(', ')}`)
}

function whole(name: string, value: number | undefined, fallback: number, { min = 0 } = {}): number {
  if (value === undefined) return fallback
  if (Number.isSafeInteger(value) && value >= min) return value
  throw invalid(name, value, `a whole number of at least ${min}`)
}

function flag(name: string, value = false): boolean {
  if (typeof value === 'boolean') return value
  throw invalid(name, value, 'true or false')
}

/** Types do not keep null out. */
function refuseUnknown(given: object | null, where: string, known: readonly string[]): void {
  if (typeof given !== 'object' || given === null) throw invalid(where, given, 'an object')
  for (const name of Object.keys(given)) {
    if (!known.includes(name))
      throw new DatabaseError(
        'INVALID_OPTIONS',
        `${where}.${name} is not an option; known are ${known.join(', ') || 'none'}`,
      )
  }
}

const invalid = (name: string, value: unknown, expected: string) =>
  new DatabaseError('INVALID_OPTIONS', `${name} is ${String(value)}; it must be ${expected}`, { details: { name } })
