/**
 * Writes docs/machines/<name>.md for each machine, from the machine itself: a Mermaid diagram of its state nodes and what it hears and
 * says in each. `--check` writes nothing and fails when a page is stale. Run by `npm run docs` and `npm run check`, from the root.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate'
import { autosyncMachine } from '../src/machines/autosync.ts'
import { commitMachine } from '../src/machines/commit.ts'
import { databaseMachine } from '../src/machines/database.ts'
import { leaderMachine } from '../src/machines/leader.ts'
import { recoveryMachine } from '../src/machines/recovery.ts'

const machines: readonly AnyStateMachine[] = [
  autosyncMachine,
  commitMachine,
  databaseMachine,
  leaderMachine,
  recoveryMachine,
]
const directory = path.join('docs', 'machines')

/** Actions say nothing of what they emit; their names do: want… and emit… tell the world, the others remember. */
const saysNothing = /^(record|decide)/

function pageOf(machine: AnyStateMachine): string {
  const nodes = nodesOf(machine.root)
  return [
    `# ${machine.id}`,
    '',
    `Made from \`src/machines/${machine.id}.ts\` by \`npm run docs\`; its header says what holds and why.`,
    '',
    '```mermaid',
    'stateDiagram-v2',
    ...nodes.flatMap(linesOf),
    '```',
    '',
    '| in state | hears | if | then it is | and says |',
    '|---|---|---|---|---|',
    ...nodes.flatMap((node) => transitionsOf(node).map((taken) => rowOf(node, taken))),
    '',
  ].join('\n')
}

const nodesOf = (node: AnyStateNode): AnyStateNode[] => [node, ...Object.values(node.states).flatMap(nodesOf)]

const transitionsOf = (node: AnyStateNode): AnyTransitionDefinition[] => [
  ...[...node.transitions.values()].flat(),
  ...(node.always ?? []),
]

function linesOf(node: AnyStateNode): string[] {
  const { initial, parent, type } = node
  const isBox = type === 'compound' && parent !== undefined
  const inside = isBox ? Object.values(node.states).map((child) => `    state ${idOf(child)}`) : []
  return [
    ...(isBox ? [`  state ${idOf(node)} {`, `    [*] --> ${idOf(initial.target[0])}`, ...inside, '  }'] : []),
    ...(parent === undefined ? [`  [*] --> ${idOf(initial.target[0])}`] : []),
    ...transitionsOf(node).flatMap((taken) => arrowsOf(node, taken)),
    ...(type === 'final' ? [`  ${idOf(node)} --> [*]`] : []),
  ]
}

/** The root is no box: what it hears is in the table only, but for where it leads. */
function arrowsOf(node: AnyStateNode, taken: AnyTransitionDefinition): string[] {
  const target = taken.target?.[0]
  const label = `${heardOf(taken)}${guardOf(taken) === '' ? '' : ` [${guardOf(taken)}]`}`
  if (target === undefined) return []
  const sources = node.parent === undefined ? Object.values(node.states).filter(({ type }) => type !== 'final') : [node]
  return sources.map((source) => `  ${idOf(source)} --> ${idOf(target)}: ${label}`)
}

function rowOf(node: AnyStateNode, taken: AnyTransitionDefinition): string {
  const target = taken.target?.[0]
  const says = [...taken.actions, ...(target?.entry ?? [])].map(actionOf).filter((name) => !saysNothing.test(name))
  const cells = [
    pathOf(node),
    heardOf(taken),
    guardOf(taken),
    target === undefined ? 'there' : pathOf(target),
    says.join(', '),
  ]
  return `| ${cells.join(' | ')} |`
}

const idOf = (node: AnyStateNode | undefined): string => (node === undefined ? '' : node.path.join('_'))
const pathOf = (node: AnyStateNode): string => (node.path.length === 0 ? 'any' : node.path.join('.'))

function guardOf({ guard }: AnyTransitionDefinition): string {
  if (guard === undefined) return ''
  return typeof guard === 'string' ? guard : nameOf(guard)
}

const heardOf = ({ eventType }: { readonly eventType: string }): string => (eventType === '' ? 'always' : eventType)
const actionOf = (action: unknown): string => (typeof action === 'string' ? action : nameOf(action))

const nameOf = (reference: unknown): string =>
  typeof reference === 'object' && reference !== null && 'type' in reference ? String(reference.type) : 'inline'

const isCheck = process.argv.includes('--check')
if (!isCheck) mkdirSync(directory, { recursive: true })
const stale = machines.filter((machine) => {
  const file = path.join(directory, `${machine.id}.md`)
  const page = pageOf(machine)
  const isFresh = existsSync(file) && readFileSync(file, 'utf8') === page
  if (!isFresh && !isCheck) writeFileSync(file, page)
  return !isFresh
})
if (isCheck && stale.length > 0) {
  console.error(`stale: ${stale.map(({ id }) => `docs/machines/${id}.md`).join(', ')}; run npm run docs`)
  process.exitCode = 1
} else console.log(`${machines.length} diagrams, ${isCheck ? 'all fresh' : `${stale.length} written`}`)
