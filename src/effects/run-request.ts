/** Runs the work of one request on the connection, which is as it was before when it is done: nothing is left open. */
import type { SqlEngine } from './ports.ts'
import { leftOpen } from './request-errors.ts'

export interface Outcome {
  readonly value: unknown
  readonly error: unknown
}

export interface RunPorts {
  readonly engine: SqlEngine
  /** The connection is of no use any more. */
  readonly onPoisoned: () => void
}

export function outcomeOf(work: (() => unknown) | undefined, ports: RunPorts): Outcome {
  try {
    return { value: work?.(), error: leaveNothingOpen(undefined, ports) }
  } catch (error) {
    return { value: undefined, error: leaveNothingOpen(error, ports) }
  }
}

/** `isPaused`: the connection is being made anew, and has nothing open. */
export async function exclusiveOutcomeOf(
  work: () => Promise<unknown>,
  ports: RunPorts,
  isPaused: () => boolean,
): Promise<Outcome> {
  const after = (error: unknown) => (isPaused() && !ports.engine.isPoisoned ? error : leaveNothingOpen(error, ports))
  try {
    return { value: await work(), error: after(undefined) }
  } catch (error) {
    return { value: undefined, error: after(error) }
  }
}

/** What a request left open must not become part of the next one: a connection that cannot roll it back is made anew. */
function leaveNothingOpen(cause: unknown, { engine, onPoisoned }: RunPorts): unknown {
  if (engine.isPoisoned) onPoisoned()
  else if (!engine.isAutocommit) {
    try {
      engine.rollback()
      return leftOpen(cause)
    } catch (error) {
      onPoisoned()
      return error
    }
  }
  return cause
}
