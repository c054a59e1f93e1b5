/** TEMP objects live within one transaction: dropped in it, before it commits. A rollback takes them by itself. */
import type { Connection } from './connection.ts'

/** Drops every table, view and trigger of the TEMP schema. @throws SQL_ERROR, for instance when foreign keys among them forbid it */
export function dropTempObjects(connection: Connection): void {
  // Virtual tables take their shadow tables with them, and tables their triggers: hence the order, and IF EXISTS.
  const objects = connection.internal(
    `SELECT type, name FROM temp.sqlite_schema WHERE type IN ('table', 'view', 'trigger') AND (lower(substr(name, 1, 7)) <> 'sqlite_' OR lower(substr(name, 1, 11)) = 'sqlite_stat')
     ORDER BY sql LIKE 'CREATE VIRTUAL%' DESC, type = 'trigger' DESC, type = 'view' DESC, rowid DESC`,
  )
  for (const [type, name] of objects) {
    connection.internal(`DROP ${String(type)} IF EXISTS temp."${String(name).replaceAll('"', '""')}"`)
  }
}
