/** Where effects tell what happened. Composition connects it to the streams. */
import type { CommitEvent, DatabaseEvent } from '../events.ts'

export interface Facts {
  emit(event: DatabaseEvent): void
  commit(commit: CommitEvent): void
  /** Without listeners there is no need to make a commit event. */
  hasCommitListeners(): boolean
  /** Something that metrics show has changed. */
  measuredChanged(): void
}

/** A machine as the effects see it: told facts, and heard by type. */
export interface MachineRef<Event, Emitted extends { readonly type: string }> {
  send(event: Event): void
  on<Type extends Emitted['type']>(
    type: Type,
    listener: (fact: Emitted & (Type extends '*' ? unknown : { type: Type })) => void,
  ): unknown
}
