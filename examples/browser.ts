import { isDatabaseError, open } from 'datasync'

// A worker is started and OPFS is chosen where it works, else IndexedDB. A database that exists is opened where it lies.
const db = await open('notes').catch((error: unknown) => {
  if (isDatabaseError(error, 'LEADER_UNRESPONSIVE'))
    document.body.textContent = 'Another tab has it open and does not answer.'
  if (isDatabaseError(error, 'STORE_LOST')) document.body.textContent = 'The browser has cleared this database.'
  throw error
})
await db.exec('CREATE TABLE IF NOT EXISTS note (id INTEGER PRIMARY KEY, body TEXT NOT NULL)')

// Resolves when the record has passed the medium's barrier: from here on it survives a killed browser and power loss.
await db.exec('INSERT INTO note (body) VALUES (?)', ['kept'])

// Answered from memory, flushed within a second, and at once when the page is hidden.
await db.exec('INSERT INTO note (body) VALUES (?)', ['soon'], { durability: 'deferred' })

const notes = await db.sql<{ body: string }>`SELECT body FROM note ORDER BY id`
document.body.textContent = notes.map(({ body }) => body).join(', ')

db.status$.subscribe(({ medium, mediumReason }) => (document.title = `notes in ${medium}: ${mediumReason ?? ''}`))
