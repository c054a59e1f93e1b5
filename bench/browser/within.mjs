/**
 * The answer, or an error once the time is up; what is being waited for goes on.
 * @template T
 * @param {number} ms @param {string} what @param {Promise<T>} promise @returns {Promise<T>}
 */
export function within(ms, what, promise) {
  let timer
  const bound = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: no answer within ${ms / 1000} s`)), ms)
  })
  return Promise.race([promise, bound]).finally(() => clearTimeout(timer))
}
