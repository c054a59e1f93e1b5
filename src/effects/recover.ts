/** Does the steps of a recovery in the order the recovery machine asks for them, and says how it ended. */
import { DatabaseError, isDatabaseError } from '../errors.ts'
import type { RecoveryEmitted, RecoveryEvent, RecoveryStep } from '../machines/recovery.ts'
import type { MachineRef } from './facts.ts'

/** Each does its part on the medium and says what it found. */
export type RecoverySteps = { readonly [Step in RecoveryStep]: () => Promise<RecoveryEvent> }

const stepNames = [
  'epoch',
  'scan',
  'plan',
  'execution',
  'reconcile',
  'verify',
  'repair',
] as const satisfies RecoveryStep[]

/** Resolves when the store is recovered. @throws the error of the step that failed, or what the machine refused to go on with */
export function recover(
  machine: MachineRef<RecoveryEvent, RecoveryEmitted>,
  steps: RecoverySteps,
  refusal: () => DatabaseError,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let error: unknown
    const take = async (step: RecoveryStep): Promise<void> => {
      try {
        machine.send(await steps[step]())
      } catch (thrown) {
        error = thrown
        machine.send({ type: 'step.failed', code: isDatabaseError(thrown) ? thrown.code : 'DATABASE_FAILED' })
      }
    }
    for (const step of stepNames) machine.on(`${step}.wanted`, () => void take(step))
    machine.on('recovery.finished', () => resolve())
    machine.on('recovery.failed', () => reject(error === undefined ? refusal() : asDatabaseError(error)))
    machine.send({ type: 'recovery.requested' })
  })
}

const asDatabaseError = (error: unknown): DatabaseError =>
  isDatabaseError(error)
    ? error
    : new DatabaseError('DATABASE_FAILED', 'recovery stopped on a broken rule of our own', { cause: error })
