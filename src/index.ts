/** Durable SQLite: a promise that has resolved is data that survives a crash. */
export * from './exports.ts'
export { destroy, open } from './open.ts'
