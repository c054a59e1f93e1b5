/**
 * What a caller gives as a statement, looked at when the call is made, and kept as it is then: the caller may use its list of parameters
 * for the next call before this one has run. Bytes are not copied, since they may be large: they have to stay as they are until the
 * promise settles.
 */
import type { Statement } from './api.ts'
import { DatabaseError } from './errors.ts'
import type { SqlParam, SqlParams } from './sql.ts'

/** @throws INVALID_PARAMETER */
export function statementOf(sql: string, params: SqlParams | undefined): Statement {
  if (typeof sql !== 'string') throw invalid(`sql is ${nameOf(sql)}; it must be a string`)
  return params === undefined ? { sql } : { sql, params: checked(params) }
}

/** Parameters as they are now; what is none of these is refused by whoever reads it. */
export function captured(params: SqlParams | undefined): SqlParams | undefined {
  if (Array.isArray(params)) return (params as readonly SqlParam[]).slice()
  return isNamed(params) ? { ...params } : params
}

/** @throws INVALID_PARAMETER, with the index of the statement */
export function statementsOf(statements: readonly Statement[]): Statement[] {
  if (!Array.isArray(statements))
    throw invalid(`batch was given ${nameOf(statements)}; it takes a list of { sql, params }`)
  return statements.map((statement: Statement | null | undefined, index) => {
    if (typeof statement !== 'object' || statement === null || typeof statement.sql !== 'string')
      throw invalid(`statement ${index} is ${nameOf(statement)}; it must be { sql, params } with sql a string`, {
        index,
      })
    return statementOf(statement.sql, statement.params)
  })
}

/** What types do not keep out, a script passes all the same. */
function checked(params: SqlParams): SqlParams {
  if (Array.isArray(params) || isNamed(params)) return captured(params) ?? params
  throw invalid(`the parameters are ${nameOf(params)}; they must be a list, or an object with a value for each name`)
}

const isNamed = (params: unknown): params is { readonly [name: string]: SqlParam } =>
  typeof params === 'object' && params !== null && !ArrayBuffer.isView(params)

const nameOf = (value: unknown): string =>
  value === null || value === undefined ? String(value) : `a value of type ${typeof value}`

const invalid = (message: string, details: Readonly<Record<string, unknown>> = {}) =>
  new DatabaseError('INVALID_PARAMETER', message, { details })
