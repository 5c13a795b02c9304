/** What any start of a server may have changed is ours, whatever later attempts say. */

import { describe, expect, test } from 'vitest'
import type { DeploymentOutcome } from '../../../src/core/ports.ts'
import { lightOf, resultRows, wholeState } from '../../../src/core/proposal/light.ts'
import type { EndState, PatchSubject, ProposalState } from '../../../src/core/proposal/proposal.ts'
import { leftOutOfRollBack, rollbackSubject, startsToUndo, stillChanged } from '../../../src/core/rollback.ts'
import { unfinished } from '../../../src/core/rollout/run.ts'
import { tallyOf } from '../../../src/core/rollout/tally.ts'
import { begun, idOf } from '../../support/begun.ts'
import { person } from '../../support/proposal-case.ts'

const lost: DeploymentOutcome = { state: 'unreachable', reason: 'web1 was silent for 15 min.', touched: true, log: '' }
const never: DeploymentOutcome = { ...lost, touched: false }
const silent: DeploymentOutcome = { state: 'silent', reason: 'It has not reported.', log: '' }
const nothingLeft: DeploymentOutcome = {
  state: 'held back',
  reason: 'The host has nothing left to do of what was approved.',
  log: '',
}
const from = (version: string): DeploymentOutcome => ({
  state: 'succeeded',
  changed: [{ name: 'openssl', architecture: 'amd64', from: version, to: '3.0.22' }],
  rebooted: false,
  log: '',
})

/** A rollout of one server that is tried again after each of these outcomes but the last, and is then halted. */
function tried(...outcomes: readonly DeploymentOutcome[]) {
  const one = begun(1, () => ({}))
  for (const [index, outcome] of outcomes.entries()) {
    if (index > 0) one.give({ type: 'retry', asset: null }, person('noor'))
    one.give({ type: 'start-batch' })
    end(one, outcome, index === outcomes.length - 1 ? 'held back' : 'failed')
  }
  one.give({ type: 'halt', reason: 'enough' }, person('jonas'))
  return one
}

function end(one: ReturnType<typeof begun>, outcome: DeploymentOutcome, as: EndState): void {
  for (const asset of unfinished(one.state())) {
    one.give({ type: 'record-outcomes', outcomes: [{ asset, outcome }] })
    const verification = { end: as, reason: 'it says so', packages: [], health: [], at: one.now() }
    one.give({ type: 'record-verifications', verifications: [{ asset, verification }] })
  }
}

function patchesOf({ subject }: ProposalState): PatchSubject {
  if (subject.kind !== 'patches') throw new Error('not patches')
  return subject
}

function backTo(state: ProposalState): readonly unknown[] {
  return rollbackSubject(state, patchesOf(state), null).assets.flatMap(({ changes }) => changes)
}

describe('a server of which the connection was lost while it was patched', () => {
  test.each<[string, readonly DeploymentOutcome[]]>([
    ['and never came back', [lost]],
    ['tried again, when it had nothing left to do', [lost, nothingLeft]],
    ['tried twice again', [lost, nothingLeft, nothingLeft]],
    ['that failed first', [{ state: 'failed', reason: 'dpkg', log: '' }, nothingLeft]],
    ['that was patched, and tried again because it was unhealthy', [from('3.0.20'), nothingLeft]],
    ['whose system heard nothing of it', [silent]],
  ])('%s: is rolled back', (_, outcomes) => {
    const state = tried(...outcomes).state()
    expect(tallyOf(state).changed).toBe(true)
    expect(backTo(state)).toEqual([{ name: 'openssl', architecture: 'amd64', from: '3.0.22', to: '3.0.20' }])
    expect(leftOutOfRollBack(state, patchesOf(state), null)).toEqual([])
    expect(stillChanged(state)).toEqual(['web1'])
  })

  test('goes back to what the first start found, not to what a later one did', () => {
    const state = tried(from('3.0.19'), from('3.0.21')).state()
    expect(backTo(state)).toEqual([{ name: 'openssl', architecture: 'amd64', from: '3.0.22', to: '3.0.19' }])
  })

  test('is remembered over the store', () => {
    const state = tried(lost, nothingLeft).state()
    const read = wholeState(lightOf(state), state.subject, resultRows(state))
    expect(startsToUndo(read, idOf('web1'))).toEqual(startsToUndo(state, idOf('web1')))
    expect(startsToUndo(read, idOf('web1'))).toMatchObject([{ changed: null }])
    expect(JSON.stringify(lightOf(state))).not.toContain('earlier')
  })

  test('waits to be tried again, and is rolled back all the same', () => {
    const one = tried(lost)
    one.give({ type: 'retry', asset: null }, person('noor'))
    const state = one.state()
    expect(backTo(state)).toHaveLength(1)
    one.give({ type: 'halt', reason: 'no' }, person('jonas'))
    one.give({ type: 'open-roll-back', by: 'PW-2' }, person('jonas'))
    const [start] = startsToUndo(one.state(), idOf('web1'))
    expect(start).toBeDefined()
    one.give({ type: 'end-roll-back', by: 'PW-2', undone: [{ asset: idOf('web1'), key: null }] })
    expect(startsToUndo(one.state(), idOf('web1'))).toEqual([])
    expect(tallyOf(one.state()).changed).toBe(false)
  })

  test('is ours no more once it was rolled back', () => {
    const one = tried(lost, nothingLeft)
    one.give({ type: 'open-roll-back', by: 'PW-2' }, person('jonas'))
    one.give({ type: 'end-roll-back', by: 'PW-2', undone: [{ asset: idOf('web1'), key: null }] })
    expect(tallyOf(one.state())).toMatchObject({ changed: false, undone: 1 })
    expect(stillChanged(one.state())).toEqual([])
  })
})

describe('what a roll back leaves out is named, with the reason', () => {
  test.each<[string, readonly DeploymentOutcome[], string]>([
    ['what was never begun', [never], 'nothing was changed on it: web1 was silent for 15 min'],
    [
      'what was held back from the beginning',
      [{ state: 'held back', reason: 'No room.', log: '' }],
      'nothing was changed on it: No room',
    ],
    [
      'what has nothing older',
      [
        {
          state: 'succeeded',
          changed: [{ name: 'openssl', architecture: 'amd64', from: null, to: '3.0.22' }],
          rebooted: false,
          log: '',
        },
      ],
      'there is no older version of what was installed on it',
    ],
  ])('%s', (_, outcomes, why) => {
    const state = tried(...outcomes).state()
    expect(backTo(state)).toEqual([])
    expect(leftOutOfRollBack(state, patchesOf(state), null)).toEqual([{ name: 'web1', why }])
  })

  test('what its journal says was not touched after all', () => {
    const state = tried(lost).state()
    const untouched = new Set([idOf('web1')])
    expect(rollbackSubject(state, patchesOf(state), null, untouched).assets).toEqual([])
    expect(leftOutOfRollBack(state, patchesOf(state), null, untouched)).toEqual([
      { name: 'web1', why: 'the journal of its upgrade says that nothing was changed on it' },
    ])
  })
})
