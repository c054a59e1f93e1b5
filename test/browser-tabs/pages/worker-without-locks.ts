/** The worker of the product, where Web Locks are gone before anything of it has looked for them. */
import './without-locks.ts'
import '../../../src/worker.ts'
