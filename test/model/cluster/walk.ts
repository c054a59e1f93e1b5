/**
 * Breadth-first walk of spaces too large to be held as objects: states are short strings, rules are checked while walking, and of the
 * steps only those are kept by which things have to go on once faults stop. Keys are whole encodings, so two states share one only if
 * they are equal but for the names of the members.
 */
export interface PackedMove<S, A> {
  readonly action: A
  readonly to: S
  readonly isFault: boolean
}

export interface Space<S, A> {
  readonly initial: S
  moves(state: S): readonly PackedMove<S, A>[]
  /** The same for states that differ in names only. */
  encode(state: S): string
  decode(key: string): S
  /** Throws when the step breaks it. */
  readonly rule: (from: S, action: A, to: S) => void
  /** Once faults stop, every state that must can reach one that is there. */
  readonly goal: { readonly must: (state: S) => boolean; readonly there: (state: S) => boolean }
  readonly statesMax: number
  /** Not an error when there are more: what is looked for is near. Nothing is said of the goal then. */
  readonly isCut?: boolean
}

export interface PackedWalk {
  readonly stateCount: number
  readonly stepCount: number
  /** How many states must reach the goal. */
  readonly mustCount: number
}

const MUST = 1
const THERE = 2

/** Walks all of it. @throws when a rule breaks, with the shortest path there, or when the goal is out of reach of a state that must */
export function walkPacked<S, A>(space: Space<S, A>): PackedWalk {
  const { moves, encode, decode, rule, goal, statesMax, isCut = false } = space
  const first = encode(space.initial)
  const known = new Map<string, number>([[first, 0]])
  const keys = [first]
  const parents = [-1]
  const flags: number[] = []
  const edges = new Edges()
  let stepCount = 0
  const movesFrom = (state: S, from: number): readonly PackedMove<S, A>[] => {
    try {
      return moves(state)
    } catch (cause) {
      throw failure(pathTo(space, { keys, parents, at: from }), { cause })
    }
  }

  for (let from = 0; from < keys.length; from++) {
    const state = decode(keys[from] ?? '')
    flags.push((goal.must(state) ? MUST : 0) | (goal.there(state) ? THERE : 0))
    for (const { action, to, isFault } of movesFrom(state, from)) {
      stepCount++
      try {
        rule(state, action, to)
      } catch (cause) {
        throw failure(pathTo(space, { keys, parents, at: from }), { action, cause })
      }
      const key = encode(to)
      const index = known.get(key) ?? keys.length
      if (!isFault) edges.add(from, index)
      if (index < keys.length) continue
      known.set(key, index)
      keys.push(key)
      parents.push(from)
    }
    if (keys.length > statesMax) {
      if (isCut) return { stateCount: keys.length, stepCount, mustCount: 0 }
      throw new Error(`more than ${statesMax} states: bound the cluster`)
    }
  }

  const stuck = edges.firstStuck(flags)
  if (stuck >= 0)
    throw failure(pathTo(space, { keys, parents, at: stuck }), { cause: new Error('stuck: the goal is out of reach') })
  return { stateCount: keys.length, stepCount, mustCount: flags.filter((flag) => (flag & MUST) !== 0).length }
}

/** Steps without a fault, as pairs. */
class Edges {
  #pairs = new Int32Array(1 << 16)
  #length = 0

  add(from: number, to: number): void {
    if (this.#length + 2 > this.#pairs.length) {
      const larger = new Int32Array(this.#pairs.length * 2)
      larger.set(this.#pairs)
      this.#pairs = larger
    }
    this.#pairs[this.#length++] = from
    this.#pairs[this.#length++] = to
  }

  /** The first state that must and cannot get there, or -1. */
  firstStuck(flags: readonly number[]): number {
    const { offsets, sources } = this.#reversed(flags.length)
    const isGood = new Uint8Array(flags.length)
    const queue: number[] = []
    flags.forEach((flag, index) => {
      if ((flag & THERE) === 0) return
      isGood[index] = 1
      queue.push(index)
    })
    for (let good = queue.pop(); good !== undefined; good = queue.pop()) {
      for (let at = offsets[good] ?? 0; at < (offsets[good + 1] ?? 0); at++) {
        const source = sources[at] ?? 0
        if (isGood[source] === 1) continue
        isGood[source] = 1
        queue.push(source)
      }
    }
    return flags.findIndex((flag, index) => (flag & MUST) !== 0 && isGood[index] === 0)
  }

  /** For each state, from where steps lead to it. */
  #reversed(count: number): { readonly offsets: Int32Array; readonly sources: Int32Array } {
    const offsets = new Int32Array(count + 1)
    for (let at = 1; at < this.#length; at += 2) {
      const to = this.#pairs[at] ?? 0
      offsets[to + 1] = (offsets[to + 1] ?? 0) + 1
    }
    for (let index = 0; index < count; index++) offsets[index + 1] = (offsets[index + 1] ?? 0) + (offsets[index] ?? 0)
    const next = offsets.slice()
    const sources = new Int32Array(this.#length / 2)
    for (let at = 0; at < this.#length; at += 2) {
      const to = this.#pairs[at + 1] ?? 0
      const slot = next[to] ?? 0
      sources[slot] = this.#pairs[at] ?? 0
      next[to] = slot + 1
    }
    return { offsets, sources }
  }
}

interface Reached {
  readonly keys: readonly string[]
  readonly parents: readonly number[]
  readonly at: number
}

/** The path is taken again from the start, so that a member keeps its name along it. */
function pathTo<S, A>({ initial, moves, encode }: Space<S, A>, { keys, parents, at }: Reached): readonly A[] {
  const indexes: number[] = []
  for (let index = at; index > 0; index = parents[index] ?? 0) indexes.unshift(index)
  const path: A[] = []
  let state = initial
  for (const index of indexes) {
    const move = moves(state).find(({ to }) => encode(to) === keys[index])
    if (move === undefined) throw new Error('a path cannot be taken again: the encoding is not sound')
    path.push(move.action)
    state = move.to
  }
  return path
}

function failure(
  path: readonly unknown[],
  { action, cause }: { readonly action?: unknown; readonly cause: unknown },
): Error {
  const actions = action === undefined ? path : [...path, action]
  const message = cause instanceof Error ? cause.message : String(cause)
  const lines = actions.map((one) => `  ${JSON.stringify(one)}`).join('\n')
  return new Error(`${message}\nafter ${actions.length} events:\n${lines}`, { cause })
}
