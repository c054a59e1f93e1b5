/** A recovery that compares what it found with what the store's witness saw. */
import type { RecoverySession } from '../storage/recover.ts'
import type { RecoveryReport } from '../storage/recovery-report.ts'
import { storeLost, type Witness } from './store-choice.ts'

/**
 * `looked`: for its witness, if that counts. `onRecovered` is told of a store that holds all that it saw.
 * @throws from `finish`, STORE_LOST: the store holds less than was durable
 */
export function witnessed(
  session: RecoverySession,
  looked: Promise<Witness | undefined> | undefined,
  onRecovered: (report: RecoveryReport) => void,
): RecoverySession {
  return {
    begin: () => session.begin(),
    scan: () => session.scan(),
    decide: () => session.decide(),
    execute: () => session.execute(),
    reconcile: () => session.reconcile(),
    verify: () => session.verify(),
    repair: () => session.repair(),
    async finish() {
      const { report } = session
      const witness = await looked
      if (witness !== undefined && report.recoveredTxid < witness.durableTxid) throw storeLost(witness)
      const store = await session.finish()
      onRecovered(report)
      return store
    },
    get refusal() {
      return session.refusal
    },
    get report() {
      return session.report
    },
    abandon: () => session.abandon(),
  }
}
