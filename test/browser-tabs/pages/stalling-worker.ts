/** The worker of the product, which can be told to stop inside a transaction of IndexedDB. */
import './stalling.ts'
import '../../../src/worker.ts'
