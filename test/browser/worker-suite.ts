/**
 * Tests whose bodies run in a dedicated worker. The same declaration is read on both sides:
 *
 *   page, under vitest                              worker
 *   testsInWorker(worker, declare)                  serveTests(declare)
 *   each test has its name, and its body asks ──── name ───▶ the body of that name, then what follows each test
 *   passes, or throws what it is told  ◀── its error, or none ──
 *
 * So every test is counted and reported by vitest under its own name, and its assertions are the ones of every other medium.
 */
import { afterAll, describe, test } from 'vitest'
import type { Runner } from '../contract/runner.ts'

type Answer = { readonly name: string; readonly error?: { readonly message: string; readonly stack: string } }

/** Declares the tests in the page. The worker ends with them. */
export function testsInWorker(makeWorker: () => Worker, declare: (runner: Runner) => void): void {
  let worker: Worker | undefined
  const runner = namedRunner((name, title) => {
    test(title, () => {
      worker ??= makeWorker()
      return askWorker(worker, name)
    })
  }, describe)
  describe('in a dedicated worker', () => {
    declare(runner)
    afterAll(() => worker?.terminate())
  })
}

/** Collects the bodies in the worker and runs the one that is asked for. */
export function serveTests(declare: (runner: Runner) => void): void {
  const bodies = new Map<string, () => Promise<void>>()
  const after: (() => Promise<void>)[] = []
  const runner = namedRunner(
    (name, _, run) => {
      if (bodies.has(name)) throw new Error(`two tests are named ${name}`)
      bodies.set(name, run)
    },
    (_, inside) => inside(),
    (run) => after.push(run),
  )
  declare(runner)
  addEventListener('message', ({ data }: MessageEvent<{ readonly name: string }>) => {
    void runTest(data.name, bodies.get(data.name), after).then((answer) => postMessage(answer))
  })
  postMessage({ name: 'ready' })
}

/** Names each test by the suites around it. What is inside a suite may be declared later than what follows it. */
function namedRunner(
  declareTest: (name: string, title: string, run: () => Promise<void>) => void,
  declareSuite: (title: string, inside: () => void) => void,
  declareAfter: (run: () => Promise<void>) => void = () => {},
): Runner {
  let around: readonly string[] = []
  return {
    describe(title, inside) {
      const suites = [...around, title]
      declareSuite(title, () => {
        const outside = around
        around = suites
        inside()
        around = outside
      })
    },
    test: (title, run) => declareTest([...around, title].join(' > '), title, run),
    afterEach: declareAfter,
  }
}

async function runTest(
  name: string,
  body: (() => Promise<void>) | undefined,
  after: readonly (() => Promise<void>)[],
): Promise<Answer> {
  try {
    if (body === undefined) throw new Error(`the worker has no test named ${name}`)
    try {
      await body()
    } finally {
      for (const run of after) await run()
    }
    return { name }
  } catch (error) {
    const { message, stack = '' } = error instanceof Error ? error : new Error(String(error))
    return { name, error: { message, stack } }
  }
}

const ready = new WeakSet<Worker>()

/** The worker's modules load after it was made: it is asked when it has said that it listens. */
async function askWorker(worker: Worker, name: string): Promise<void> {
  if (!ready.has(worker)) {
    await answerOf(worker, 'ready')
    ready.add(worker)
  }
  const answered = answerOf(worker, name)
  worker.postMessage({ name })
  const { error } = await answered
  if (error !== undefined) throw Object.assign(new Error(error.message), { stack: error.stack })
}

function answerOf(worker: Worker, name: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const settle = () => {
      worker.removeEventListener('message', hear)
      worker.removeEventListener('error', fail)
    }
    const hear = ({ data }: MessageEvent<Answer>) => {
      if (data.name !== name) return
      settle()
      resolve(data)
    }
    const fail = (event: ErrorEvent) => {
      settle()
      reject(new Error(`the worker failed: ${event.message}`))
    }
    worker.addEventListener('message', hear)
    worker.addEventListener('error', fail)
  })
}
