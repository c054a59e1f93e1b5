/** A store that tells a logger each step it takes on the medium: records written, barriers, epoch checks, checkpoints, the close. */
import { isolated, type Logger, type LogRecord } from '../logger.ts'
import type { BlockStore } from '../storage/block-store.ts'
import type { Awaitable } from '../units.ts'
import type { Clock } from './ports.ts'

/** Everything else is the store's own. Without a logger, all of it. */
export function loggedStore(store: BlockStore, given: Logger | undefined, clock: Pick<Clock, 'now'>): BlockStore {
  if (given === undefined) return store
  const logger = isolated(given)

  function told<T>(step: string, work: () => Awaitable<T>, more: (result: T) => object = () => ({})): Awaitable<T> {
    const startMs = clock.now()
    const done = (result: T): T => {
      const record: LogRecord = { event: step, epoch: store.epoch, ms: clock.now() - startMs, ...more(result) }
      logger.debug(record, `${step} done`)
      return result
    }
    const failed = (error: unknown): never => {
      const record: LogRecord = { event: step, epoch: store.epoch, ms: clock.now() - startMs, error }
      logger.warn(record, `${step} failed`)
      throw error
    }
    try {
      const result = work()
      return result instanceof Promise ? result.then(done, failed) : done(result)
    } catch (error) {
      return failed(error)
    }
  }

  function steppedThen(pause: () => Promise<void>): Promise<void> {
    logger.debug({ event: 'checkpoint.step', epoch: store.epoch }, 'checkpoint.step done')
    return pause()
  }

  const steps: Partial<BlockStore> = {
    append: (group, options) =>
      told(
        'record.written',
        () => store.append(group, options),
        ({ blocks, bytes }) => ({ txid: group.lastTxid, txidFrom: group.firstTxid, blocks, bytes }),
      ),
    barrier: (options) =>
      told(
        'barrier.passed',
        () => store.barrier(options),
        () => ({ txid: store.positions.durableTxid }),
      ),
    confirmEpoch: () => told('epoch.confirmed', () => store.confirmEpoch()),
    readBack: () => told('record.readBack', () => store.readBack()),
    voidAfterFailure: async () =>
      told(
        'series.voided',
        () => store.voidAfterFailure(),
        (voided) => ({ ...voided }),
      ),
    checkpoint: async ({ pause, ...options }) =>
      told(
        'checkpoint.folded',
        () => store.checkpoint(pause === undefined ? options : { ...options, pause: () => steppedThen(pause) }),
        ({ checkpointedTxid: txid, blocks, bytes }) => ({ txid, blocks, bytes }),
      ),
    close: async (options) => told('store.closed', () => store.close(options)),
  }
  return new Proxy(store, {
    get(target, name) {
      const own: unknown = Reflect.get(steps, name) ?? Reflect.get(target, name, target)
      return typeof own === 'function' ? (own.bind(target) as unknown) : own
    },
  })
}
