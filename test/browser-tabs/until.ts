/** Waiting for what another process does: looked at again and again, with a bound. */
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** @throws after `boundMs`, naming `what` */
export async function until(what: string, isSo: () => boolean, boundMs = 20_000): Promise<void> {
  const endMs = performance.now() + boundMs
  while (!isSo()) {
    if (performance.now() > endMs) throw new Error(`${what}: not within ${boundMs} ms`)
    await pause(5)
  }
}

/** Whether `value` stays the same for `ms`. */
export async function staysSame(value: () => unknown, ms: number): Promise<boolean> {
  const before = JSON.stringify(value())
  await pause(ms)
  return JSON.stringify(value()) === before
}
