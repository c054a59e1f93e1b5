/** The worker that has one database: what its page asks is done here. */
import { destroyHere, openHere } from './browser-here.ts'
import { systemClock } from './effects/clock.ts'
import { Server } from './host/server.ts'
import type { Port } from './wire/channel.ts'

// The global scope of a dedicated worker is its end of the channel; the library of types knows that of a window.
new Server(globalThis as unknown as Port, { timer: systemClock, open: openHere, destroy: destroyHere })
