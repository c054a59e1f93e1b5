/** A client that was taken on by the leader of a database in memory. */
import type { Led } from '../../src/api.ts'
import { systemClock } from '../../src/effects/clock.ts'
import { Clients } from '../../src/host/clients.ts'
import { Link } from '../../src/host/link.ts'
import { open } from '../../src/index.ts'
import { type Join, PROTOCOL_OF_JOIN } from '../../src/wire/protocol.ts'
import { pipe } from './pipe.ts'

interface Told {
  readonly refused: number
  readonly epochs: readonly number[]
}

/** `insert` and `rows`: what it asks, and what came of it. */
export async function joined({ epoch = 1, medium = 'memory' }: Partial<Pick<Join, 'epoch' | 'medium'>> = {}) {
  const database = (await open('stalled', { storage: 'memory' })) as Led
  await database.exec('CREATE TABLE t (n)')
  const told = { refused: 0, epochs: [] as number[] }
  const clients = new Clients({
    database,
    epoch: () => 1,
    medium: 'memory',
    pragmas: {},
    timer: systemClock,
    onRefused: () => (told.refused += 1),
    onEpochHeard: (heard) => told.epochs.push(heard),
  })
  const { client, leader } = pipe()
  clients.accept(leader)
  const member = { onBeat: () => undefined, onResigned: () => undefined, onRefused: () => (told.refused += 1) }
  const link = new Link(client, { timer: systemClock, member })
  const speaks = { oldest: PROTOCOL_OF_JOIN, newest: PROTOCOL_OF_JOIN }
  const join = { memberId: '0'.repeat(32), speaks, medium, pragmas: {}, epoch }
  const joining = link.ask((id) => ({ kind: 'join', id, join }))
  // It may be refused before it is waited for here.
  joining.catch(() => undefined)
  await leader.deliver()
  await client.deliver()
  await joining
  const insert = (n: number) => link.call('exec', ['INSERT INTO t VALUES (?)', [n], {}])
  const rows = async () => (await database.query<{ n: number }>('SELECT n FROM t ORDER BY rowid')).map(({ n }) => n)
  return { clients, link, client, leader, insert, rows, told: told as Told }
}
