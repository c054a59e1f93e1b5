/** The worker of the product, which can be told to stop inside a transaction of IndexedDB, or before it makes one. */
import './stalling.ts'
import '../../../src/worker.ts'
