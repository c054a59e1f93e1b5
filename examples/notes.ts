import { open } from 'datasync'

const db = await open('notes') // the directory ./datasync-data/notes, or under DATASYNC_FS_BASE
await db.exec('CREATE TABLE IF NOT EXISTS note (id INTEGER PRIMARY KEY, body TEXT NOT NULL)')

// Resolves when the record has passed fdatasync: from here on it survives SIGKILL and power loss.
const { receipt } = await db.exec('INSERT INTO note (body) VALUES (?)', ['kept'])
console.log(`transaction ${receipt.txid} of epoch ${receipt.epoch} is durable`)

// Nobody else's statement runs between these two; if the function throws, neither happened.
await db.transaction(async (tx) => {
  const [row] = await tx.sql<{ count: number }>`SELECT count(*) AS count FROM note WHERE body = ${'kept'}`
  await tx.exec('INSERT INTO note (body) VALUES (:body)', { body: `after ${row?.count ?? 0}` })
})

// Answered from memory; ask for the disk later, with the receipt.
const quick = await db.exec('INSERT INTO note (body) VALUES (?)', ['soon'], { durability: 'deferred' })
await db.durable(quick.receipt)

console.log(await db.query('SELECT id, body FROM note ORDER BY id'))
await db.close() // notes/database.sqlite is now a plain SQLite file
