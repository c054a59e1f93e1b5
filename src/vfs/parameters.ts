/** Which value goes to which parameter of which statement. */
import { DatabaseError } from '../errors.ts'
import type { SqlParam, SqlParams } from '../sql.ts'

/** What a prepared statement asks for: names with their prefix, undefined for `?`. The first is parameter 1. */
export interface Parameters {
  readonly parameterCount: number
  readonly parameterNames: () => readonly (string | undefined)[]
}

const isPositional = (params: SqlParams): params is readonly SqlParam[] => Array.isArray(params)

/**
 * Values in the order of the parameters. `isOnly`: no other statement of the request takes parameters.
 * @throws INVALID_PARAMETER for a wrong count, a name that is missing, or (when `isOnly`) one that is unknown
 */
export function parameterValues(
  wanted: Parameters,
  params: SqlParams | undefined,
  isOnly: boolean,
): readonly unknown[] {
  if (params === undefined) {
    if (wanted.parameterCount === 0) return []
    throw invalid(`the statement has ${count(wanted.parameterCount)} and none is given`)
  }
  if (isPositional(params)) {
    if (params.length === wanted.parameterCount || (!isOnly && wanted.parameterCount === 0)) return params
    throw invalid(`the statement has ${count(wanted.parameterCount)}, ${params.length} given`)
  }
  const names = wanted.parameterNames()
  const values = names.map((name, at) => named(params, name, at + 1))
  if (isOnly && Object.keys(params).length !== names.length) assertKnown(new Set(names), params)
  return values
}

function named(params: Exclude<SqlParams, readonly SqlParam[]>, name: string | undefined, index: number): unknown {
  if (name === undefined) throw invalid(`parameter ${index} has no name; pass an array`)
  const bare = name.slice(1)
  if (Object.hasOwn(params, bare)) return params[bare]
  if (Object.hasOwn(params, name)) return params[name]
  throw invalid(`parameter ${name} is missing`)
}

function assertKnown(names: ReadonlySet<string | undefined>, params: object): void {
  const known = new Set([...names].flatMap((name) => (name === undefined ? [] : [name, name.slice(1)])))
  for (const key of Object.keys(params)) if (!known.has(key)) throw invalid(`no statement has a parameter ${key}`)
}

// Strings, quoted names and comments are passed over; a word is taken whole so that its digits and dollars are not parameters.
const token =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*|(\?\d*|[:@$][\w$\u0080-\uffff]+(?:::[\w$\u0080-\uffff]*)*(?:\([^)\s]*\))?)|(;)|[\s\S]/g

/**
 * Checks the parameters of several statements before the first one runs, because what has run cannot be taken back.
 * @throws INVALID_PARAMETER
 */
export function checkScriptParameters(sql: string, params: SqlParams | undefined): void {
  if (params === undefined && !/[?:@$]/.test(sql)) return
  const statements: Set<string>[] = [new Set()]
  for (const [, parameter, end] of sql.matchAll(token)) {
    if (end !== undefined) statements.push(new Set())
    if (parameter !== undefined) statements.at(-1)?.add(parameter)
  }
  const withParameters = statements.filter((names) => names.size > 0)
  if (params === undefined) {
    if (withParameters.length > 0) throw invalid('the statements have parameters and none is given')
    return
  }
  if (!isPositional(params)) return assertKnown(new Set(withParameters.flatMap((names) => [...names])), params)
  if (withParameters.length > 1) throw invalid('several statements have parameters; pass them by name')
  if (withParameters.length === 0 && params.length > 0)
    throw invalid(`the statements have no parameter, ${params.length} given`)
}

const count = (n: number): string => (n === 1 ? '1 parameter' : `${n} parameters`)

const invalid = (message: string) => new DatabaseError('INVALID_PARAMETER', message)
