/** Opens the store of a held place: the recovery machine decides each step, the store's session does it. */
import { createActor } from 'xstate'
import { assert } from './assert.ts'
import type { HeldPlace } from './effects/place.ts'
import type { Clock } from './effects/ports.ts'
import { recover, type RecoverySteps } from './effects/recover.ts'
import { aborted } from './effects/request-queue.ts'
import { DatabaseError } from './errors.ts'
import { recoveryMachine } from './machines/recovery.ts'
import type { Settings } from './options.ts'
import type { BlockStore, DamagedBlock } from './storage/block-store.ts'
import type { RecoverySession } from './storage/recover.ts'
import type { RecoveryReport } from './storage/recovery-report.ts'

export interface Recovered {
  readonly store: BlockStore
  readonly report: RecoveryReport
  /** How long it took, in milliseconds. */
  readonly ms: number
}

export interface RecoveryContext {
  readonly clock: Clock
  readonly random: () => number
  /** 32 hexadecimal digits, for a store that is made. */
  readonly newStoreId: string
  readonly signal?: AbortSignal
}

/** @throws what recovery meets; every file is released then */
export async function recoverStore(held: HeldPlace, settings: Settings, context: RecoveryContext): Promise<Recovered> {
  const { clock, random, newStoreId, signal } = context
  const { recovery, checksum, blockSize, cacheBytes } = settings
  const startedAtMs = clock.now()
  const session = held.session({
    ...recovery,
    storeId: newStoreId,
    checksum,
    cacheBytes,
    random,
    timeMs: clock.wallMs(),
    epochFloor: held.notedEpoch,
    ...(blockSize === undefined ? {} : { blockSize }),
  })
  const machine = createActor(recoveryMachine, {
    input: { verify: recovery.verify, onCorruption: recovery.onCorruption },
  }).start()
  let damage: DamagedBlock | undefined
  const steps = stepsOf(session, held, (first) => {
    damage = first
  })
  try {
    await recover(machine, signal === undefined ? steps : interruptible(steps, signal), () => refusal(session, damage))
    return { store: await session.finish(), report: session.report, ms: clock.now() - startedAtMs }
  } catch (error) {
    session.abandon()
    throw error
  } finally {
    machine.stop()
  }
}

function stepsOf(session: RecoverySession, held: HeldPlace, noteDamage: (first: DamagedBlock) => void): RecoverySteps {
  return {
    async epoch() {
      const { epoch } = await session.begin()
      held.note(epoch)
      held.lockHome()
      return { type: 'epoch.raised', epoch }
    },
    scan: async () => ({ type: 'scan.finished', ...(await session.scan()) }),
    plan: async () => ({ type: 'plan.decided', ...(await session.decide()) }),
    async execution() {
      await session.execute()
      return { type: 'execution.finished' }
    },
    async reconcile() {
      await session.reconcile()
      return { type: 'reconcile.finished' }
    },
    async verify() {
      const { damaged } = await session.verify()
      if (damaged[0] !== undefined) noteDamage(damaged[0])
      return { type: 'verify.finished', damagedCount: damaged.length }
    },
    async repair() {
      const { unrepaired } = await session.repair()
      return { type: 'repair.finished', unrepairedCount: unrepaired.length }
    },
  }
}

/** Between two steps, never inside one: what was begun on the medium is finished. */
function interruptible(steps: RecoverySteps, signal: AbortSignal): RecoverySteps {
  const entries = Object.entries(steps).map(([name, step]) => {
    const checked = async () => {
      if (signal.aborted) throw aborted(signal)
      return step()
    }
    return [name, checked]
  })
  return Object.fromEntries(entries) as RecoverySteps
}

/** Why the machine does not go on with what was found, in blocks or before they were looked at. Nothing was changed but the epoch. */
function refusal({ refusal: found }: RecoverySession, damage: DamagedBlock | undefined): DatabaseError {
  const refused = damage === undefined ? found : { ...damage, details: { blockNo: damage.blockNo, file: damage.file } }
  assert(refused !== undefined, 'what is not gone on with has a reason')
  const { code, message, details } = refused
  const whatToDo = 'open it with recovery.onCorruption "report" or "repair", or restore a backup'
  return new DatabaseError(code, `${message}; ${whatToDo}`, { details })
}
