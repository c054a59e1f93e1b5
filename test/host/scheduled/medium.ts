/** What outlives a leader: the epoch, what was applied, and the outcomes that lie with it. */
import type { RequestIdentity } from '../../../src/effects/outcomes.ts'
import { RequestTable } from '../../../src/storage/request-table.ts'

export class Medium {
  epoch = 0
  readonly log: string[] = []
  readonly #keepsTable: boolean
  readonly #table = new RequestTable()
  /** Requests that were applied by an earlier leader, or over an earlier connection, and asked again. */
  knownCount = 0

  constructor({ keepsTable }: { readonly keepsTable: boolean }) {
    this.#keepsTable = keepsTable
  }

  lookUp(identity: RequestIdentity, epoch: number): ReturnType<RequestTable['lookUp']> {
    const found = this.#table.lookUp(identity, epoch)
    if (found.kind !== 'known') return found
    this.knownCount += 1
    return this.#keepsTable ? found : { kind: 'fresh' }
  }

  append(requests: readonly string[], outcomes: Parameters<RequestTable['apply']>[0]): void {
    this.log.push(...requests)
    this.#table.apply(outcomes)
  }
}
