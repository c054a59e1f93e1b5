/** A worker as the other side of a channel: its death is everybody's answer. */
import { DatabaseError } from '../errors.ts'
import type { Port } from '../wire/channel.ts'
import type { MonotonicTimer } from './timer.ts'

export interface OtherSide {
  readonly port: Port
  readonly timer: MonotonicTimer
  /** Called once if the other side dies. */
  onDeath(tell: (error: DatabaseError) => void): void
  /** It is not needed any more. */
  end(): void
}

export function listenTo(worker: Worker, timer: MonotonicTimer): OtherSide {
  return {
    port: worker,
    timer,
    onDeath(tell) {
      worker.addEventListener('error', (event) => {
        tell(
          new DatabaseError('DATABASE_FAILED', `the worker of the database stopped: ${reasonOf(event)}`, {
            details: { file: event.filename, line: event.lineno },
            cause: event.error,
            outcome: 'unknown',
          }),
        )
        worker.terminate()
      })
    },
    end: () => worker.terminate(),
  }
}

/** A script that cannot be loaded is an event without a message. */
const reasonOf = ({ message = 'its script could not be loaded' }: Partial<ErrorEvent>): string => message
