import { describe, expect, test } from 'vitest'
import type { Patch } from '../../src/core/catalog.ts'
import type { Draft } from '../../src/core/draft.ts'
import { comparison, isRaisedByNew, withFacts } from '../../src/core/held.ts'
import type { Content } from '../../src/core/proposal/event.ts'
import type { PatchSubject, ProposalState } from '../../src/core/proposal/proposal.ts'
import type { Needs } from '../../src/core/within.ts'
import { proposalCase } from '../support/proposal-case.ts'
import { content } from '../support/proposals.ts'

/** A decision about these patches on two servers. */
function voted(patches?: readonly Patch[]): { readonly state: ProposalState; readonly subject: PatchSubject } {
  const state = proposalCase({ content: content(2) }).state()
  if (state.subject.kind !== 'patches') throw new Error('not patches')
  const subject = { ...state.subject, patches: patches ?? state.subject.patches }
  return { state: { ...state, subject }, subject }
}

const { subject: plain } = voted()
const openssl = plain.patches[0] as Patch
const curl: Patch = { ...openssl, id: 'debian:12/curl/8', source: 'curl', version: '8' }

/** What the assessment of today says of the patches; it sees none of the assets. */
function today(...patches: readonly Patch[]): Needs {
  return { missing: { patches, withheld: [], assets: [] }, wanted: { patches: [], withheld: [], assets: [] } }
}

describe('a look at a decision', () => {
  test('tells what became of its assets, and who misses the same by now', () => {
    const { subject } = content(3)
    if (subject.kind !== 'patches') throw new Error('not patches')
    const draft: Draft = { ...content(3), subject, notOffered: '', team: 'web', existing: null }
    expect(comparison(plain, today(), draft)).toEqual({
      type: 'compare-assets',
      departures: [
        { asset: 'lab/web1', leftOut: { reason: 'gone' } },
        { asset: 'lab/web2', leftOut: { reason: 'gone' } },
      ],
      newcomers: [{ asset: 'lab/web3', name: 'web3' }],
    })
  })

  test('knows no newcomers where nothing would be asked for today', () => {
    expect(comparison(plain, today(), null).newcomers).toEqual([])
  })
})

describe('the facts of today', () => {
  const { state, subject } = voted([openssl, curl])
  const facts = (...patches: readonly Patch[]) => withFacts(state, subject, today(...patches), ' No feed is silent.')

  test('judge its patches anew, the most urgent first, and nothing else of it', () => {
    const urgent: Patch = { ...curl, priority: 'immediate', dueAt: '2026-11-25T00:00:00.000Z' }
    const due: Patch = { ...openssl, dueAt: '2026-11-24T00:00:00.000Z' }
    const content = facts(due, urgent)
    expect(content).toMatchObject({
      title: state.title,
      contentHash: state.contentHash,
      priority: 'immediate',
      dueAt: '2026-11-24T00:00:00.000Z',
    })
    expect(content.subject).toEqual({ ...subject, patches: [urgent, due] })
  })

  test('say why it is worth deciding now, and what is said of feeds', () => {
    expect(facts().whyNow).toBe('2 security updates are waiting; none is known to be exploited. No feed is silent.')
  })

  test('of a patch that nobody knows any more are those of before', () => {
    expect(facts()).toMatchObject({ priority: 'scheduled', dueAt: null, subject: { patches: [curl, openssl] } })
  })

  test('of no patch at all keep its priority', () => {
    const none = voted([])
    expect(withFacts({ ...none.state, priority: 'defer' }, none.subject, today(), '').priority).toBe('defer')
  })
})

describe('what is new', () => {
  const { state } = voted()
  const urgent = { ...content(2), priority: 'immediate' } as const satisfies Content

  test('raises nothing by a server that is as exposed as one that was voted on', () => {
    const three = { ...content(3), priority: 'immediate' } as const
    expect(isRaisedByNew(state, urgent, three)).toBe(false)
  })

  test('is no rule: a rule has no servers', () => {
    const rule = { name: 'dev', team: 'web', tags: ['dev'], types: ['security'], expiresAt: '2027-01-01T00:00:00.000Z' }
    const subject = { kind: 'standing rule', rule, window: plain.window } as Content['subject']
    expect(isRaisedByNew(state, urgent, { priority: 'immediate', subject })).toBe(false)
    expect(isRaisedByNew(state, { ...urgent, subject }, urgent)).toBe(false)
  })
})
