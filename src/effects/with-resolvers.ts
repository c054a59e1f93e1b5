/** A promise settled from outside: Promise.withResolvers, which Node 20 does not have yet. */

export interface Resolvers<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
  readonly reject: (error: unknown) => void
}

/** Whether anybody waits for the promise is for others to know: an unheard rejection is not an error here. */
export function withResolvers<T>(): Resolvers<T> {
  const settle: { resolve?: (value: T) => void; reject?: (error: unknown) => void } = {}
  const promise = new Promise<T>((resolve, reject) => Object.assign(settle, { resolve, reject }))
  promise.catch(() => undefined)
  return { promise, resolve: (value) => settle.resolve?.(value), reject: (error) => settle.reject?.(error) }
}
