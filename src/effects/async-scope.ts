/** Tells whether a call is made from inside a function, through its awaits: found by AsyncLocalStorage where the platform has it. */

interface Storage<T> {
  run<R>(store: T, fn: () => R): R
  getStore(): T | undefined
}

interface AsyncHooks {
  readonly AsyncLocalStorage: new <T>() => Storage<T>
}

export class AsyncScope<T> {
  /** Made at the first use: a process that never runs a transaction does not pay for tracking promises. */
  #storage: Storage<T> | undefined

  run<R>(value: T, fn: () => R): R {
    this.#storage ??= makeStorage<T>()
    return this.#storage === undefined ? fn() : this.#storage.run(value, fn)
  }

  get current(): T | undefined {
    return this.#storage?.getStore()
  }
}

function makeStorage<T>(): Storage<T> | undefined {
  const hooks = globalThis.process?.getBuiltinModule?.('node:async_hooks') as AsyncHooks | undefined
  return hooks === undefined ? undefined : new hooks.AsyncLocalStorage<T>()
}
