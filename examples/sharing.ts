import { open } from 'datasync'

// However many open it, in tabs or in processes: one of them leads, and these lines are the same in each.
const db = await open('notes')
db.status$.subscribe(({ role, epoch }) => console.log(`${role} at epoch ${epoch}`))

// If the leader goes before the COMMIT, nothing of it was applied, and it runs again.
await db.transaction((tx) => tx.exec('UPDATE note SET body = upper(body)'), { retry: 3 })
