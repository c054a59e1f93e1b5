/** The invariants of the leader machine's header, by the same words. */
import assert from 'node:assert/strict'
import type { Step } from '../explore.ts'
import type { Invariants } from './invariants.ts'
import { contextOf, EPOCH_MAX, type LeaderState, MISSED_MAX } from './leader-world.ts'

const says = ({ emitted }: Step<LeaderState>, type: string): boolean => emitted.some((fact) => fact.type === type)
const isIn = ({ machine }: LeaderState, ...states: readonly string[]): boolean => states.includes(String(machine.value))

/** Opened, not asked to close, and with an epoch left in this world: such a member has work to do. */
const isOpen = (state: LeaderState): boolean =>
  state.machine.status === 'active' &&
  state.isOpened &&
  !state.isCloseRequested &&
  contextOf(state).code === null &&
  contextOf(state).epoch < EPOCH_MAX

export const leaderInvariants: Invariants<LeaderState> = {
  'A reign is wanted only with the lock held, and at most one is underway': (walk) =>
    walk.always((step) => {
      if (!says(step, 'reign.wanted')) return
      assert.equal(step.to.lock, 'held')
      assert.equal(step.from.reign, 'none')
    }),
  'Leading begins only after a reign has begun, at an epoch above every one that was known here': (walk) =>
    walk.always(({ from, to, event }) => {
      if (!isIn(to, 'leading') || isIn(from, 'leading')) return
      assert.equal(to.reign, 'begun')
      assert.equal(event.type, 'reign.began')
      assert.ok(contextOf(to).epoch > contextOf(from).epoch)
    }),
  'The epoch never falls, and an older leader than was known is not followed': (walk) =>
    walk.always(({ from, to, event }) => {
      assert.ok(contextOf(to).epoch >= contextOf(from).epoch)
      if (event.type === 'leader.joined' && isIn(to, 'following')) assert.equal(contextOf(to).epoch, event['epoch'])
    }),
  'A leader is robbed only after missedMax silent beats in a row while somebody waited, and once for each silence. If that was refused, as many more silent beats are waited for, and it is tried again':
    (walk) => {
      walk.always((step) => {
        if (!says(step, 'steal.wanted')) return
        assert.equal(step.to.silentCount, MISSED_MAX)
        assert.ok(step.from.isWaiting)
        assert.equal(step.from.isSilenceRobbed, false)
      })
      walk.leadsTo(
        (state) => isIn(state, 'seeking', 'following') && state.isWaiting && !state.isSilenceRobbed,
        (state) => state.isRobbing,
        { by: ({ event }) => event.type === 'beat.missed' },
      )
    },
  'While a reign is underway nobody else is followed: the connection is given up before the reign is wanted': (walk) =>
    walk.always(({ to, emitted }) => {
      if (to.reign !== 'none') assert.equal(to.leader, 'none')
      const order = emitted.map(({ type }) => type)
      if (order.includes('reign.wanted')) {
        assert.ok(order.includes('leader.unwanted'))
        assert.ok(order.indexOf('leader.unwanted') < order.indexOf('reign.wanted'))
      }
    }),
  'closed and failed want nothing, hold no lock and follow nobody': (walk) =>
    walk.always(({ to: { machine, ...world } }) => {
      if (machine.status !== 'done') return
      const { lock, isRobbing, leader, reign, isLeaving } = world
      assert.deepEqual(
        { lock, isRobbing, leader, reign, isLeaving },
        { lock: 'none', isRobbing: false, leader: 'none', reign: 'none', isLeaving: false },
      )
    }),
  'A lease that was lost leads back to seeking, or to an end that was asked for; never back to leading without a new reign':
    (walk) => {
      walk.always(({ from, to, event }) => {
        if (isIn(to, 'leading')) assert.equal(to.isLeaseLost, false)
        if (!isIn(from, 'fenced') || event.type !== 'reign.ended') return
        assert.ok(isIn(to, from.isCloseRequested ? 'closed' : 'seeking'))
      })
      walk.leadsTo(
        (state) => state.isLeaseLost && isIn(state, 'fenced'),
        (state) => isIn(state, 'seeking', 'closed'),
      )
    },
  'close.requested leads to closed or failed': (walk) =>
    walk.leadsTo(
      (state) => state.isCloseRequested,
      ({ machine }) => machine.status === 'done',
    ),
  'Once faults stop and the lock is free, an open member leads or follows': (walk) => {
    walk.leadsTo(isOpen, (state) => isIn(state, 'leading'), {
      by: ({ isFault, event }) => isFault !== true && event.type !== 'leader.joined',
    })
    walk.leadsTo(
      (state) => isOpen(state) && state.reign === 'none',
      (state) => isIn(state, 'following'),
      { by: ({ isFault, event }) => isFault !== true && event.type !== 'lock.acquired' },
    )
  },
}
