/** The shipped leader machine as a table that is filled while it is walked: a step that was taken before costs one look-up. */
import type { AnyMachineSnapshot } from 'xstate'
import type { LeaderContext, LeaderEmitted, LeaderEvent, leaderMachine } from '../../../src/machines/leader.ts'
import { send, start } from '../explore.ts'
import { keyOf } from '../key.ts'

/** A machine in one of its states, by number. */
export type MachineId = number

export interface MachineView {
  readonly state: string
  readonly context: LeaderContext
}

interface Reached {
  readonly id: MachineId
  readonly wishes: readonly LeaderEmitted[]
}

export class LeaderTable {
  readonly #machine: typeof leaderMachine
  readonly #initials = new Map<number, MachineId>()
  readonly #ids = new Map<string, MachineId>()
  readonly #snapshots: AnyMachineSnapshot[] = []
  readonly #views: MachineView[] = []
  readonly #steps = new Map<string, Reached>()

  constructor(machine: typeof leaderMachine) {
    this.#machine = machine
  }

  /** Before its first event. Of two members that are not equally patient no machines are ever the same. */
  initial(missedMax: number): MachineId {
    const id = this.#initials.get(missedMax) ?? this.#idOf(start(this.#machine, { missedMax }).snapshot)
    this.#initials.set(missedMax, id)
    return id
  }

  view(id: MachineId): MachineView {
    const view = this.#views[id]
    if (view === undefined) throw new Error(`no machine was ever in state ${id}`)
    return view
  }

  send(id: MachineId, event: LeaderEvent): Reached {
    const detail = 'epoch' in event ? event.epoch : 'isWaiting' in event ? Number(event.isWaiting) : ''
    const key = `${id} ${event.type} ${detail}`
    const known = this.#steps.get(key)
    if (known !== undefined) return known
    const snapshot = this.#snapshots[id]
    if (snapshot === undefined) throw new Error(`no machine was ever in state ${id}`)
    const { snapshot: next, emitted } = send(this.#machine, snapshot, event)
    const reached = { id: this.#idOf(next), wishes: emitted }
    this.#steps.set(key, reached)
    return reached
  }

  #idOf(snapshot: AnyMachineSnapshot): MachineId {
    const key = keyOf(snapshot)
    const id = this.#ids.get(key) ?? this.#snapshots.length
    if (id < this.#snapshots.length) return id
    this.#ids.set(key, id)
    this.#snapshots.push(snapshot)
    this.#views.push({ state: String(snapshot.value), context: snapshot.context as LeaderContext })
    return id
  }
}
