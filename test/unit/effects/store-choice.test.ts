/** Attack 21 as a table: every combination of what two media and their witnesses can say. */
import { describe, expect, test } from 'vitest'
import {
  type BrowserMedium,
  type ChoiceFindings,
  chooseStore,
  type IndexedDbFinding,
  type MediumFinding,
  type WhenLost,
  type Witness,
} from '../../../src/effects/store-choice.ts'
import { DatabaseError, isDatabaseError } from '../../../src/errors.ts'

const unreadable = new DatabaseError('STORAGE_FAILED', 'the connection was lost')
const states: readonly MediumFinding[] = [
  { kind: 'unsupported', why: 'private mode' },
  { kind: 'unreadable', error: unreadable },
  { kind: 'empty' },
  { kind: 'store', storeId: 'a' },
  { kind: 'store', storeId: 'b' },
]
const lost = { kind: 'lost', dataLoss: 'total: the files were damaged' } as const
const witnessOf = (medium: BrowserMedium, storeId: string): Witness => ({ medium, storeId, epoch: 3, durableTxid: 40 })
const witnessSets: readonly (readonly Witness[])[] = [
  [],
  [witnessOf('opfs', 'a')],
  [witnessOf('indexeddb', 'a')],
  [witnessOf('opfs', 'gone')],
  [witnessOf('opfs', 'a'), witnessOf('indexeddb', 'b')],
]

const all = states.flatMap((opfs) =>
  [...states, lost].flatMap((indexeddb) =>
    witnessSets.map((witnesses): ChoiceFindings => ({ opfs, indexeddb, witnesses })),
  ),
)

function outcome(findings: ChoiceFindings, whenLost: WhenLost): string {
  try {
    return chooseStore(findings, whenLost).medium
  } catch (error) {
    if (!isDatabaseError(error)) throw error
    return error.code
  }
}

const isStore = (finding: IndexedDbFinding) => finding.kind === 'store'
const isUnreadable = (finding: IndexedDbFinding) => finding.kind === 'unreadable'

describe('attack-21: a database is never split between two media', () => {
  test('a medium that cannot be read now decides nothing', () => {
    const findings = all.filter(({ opfs, indexeddb }) => isUnreadable(opfs) || isUnreadable(indexeddb))
    expect(findings).toHaveLength(50)
    for (const each of findings)
      for (const lost of ['fail', 'open'] as const) expect(outcome(each, lost)).toBe('STORAGE_FAILED')
  })

  test('where a store is, no other is made: the answer is it, or an error', () => {
    const findings = all.filter(
      ({ opfs, indexeddb }) => isStore(opfs) !== isStore(indexeddb) && ![opfs, indexeddb].some(isUnreadable),
    )
    expect(findings).toHaveLength(50)
    for (const each of findings) {
      const medium = isStore(each.opfs) ? 'opfs' : 'indexeddb'
      expect([medium, 'STORE_LOST']).toContain(outcome(each, 'fail'))
      expect(outcome(each, 'open')).toBe(medium)
    }
  })

  test('a store of another id than the witness saw is not taken for it', () => {
    const findings: ChoiceFindings = {
      opfs: { kind: 'store', storeId: 'b' },
      indexeddb: { kind: 'empty' },
      witnesses: [witnessOf('opfs', 'a')],
    }
    expect(outcome(findings, 'fail')).toBe('STORE_LOST')
  })

  test('two stores are ambiguous unless a witness knows exactly one of them', () => {
    const two = { opfs: { kind: 'store', storeId: 'a' }, indexeddb: { kind: 'store', storeId: 'b' } } as const
    expect(outcome({ ...two, witnesses: [] }, 'fail')).toBe('STORE_AMBIGUOUS')
    expect(outcome({ ...two, witnesses: [witnessOf('opfs', 'a')] }, 'fail')).toBe('opfs')
    expect(outcome({ ...two, witnesses: [witnessOf('indexeddb', 'b')] }, 'fail')).toBe('indexeddb')
    expect(outcome({ ...two, witnesses: [witnessOf('opfs', 'a'), witnessOf('indexeddb', 'b')] }, 'fail')).toBe(
      'STORE_AMBIGUOUS',
    )
  })

  test('nothing there and a witness of something: lost, never new in silence', () => {
    const nothing = { opfs: { kind: 'empty' }, indexeddb: { kind: 'empty' } } as const
    expect(outcome({ ...nothing, witnesses: [witnessOf('indexeddb', 'a')] }, 'fail')).toBe('STORE_LOST')
    expect(outcome({ ...nothing, witnesses: [witnessOf('indexeddb', 'a')] }, 'open')).toBe('opfs')
  })

  test('nothing there, and a browser that says that it has lost what was: lost too, unless the store is in OPFS', () => {
    const empty = { opfs: { kind: 'empty' }, indexeddb: lost, witnesses: [] } as const
    const files = { ...empty, opfs: { kind: 'store', storeId: 'a' } } as const
    const none = { ...empty, opfs: { kind: 'unsupported', why: 'private mode' } } as const
    expect([empty, none, files].map((findings) => outcome(findings, 'fail'))).toEqual([
      'STORE_LOST',
      'STORE_LOST',
      'opfs',
    ])
    expect([empty, none, files].map((findings) => outcome(findings, 'open'))).toEqual(['opfs', 'indexeddb', 'opfs'])
  })

  test('a new one is made in OPFS, without it in IndexedDB, without both nowhere', () => {
    const empty = { kind: 'empty' } as const
    const no = { kind: 'unsupported', why: 'private mode' } as const
    expect(outcome({ opfs: empty, indexeddb: empty, witnesses: [] }, 'fail')).toBe('opfs')
    expect(chooseStore({ opfs: no, indexeddb: empty, witnesses: [] }, 'fail')).toEqual({
      medium: 'indexeddb',
      why: 'no OPFS: private mode',
    })
    expect(outcome({ opfs: no, indexeddb: no, witnesses: [] }, 'fail')).toBe('NOT_SUPPORTED')
  })
})
