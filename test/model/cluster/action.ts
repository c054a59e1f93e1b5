/** What happens in a cluster, as it is printed in a counterexample and judged by the rules. */
export type Action =
  /** Of a member's life, lock and machine; the name says all. */
  | { readonly what: string; readonly member: number }
  /** Both may rob whoever has the lock; missedCount: beats in a row, this one included. */
  | { readonly what: 'misses a beat' | 'robs'; readonly member: number; readonly missedCount: number }
  | { readonly what: 'raises the epoch' | 'begins'; readonly member: number; readonly epoch: number }
  /** A job begins: from the channel, stamped with the beat that its client had heard, or from the member itself. */
  | ({ readonly what: 'runs' | 'finds it done' } & Request & { readonly stampBeat: number | null })
  | ({ readonly what: 'appends'; readonly epoch: number; readonly isVoid: boolean } & Request)
  /** The leader tells the outcome; isNew: of a commit of its own reign. */
  | ({ readonly what: 'answers'; readonly isNew: boolean } & Request)
  /** The client takes the answer. view: what its read shows. */
  | ({ readonly what: 'accepts'; readonly epoch: number; readonly view: number } & Request)

interface Request {
  readonly member: number
  readonly client: number
  readonly no: number
}
