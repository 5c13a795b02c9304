import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { LeftOut, Rollout } from '../../../src/core/proposal/proposal.ts'
import {
  deploymentOf,
  withChanges,
  withDeployments,
  withoutDeployments,
} from '../../../src/core/rollout/deployments.ts'
import { firstRemaining, leftOutIn, remaining, someRemain } from '../../../src/core/rollout/remaining.ts'
import { content, emptyRun } from '../../support/proposals.ts'

const { subject } = content(6)
if (subject.kind !== 'patches') throw new Error('not patches')
const { rings } = subject
const all = subject.assets.map(({ asset }) => asset.id)
const asset = fc.constantFrom(...all)
const some = fc.uniqueArray(asset, { maxLength: 3 })
const step = fc.record({
  /** Which of the states so far it changes: several may come out of one. */
  from: fc.nat(),
  does: fc.oneof(
    fc.record({ start: some }),
    fc.record({ takeBack: some }),
    fc.record({ skip: some }),
    fc.record({ leaveOut: some }),
  ),
  /** Whether somebody asks then, so that something is remembered. */
  asks: fc.boolean(),
})

test('what is left of a ring is what has not begun, was not skipped and is not left out, whatever came before', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const states: { readonly run: Rollout; readonly leftOut: Readonly<Record<string, LeftOut>> }[] = [
        { run: emptyRun, leftOut: {} },
      ]
      for (const { from, does, asks } of steps) {
        const before = states[from % states.length]
        if (before === undefined) continue
        const { run, leftOut } = before
        if ('start' in does) states.push({ leftOut, run: withDeployments(run, does.start.map(started)) })
        else if ('takeBack' in does) states.push({ leftOut, run: withoutDeployments(run, new Set(does.takeBack)) })
        else if ('skip' in does)
          states.push({
            leftOut,
            run: withChanges(run, {
              skipped: record(does.skip, { by: { person: 'noor', name: 'Noor' }, reason: 'r' }),
            }),
          })
        else states.push({ run, leftOut: record(does.leaveOut, { reason: 'gone' }) })
        if (asks) check(states.at(-1))
      }
      for (const state of states) check(state)
    }),
    { numRuns: 300 },
  )
})

function check(state: { readonly run: Rollout; readonly leftOut: Readonly<Record<string, LeftOut>> } | undefined) {
  if (state === undefined) return
  const { run, leftOut } = state
  const begun = (id: string) => deploymentOf(run, id) !== undefined
  for (const planned of rings) {
    const ring = { planned, run, leftOut }
    const left = planned.assets.filter((id) => !begun(id) && !run.skipped[id] && !leftOut[id])
    expect(remaining(ring)).toEqual(left)
    expect(firstRemaining(ring, 2)).toEqual(left.slice(0, 2))
    expect(someRemain(ring)).toBe(left.length > 0)
    expect(leftOutIn(ring)).toBe(planned.assets.filter((id) => leftOut[id] && !begun(id)).length)
  }
}

function started(id: string) {
  const at = '2026-11-21T02:01:00.000Z'
  const key = 'PW-1.r1.1.1'
  return { asset: id, ring: 0, batch: 0, key, startedAt: at, outcome: null, verification: null, doneAt: null }
}

function record<Value>(ids: readonly string[], value: Value): Readonly<Record<string, Value>> {
  return Object.fromEntries(ids.map((id) => [id, value]))
}
