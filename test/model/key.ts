/** Keys of states for the explorer: equal only when everything that can matter later is equal. */
import type { AnyActorRef, AnyMachineSnapshot } from 'xstate'

/** Canonical text of plain data and snapshots. Anything else, which text would conflate, is refused. */
export function keyOf(value: unknown): string {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return JSON.stringify(value)
  if (typeof value === 'number' && Number.isFinite(value)) return String(value)
  if (Array.isArray(value)) return `[${value.map(keyOf).join()}]`
  if (typeof value === 'object' && '_nodes' in value) return keyOf(coreOf(value as AnyMachineSnapshot))
  if (typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype)
    throw new Error(`not plain: ${String(value)}`)
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([name, part]) => `${name}:${keyOf(part)}`).join()}}`
}

function coreOf({ status, value, context, historyValue, children, error }: AnyMachineSnapshot): object {
  const history = Object.fromEntries(
    Object.entries(historyValue).map(([id, nodes]) => [id, nodes.map((node) => node.id)]),
  )
  const inner = Object.fromEntries(
    Object.entries(children as Readonly<Record<string, AnyActorRef>>).map(([id, child]) => [
      id,
      child.getSnapshot() as unknown,
    ]),
  )
  return {
    status,
    value: value as unknown,
    context: context as unknown,
    history,
    inner,
    error: error === undefined ? null : String(error),
  }
}
