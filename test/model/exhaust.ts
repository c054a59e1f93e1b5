/**
 * Every path through a piece of code that asks `choose(bound)` for its decisions, each exactly once, in lexicographic order.
 * An odometer over the choices of the last run: the last digit that can rise does, what follows is forgotten.
 */
export interface Choices {
  /** A number 0 ≤ n < bound. The code between two choices must be deterministic. */
  choose(bound: number): number
}

/** Calls `run` once for each sequence of choices; returns how many there were. */
export function exhaust(run: (choices: Choices) => void): number {
  const digits: { value: number; bound: number }[] = []
  let runs = 0
  do {
    let next = 0
    run({
      choose(bound) {
        const digit = (digits[next] ??= { value: 0, bound })
        if (bound < 1 || digit.bound !== bound)
          throw new RangeError(`choice ${next} has bound ${bound}, had ${digit.bound}`)
        next++
        return digit.value
      },
    })
    digits.length = next
    runs++
  } while (advance(digits))
  return runs
}

function advance(digits: { value: number; bound: number }[]): boolean {
  for (let last = digits.at(-1); last !== undefined; last = digits.at(-1)) {
    if (++last.value < last.bound) return true
    digits.pop()
  }
  return false
}
