import { describe, expect, test } from 'vitest'
import type { PackageChange } from '../../src/core/change.ts'
import type { DeploymentOutcome } from '../../src/core/ports.ts'
import type { EndState, PatchSubject, ProposalState } from '../../src/core/proposal/proposal.ts'
import { keepsBackUntil, restores, rollbackProblem, rollbackSubject } from '../../src/core/rollback.ts'
import { doer, people } from '../support/permission-scene.ts'
import { machine, person, proposalCase } from '../support/proposal-case.ts'
import { content } from '../support/proposals.ts'
import { nights } from '../support/windows.ts'

const done: DeploymentOutcome = { state: 'succeeded', changed: [], rebooted: false, log: '' }
const failed: DeploymentOutcome = { state: 'failed', reason: 'dpkg failed', log: '' }
const heldBack: DeploymentOutcome = { state: 'held back', reason: 'no room', log: '' }

/** A rollout of four, web1 first and the others after it, that came to what is said of each; halted before the rest. */
function rolledOut(outcomes: Readonly<Record<string, DeploymentOutcome>>) {
  const one = proposalCase({ members: people, content: content(4, nights) })
  one.vote('noor', 'approve')
  one.vote('tom', 'approve')
  one.pass(1)
  one.give({ type: 'start' })
  const end: EndState = 'installed'
  for (const batch of [['web1'], ['web2', 'web3']]) {
    const named = batch.filter((name) => outcomes[name] !== undefined)
    if (named.length === 0) break
    one.give({ type: 'start-batch' })
    for (const name of named) {
      const asset = `lab/${name}`
      one.give({ type: 'record-outcomes', outcomes: [{ asset, outcome: outcomes[name] ?? done }] }, machine)
      const verification = { end, reason: 'it says so', packages: [], health: [], at: one.now() }
      one.give({ type: 'record-verifications', verifications: [{ asset, verification }] })
    }
    one.pass(0.1)
    one.give({ type: 'end-soak' })
  }
  one.give({ type: 'halt', reason: 'it breaks logins' }, person('jonas'))
  return one.state()
}

function patchesOf({ subject }: ProposalState): PatchSubject {
  if (subject.kind !== 'patches') throw new Error('not patches')
  return subject
}

function back(state: ProposalState, only: string | null = null) {
  return rollbackSubject(state, patchesOf(state), only)
}

function namesOf({ assets }: PatchSubject): readonly string[] {
  return assets.map(({ asset }) => asset.name)
}

const openssl: PackageChange = { name: 'openssl', architecture: 'amd64', from: '3.0.20', to: '3.0.22' }
const reversed: PackageChange = { ...openssl, from: '3.0.22', to: '3.0.20' }

describe('what a rollback would do', () => {
  test('is to put back all that was changed, at once, in one ring that nothing stops', () => {
    const state = rolledOut({ web1: done, web2: done, web3: failed })
    const subject = back(state)
    expect(subject.assets.map(({ asset, changes }) => [asset.name, changes])).toEqual([
      ['web1', [reversed]],
      ['web2', [reversed]],
      ['web3', [reversed]],
    ])
    expect(subject.rings).toEqual([
      {
        name: 'roll back',
        assets: ['lab/web1', 'lab/web2', 'lab/web3'],
        batchSize: 3,
        soakSeconds: 0,
        gate: { minSuccessPercent: 0, maxFailures: 3, unreachable: 'ignored' },
      },
    ])
  })

  test('names what it undoes, and under which key each was started', () => {
    const state = rolledOut({ web1: done })
    expect(back(state).rollsBack).toEqual({
      proposal: 'PW-1',
      keys: { 'lab/web1': state.rollout?.deployments['lab/web1']?.key },
    })
  })

  test('has nothing of the preview of the way forward', () => {
    expect(back(rolledOut({ web1: done })).assets).toMatchObject([{ transaction: [], previewProblem: null }])
  })

  test('leaves alone what was not changed', () => {
    expect(namesOf(back(rolledOut({ web1: done, web2: heldBack, web3: done })))).toEqual(['web1', 'web3'])
  })

  test.each<[string, readonly string[]]>([
    ['web2', ['web2']],
    ['lab/web2', ['web2']],
    ['ring:broad', ['web2', 'web3']],
    ['ring:canary', ['web1']],
    ['broad', []],
    ['ring:none', []],
  ])('of only %s', (only, names) => {
    expect(namesOf(back(rolledOut({ web1: done, web2: done, web3: done }), only))).toEqual(names)
  })

  test('goes back to what the engine found, where that was not what was planned', () => {
    const outcome = { ...done, changed: [{ ...openssl, from: '3.0.19' }] }
    expect(back(rolledOut({ web1: outcome })).assets[0]?.changes).toEqual([{ ...reversed, to: '3.0.19' }])
  })

  test('tells a package of two architectures apart; where only another is told of, that says it', () => {
    const i386 = { ...openssl, architecture: 'i386', from: '3.0.18' }
    const both = { ...done, changed: [i386, { ...openssl, from: '3.0.19' }] }
    expect(back(rolledOut({ web1: both })).assets[0]?.changes).toEqual([{ ...reversed, to: '3.0.19' }])
    const other = { ...done, changed: [i386] }
    expect(back(rolledOut({ web1: other })).assets[0]?.changes).toEqual([{ ...reversed, to: '3.0.18' }])
  })

  test('leaves what was newly installed, or not changed', () => {
    const fresh = { ...done, changed: [{ ...openssl, from: null }] }
    expect(namesOf(back(rolledOut({ web1: fresh })))).toEqual([])
    const another = { ...done, changed: [{ ...openssl, name: 'curl' }] }
    expect(namesOf(back(rolledOut({ web1: another })))).toEqual([])
  })

  test('leaves what the asset did not need any more when its turn came', () => {
    const state = rolledOut({ web1: done, web2: done })
    const since = { leftOut: {}, done: { 'lab/web1': ['openssl:amd64'] }, waiting: {}, toldAt: null }
    expect(namesOf(back({ ...state, since }))).toEqual(['web2'])
  })
})

describe('why nothing is rolled back', () => {
  const asked = (state: ProposalState, only: string | null = null, reason: string | null = 'it breaks logins') =>
    rollbackProblem({
      state,
      doer: doer('mara'),
      reason,
      only,
      moment: { members: people, now: '2026-11-20T02:00:00.000Z', freezes: [] },
    })

  test('nothing was changed', () => {
    expect(asked(rolledOut({ web1: heldBack }))).toBe('PW-1 has changed no server, so there is nothing to roll back.')
  })

  test('nothing that it was to change was left to change', () => {
    const since = { leftOut: {}, done: { 'lab/web1': ['openssl:amd64'] }, waiting: {}, toldAt: null }
    expect(asked({ ...rolledOut({ web1: done }), since })).toBe(
      'PW-1 has changed no server, so there is nothing to roll back.',
    )
  })

  test('nothing of that name was', () => {
    expect(asked(rolledOut({ web1: done }), 'db1')).toBe(
      'PW-1 has changed nothing called "db1": name a server, or a ring as ring:canary.',
    )
  })

  test.each([null, '', '  '])('nobody said why: %j', (reason) => {
    expect(asked(rolledOut({ web1: done }), null, reason)).toBe('Say why: the reason is kept, and everybody reads it.')
  })

  test('nobody has a role to', () => {
    const state = rolledOut({ web1: done })
    const moment = { members: people, now: '2026-11-20T02:00:00.000Z', freezes: [] }
    const zoe = { state, doer: doer('zoe'), reason: 'it breaks logins', only: null, moment }
    expect(rollbackProblem(zoe)).toMatch(/^zoe is not known to team web/)
  })

  test('is nothing, where all is said', () => {
    expect(asked(rolledOut({ web1: done }))).toBeNull()
    expect(asked(rolledOut({ web1: done }), 'web1')).toBeNull()
  })
})

test('for two weeks its patches are not proposed again; what is no rollback keeps nothing back', () => {
  const state = rolledOut({ web1: done })
  const openedAt = '2026-11-20T02:00:00.000Z'
  expect(keepsBackUntil({ subject: back(state), openedAt })).toBe('2026-12-04T02:00:00.000Z')
  expect(keepsBackUntil({ subject: patchesOf(state), openedAt })).toBeNull()
})

test('snapshots are put back by a rollback whose operator has said how', () => {
  const forward = patchesOf(rolledOut({ web1: done }))
  const hook = (moment: 'restore' | 'drain') => [{ moment, command: ['snapshots'], timeoutSeconds: 60 }]
  const rollsBack = { proposal: 'PW-1', keys: {} }
  expect(restores({ ...forward, rollsBack, hooks: hook('restore') })).toBe(true)
  expect(restores({ ...forward, rollsBack, hooks: hook('drain') })).toBe(false)
  expect(restores({ ...forward, rollsBack })).toBe(false)
  expect(restores({ ...forward, hooks: hook('restore') })).toBe(false)
})
