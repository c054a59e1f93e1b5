/** The origin private file system, in a real browser. */
import { opfsSuite } from './opfs-suite.ts'
import { testsInWorker } from './worker-suite.ts'

testsInWorker(() => new Worker(new URL('./opfs-worker.ts', import.meta.url), { type: 'module' }), opfsSuite)
