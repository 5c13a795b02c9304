import { describe, expect, test } from 'vitest'
import { hasFailed, namedAsset } from '../../../src/core/proposal/named-asset.ts'
import type { EndState, ProposalState } from '../../../src/core/proposal/proposal.ts'
import { proposalCase } from '../../support/proposal-case.ts'
import { emptyRun } from '../../support/proposals.ts'

const rule: ProposalState['subject'] = {
  kind: 'standing rule',
  rule: { name: 'dev', team: 'web', tags: ['dev'], types: ['security'], expiresAt: '2027-01-01T00:00:00.000Z' },
  window: { name: 'always', rules: [] },
}
const state = proposalCase().state()

/** Another asset called web1, of another source. */
function twice(): ProposalState {
  const { subject } = state
  if (subject.kind !== 'patches') throw new Error('not patches')
  const [first] = subject.assets
  const other = first === undefined ? [] : [{ ...first, asset: { ...first.asset, id: 'cloud/web1' } }]
  return { ...state, subject: { ...subject, assets: [...subject.assets, ...other] } }
}

describe('an asset of a proposal', () => {
  test.each<[string, ProposalState, string | null, ReturnType<typeof namedAsset>]>([
    ['by its name', state, 'web2', { id: 'lab/web2', name: 'web2' }],
    ['by its id', state, 'lab/web2', { id: 'lab/web2', name: 'web2' }],
    ['with spaces around', state, ' web2 ', { id: 'lab/web2', name: 'web2' }],
    ['not named', state, null, { sentence: 'Name a server of PW-1.' }],
    ['named by nothing but spaces', state, '  ', { sentence: 'Name a server of PW-1.' }],
    ['that it does not have', state, 'db1', { sentence: 'PW-1 has no server "db1".' }],
    ['of a rule, which has none', { ...state, subject: rule }, 'web1', { sentence: 'Name a server of PW-1.' }],
    ['by a name of two', twice(), 'web1', { sentence: '2 servers of PW-1 are called web1; write the whole id.' }],
    ['by the id of one of two', twice(), 'cloud/web1', { id: 'cloud/web1', name: 'web1' }],
    ['by a very long name', state, 'x'.repeat(200), { sentence: `PW-1 has no server "${'x'.repeat(80)}".` }],
  ])('%s', (_, where, named, expected) => {
    expect(namedAsset(where, named)).toEqual(expected)
  })
})

describe('has failed', () => {
  const ended = (end: EndState | null, skipped = false): ProposalState => {
    const verification =
      end === null ? null : { end, reason: '', packages: [], health: [], at: '2026-11-20T01:00:00.000Z' }
    const deployment = {
      asset: 'lab/web1',
      ring: 0,
      batch: 1,
      key: 'k',
      startedAt: '2026-11-20T01:00:00.000Z',
      outcome: null,
      verification,
      doneAt: null,
    }
    const left = skipped ? { 'lab/web1': { by: { person: 'noor', name: 'Noor' }, reason: 'gone' } } : {}
    return { ...state, rollout: { ...emptyRun, deployments: { 'lab/web1': deployment }, skipped: left } }
  }

  test.each<[string, ProposalState, string | null, boolean]>([
    ['what failed', ended('failed'), 'web1', true],
    ['what never answered', ended('unreachable'), 'web1', true],
    ['what was not touched', ended('not touched'), 'lab/web1', true],
    ['not what ended well', ended('installed'), 'web1', false],
    ['not what is at work', ended(null), 'web1', false],
    ['not what somebody left out', ended('failed', true), 'web1', false],
    ['not what has not begun', ended('failed'), 'web2', false],
    ['not what it does not have', ended('failed'), 'db1', false],
    ['not what nobody named', ended('failed'), null, false],
    ['nothing before there is a rollout', state, 'web1', false],
  ])('%s', (_, where, named, expected) => {
    expect(hasFailed(where, named)).toBe(expected)
  })
})
