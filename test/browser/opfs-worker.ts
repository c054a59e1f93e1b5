/** The worker that runs what opfs-suite.ts declares. */
import { opfsSuite } from './opfs-suite.ts'
import { serveTests } from './worker-suite.ts'

serveTests(opfsSuite)
