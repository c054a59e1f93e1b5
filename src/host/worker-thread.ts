/** A worker as the other side of a channel: its death is everybody's answer. */
import { DatabaseError } from '../errors.ts'
import type { Port } from '../wire/channel.ts'
import type { Timer } from './timer.ts'

export interface OtherSide {
  readonly port: Port
  readonly timer: Timer
  /** Called once if the other side dies. */
  onDeath(tell: (error: DatabaseError) => void): void
  /** It is not needed any more. */
  end(): void
}

export function listenTo(worker: Worker, timer: Timer): OtherSide {
  return {
    port: worker,
    timer,
    onDeath(tell) {
      worker.addEventListener('error', (event) => {
        // A script that cannot be loaded says nothing more than that.
        const { message }: Partial<ErrorEvent> = event
        const why = message ?? 'its script could not be loaded'
        tell(
          new DatabaseError('DATABASE_FAILED', `the worker of the database stopped: ${why}`, {
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
