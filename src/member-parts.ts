/** What a member is made of, each connected to those who hear of it. Nothing here decides. */
import { LockWish, type LockWishPorts } from './effects/lock-wish.ts'
import type { Place, Sharing } from './effects/place.ts'
import { newStoreId } from './effects/random.ts'
import type { DatabaseError } from './errors.ts'
import { Follower, type FollowerPorts } from './host/follower.ts'
import { Forwarder, type ForwarderPorts } from './host/forwarder.ts'
import { SharedDatabase } from './host/shared-database.ts'
import { SharedStreams } from './host/shared-streams.ts'
import type { LifeOptions } from './life.ts'
import { limits } from './limits.ts'
import { Opening } from './member-opening.ts'
import { prepareToLead } from './readiness.ts'
import { callOnSync } from './streams/callbacks.ts'
import { PROTOCOL_OLDEST, PROTOCOL_VERSION } from './wire/protocol.ts'
import type { Transport } from './wire/transport.ts'

export interface MemberPlace {
  readonly place: Place
  readonly sharing: Sharing
  readonly transport: Transport
}

export type MemberOptions = Omit<LifeOptions, 'cause' | 'sqlite'>

/** Who hears of what. */
export interface MemberPorts {
  readonly lock: Omit<LockWishPorts, 'lock'>
  readonly follower: Pick<FollowerPorts, 'epochMin' | 'joined' | 'refused' | 'onRefused' | 'onAnnounced' | 'lost'>
  readonly onWaiting: ForwarderPorts['onWaiting']
  readonly onGivenUp: (error: DatabaseError) => void
  readonly close: () => Promise<void>
}

export interface MemberParts {
  readonly lock: LockWish
  readonly follower: Follower
  readonly forwarder: Forwarder
  readonly streams: SharedStreams
  readonly database: SharedDatabase
  readonly opening: Opening
  readonly readiness: Readiness
}

/** To lead one day: soon, and without a network. */
export interface Readiness {
  /** It follows: after a while an instance of SQLite is made. */
  soon(): void
  stop(): void
}

export function partsOf(
  { place, sharing, transport }: MemberPlace,
  { name, settings, options, clock }: MemberOptions,
  ports: MemberPorts,
): MemberParts {
  const streams = new SharedStreams()
  if (options.on !== undefined) callOnSync(streams.events$, options.on)
  const forwarder = new Forwarder({
    // A process that waits for an answer does not end before it.
    timer: { now: () => clock.now(), after: (ms, fn) => clock.after(ms, fn, { keepsAlive: true }) },
    newId: newStoreId,
    onWaiting: ports.onWaiting,
  })
  return {
    streams,
    forwarder,
    lock: new LockWish({ lock: sharing.lock, ...ports.lock }),
    follower: new Follower({
      name,
      transport,
      timer: clock,
      join: {
        memberId: newStoreId(),
        speaks: { oldest: PROTOCOL_OLDEST, newest: PROTOCOL_VERSION },
        medium: place.medium,
        pragmas: settings.pragmas,
      },
      hold: () => forwarder.hold(),
      ...ports.follower,
    }),
    database: new SharedDatabase(name, { forwarder, streams, durability: settings.durability, close: ports.close }),
    opening: new Opening({
      clock,
      options,
      location: place.location,
      holder: () => sharing.holder?.() ?? {},
      onGivenUp: ports.onGivenUp,
    }),
    readiness: readinessOf(options, clock),
  }
}

function readinessOf({ wasmBinary }: MemberOptions['options'], clock: MemberOptions['clock']): Readiness {
  let cancel = () => undefined as void
  return {
    soon() {
      cancel()
      cancel = clock.after(limits.prepareMs, () => prepareToLead(wasmBinary))
    },
    stop: () => cancel(),
  }
}
