/** A machine whose listeners may fail: xstate hands their exceptions to nobody, and the work that they began would never end. */
import type { MachineRef } from './facts.ts'

/** Tells `onBroken` what a listener throws. */
export const heard = <Event, Emitted extends { readonly type: string }>(
  machine: MachineRef<Event, Emitted>,
  onBroken: (error: unknown) => void,
): MachineRef<Event, Emitted> => ({
  send: (event) => machine.send(event),
  on: (type, listener) =>
    machine.on(type, (fact) => {
      try {
        listener(fact)
      } catch (error) {
        onBroken(error)
      }
    }),
})
