/** Decisions that people have voted on, while the fleet changes under them. */

import { describe, expect, test } from 'vitest'
import { assetsDetail, planDetail } from '../../src/chat/details.ts'
import { proposalCard } from '../../src/chat/proposal-card.ts'
import { proposalReport } from '../../src/chat/report.ts'
import { plain } from '../../src/chat/rich-text.ts'
import { storyOf } from '../../src/chat/story/story.ts'
import { canonicalJson } from '../../src/core/canonical-json.ts'
import { isRaisedByNew } from '../../src/core/held.ts'
import type { Context, ProposalCommand } from '../../src/core/proposal/command.ts'
import { decide } from '../../src/core/proposal/decide.ts'
import { contentHash } from '../../src/core/proposal/decision-content.ts'
import type { Content, ProposalEvent, RecordedEvent } from '../../src/core/proposal/event.ts'
import { whyLeftOut } from '../../src/core/proposal/left-out.ts'
import { nextStep } from '../../src/core/proposal/next-step.ts'
import type { LeftOut, PatchSubject, ProposalState } from '../../src/core/proposal/proposal.ts'
import { plannedNow, stillToStart } from '../../src/core/proposal/since.ts'
import { rollbackSubject } from '../../src/core/rollback.ts'
import { whyNotTouched } from '../../src/core/why-not-touched.ts'
import type { Departure } from '../../src/core/within.ts'
import { anAsset } from '../support/asset.ts'
import { placeOf } from '../support/place.ts'
import { machine, machineFor, members, proposalCase } from '../support/proposal-case.ts'
import { content, testedContent } from '../support/proposals.ts'

const id = (name: string) => `lab/${name}`
const upToDate = { reason: 'up to date' } as const

function out(...names: readonly string[]): readonly Departure[] {
  return names.map((name) => ({ asset: id(name), leftOut: upToDate }))
}

function look(departures: readonly Departure[], newcomers: readonly string[] = []): ProposalCommand {
  return { type: 'compare-assets', departures, newcomers: newcomers.map((name) => ({ asset: id(name), name })) }
}

/** Four assets: web1 is the canary, web2 to web4 follow two at a time. Approved, and its window is open. */
function approved(all: Content = content(4)) {
  const one = proposalCase({ content: all })
  one.vote('noor', 'approve')
  one.vote('tom', 'approve')
  return one
}

function notes(state: ProposalState): string {
  return proposalCard(placeOf(state, members), null)
    .notes.map(({ text }) => plain(text))
    .join('\n')
}

function working(state: ProposalState): readonly string[] {
  const deployments = Object.values(state.rollout?.deployments ?? {})
  return deployments.filter(({ verification }) => verification === null).map(({ asset }) => asset.slice('lab/'.length))
}

describe('assets that left', () => {
  test('change nothing of what was decided, and are named with the reason', () => {
    const one = approved()
    const before = one.state()
    const gone = { asset: id('web4'), leftOut: { reason: 'gone' } } as const
    expect(one.give(look([...out('web2', 'web3'), gone], ['web9']))).toEqual(['assets-compared'])
    const after = one.state()
    const { contentHash, revision, votes, approvedBy, schedule, subject, status } = before
    expect(after).toMatchObject({ contentHash, revision, votes, approvedBy, schedule, subject, status })
    expect(notes(after)).toContain('3 left out since: 2 are up to date, 1 gone. 1 more server since')
    expect(whyNotTouched(after, id('web4'))).toBe('left out since the vote: it is gone from the inventory')
    expect(one.give(look([...out('web2', 'web3'), gone], ['web9']))).toMatchObject({ code: 'already' })
  })

  test('are not started, and are neither successes nor failures', () => {
    const one = approved()
    one.give(look(out('web3')))
    one.give({ type: 'start' })
    one.finishBatch()
    one.pass(1)
    one.give({ type: 'end-soak' })
    one.give({ type: 'start-batch' })
    expect(working(one.state())).toEqual(['web2', 'web4'])
  })

  test('come back in where they fit again before their turn', () => {
    const one = approved()
    one.give(look(out('web3')))
    one.give(look([]))
    expect(one.state().since).toMatchObject({ leftOut: {} })
    one.give({ type: 'start' })
    one.finishBatch()
    one.pass(1)
    one.give({ type: 'end-soak' })
    one.give({ type: 'start-batch' })
    expect(working(one.state())).toEqual(['web2', 'web3'])
  })

  test('do not come back when their ring is done, nor leave when they have begun', () => {
    const one = approved()
    one.give({ type: 'start' })
    one.give({ type: 'start-batch' })
    expect(one.give(look(out('web1')))).toMatchObject({ code: 'already' })
    expect(working(one.state())).toEqual(['web1'])
  })

  test('leave the batch under way', () => {
    const all = content(4)
    if (all.subject.kind !== 'patches') throw new Error('not patches')
    const [canary, broad] = all.subject.rings
    if (!canary || !broad) throw new Error('no rings')
    const rings = [canary, { ...broad, batchSize: 3, concurrency: 1 }]
    const subject: PatchSubject = { ...all.subject, rings }
    const one = approved({ ...all, subject, contentHash: contentHash(subject) })
    one.give({ type: 'start' })
    one.finishBatch()
    one.pass(1)
    one.give({ type: 'end-soak' })
    one.give({ type: 'start-batch' })
    expect(one.state().rollout?.rings[1]?.waiting).toEqual([id('web3'), id('web4')])
    one.give(look(out('web3')))
    expect(one.state().rollout?.rings[1]?.waiting).toEqual([id('web4')])
  })

  test('keep what is left where they miss less', () => {
    const one = approved()
    one.give(look([{ asset: id('web2'), done: ['openssl:amd64'] }]))
    expect(plannedNow(one.state(), id('web2'))?.changes).toEqual([])
    expect(plannedNow(one.state(), id('web3'))?.changes).toHaveLength(1)
    expect(notes(one.state())).toContain('1 needs only a part of it now.')
  })

  test('count against nobody at the gate: of two that are left, one that fails is half', () => {
    const all = content(5)
    if (all.subject.kind !== 'patches') throw new Error('not patches')
    const [canary, broad] = all.subject.rings
    if (!canary || !broad) throw new Error('no rings')
    const gate = { ...broad.gate, minSuccessPercent: 60, maxFailures: 9 }
    const subject: PatchSubject = { ...all.subject, rings: [canary, { ...broad, gate }] }
    const one = approved({ ...all, subject, contentHash: contentHash(subject) })
    one.give(look(out('web2', 'web3')))
    one.give({ type: 'start' })
    one.finishBatch()
    one.pass(1)
    one.give({ type: 'end-soak' })
    one.finishBatch('failed')
    expect(one.state().status).toBe('halted')
    expect(one.state().stopped?.reason).toContain('at most 50 % can succeed')
  })
})

describe('a ring of which nobody is left', () => {
  test('holds the rollout and says so; people let it go on', () => {
    const one = approved()
    one.give(look(out('web1')))
    expect(notes(one.state())).toContain(
      'Ring canary is empty, so it would show nothing: 1 is up to date. The rollout stops there.',
    )
    expect(one.give({ type: 'start' })).toEqual(['rollout-started', 'gate-failed', 'halted'])
    expect(one.state().stopped?.reason).toContain('Ring canary is empty')
    expect(nextStep(one.state(), one.now())).toEqual({ do: 'nothing' })
    one.give({ type: 'resume' }, { kind: 'person', id: 'noor', name: 'Noor', via: 'console' })
    expect(one.state().rollout?.rings[0]?.status).toBe('passed')
    one.give({ type: 'start-batch' })
    expect(working(one.state())).toEqual(['web2', 'web3'])
  })

  test('holds it in the middle, too, and goes on with who came back', () => {
    const one = approved()
    one.give({ type: 'start' })
    one.finishBatch()
    one.give(look(out('web2', 'web3', 'web4')))
    one.pass(1)
    expect(one.give({ type: 'end-soak' })).toEqual(['ring-passed', 'gate-failed', 'halted'])
    one.give(look(out('web2', 'web3')))
    one.give({ type: 'resume' }, { kind: 'person', id: 'noor', name: 'Noor', via: 'console' })
    one.give({ type: 'start-batch' })
    expect(working(one.state())).toEqual(['web4'])
  })

  test('holds it, too, where something of it was started and had not begun', () => {
    const one = approved()
    one.give({ type: 'start' })
    one.give({ type: 'start-batch' })
    const reason = 'Its time was over before it could begin.'
    const [asset, at] = [id('web1'), one.now()]
    one.give({ type: 'record-outcomes', outcomes: [{ asset, outcome: { state: 'not begun', reason, log: '' } }] })
    const verification = { end: 'not touched', reason, packages: [], health: [], at } as const
    one.give({ type: 'record-verifications', verifications: [{ asset, verification }] })
    expect(one.state().rollout?.rings[0]?.status).toBe('waiting')
    expect(one.give(look(out('web1')))).toEqual(['assets-compared', 'gate-failed', 'halted'])
    one.give({ type: 'resume' }, { kind: 'person', id: 'noor', name: 'Noor', via: 'console' })
    expect(one.state().rollout?.rings[0]?.status).toBe('passed')
  })

  test('did not pass where it is the test ring', () => {
    const one = proposalCase({ content: testedContent(4, 2), policy: { testRing: 'required' } })
    one.give({ type: 'start-test' })
    one.give(look(out('web1', 'web2')))
    expect(one.state().test?.result).toMatchObject({ passed: false })
  })
})

test('where all is left out it may be asked anew, and only then', () => {
  const one = approved()
  const revise: ProposalCommand = { type: 'revise', content: content(3), reason: 'newer versions' }
  one.give(look(out('web1', 'web2', 'web3')))
  expect(one.give(revise)).toMatchObject({ code: 'not now' })
  one.give(look(out('web1', 'web2', 'web3', 'web4')))
  expect(one.give(revise)).toEqual(['revised'])
  expect(one.state()).toMatchObject({ revision: 2, votes: [], status: 'open', since: null })
})

test('what nobody has voted on is revised, and not compared', () => {
  const one = proposalCase()
  expect(one.give(look(out('web1')))).toMatchObject({ code: 'not now' })
  expect(one.give({ type: 'revise', content: content(5), reason: 'web5 is new' })).toEqual(['revised'])
})

test('facts are as old as the oldest look at what is to be started, at that moment', () => {
  const one = approved()
  one.pass(40 * 24)
  one.give({ type: 'reschedule' })
  expect(one.give({ type: 'start' })).toEqual(['start-refused'])
  expect(one.state().notStarted).toContain('too old to act on')
  const all = ['web1', 'web2', 'web3', 'web4'].map((name) => ({ asset: `lab/${name}`, lookedAt: null }))
  Object.assign(one.setting, { outdated: all })
  expect(one.give({ type: 'start' })).toEqual(['start-refused'])
  expect(one.state().notStarted).toContain('none of its servers was ever looked at')
  Object.assign(one.setting, { outdated: [] })
  expect(one.give({ type: 'start' })).toEqual(['rollout-started'])
})

test('one asset that nobody could look at for too long is left out and named, and the others start', () => {
  const one = approved()
  Object.assign(one.setting, { outdated: [{ asset: 'lab/web2', lookedAt: '2026-11-01T04:05:06.000Z' }] })
  expect(one.give({ type: 'start' })).toEqual(['assets-compared', 'rollout-started'])
  const out = one.state().since?.leftOut ?? {}
  expect(out).toEqual({ 'lab/web2': { reason: 'not looked at', what: '2026-11-01 04:05 UTC' } })
  expect(out['lab/web2'] && whyLeftOut(out['lab/web2'])).toBe(
    'was last looked at on 2026-11-01 04:05 UTC, too long ago to act on',
  )
  expect(whyLeftOut({ reason: 'not looked at' })).toBe('was never looked at')
  expect(stillToStart(one.state())).not.toContain('lab/web2')
})

test('the thread is told once a day, of all that has become of it by then', () => {
  const one = approved()
  const recorded = (event: ProposalEvent): RecordedEvent => ({
    stream: 'PW-1',
    seq: 0,
    at: one.now(),
    actor: machine,
    event,
  })
  const told = (departures: readonly Departure[]) => {
    const before = one.state()
    one.give(look(departures))
    return storyOf(recorded({ type: 'assets-compared', assets: [] }), before, one.state()).map(({ text }) =>
      plain(text),
    )
  }
  expect(told(out('web2'))).toEqual(['1 left out since: 1 is up to date. The votes hold.'])
  one.pass(1)
  expect(told(out('web2', 'web3'))).toEqual([])
  one.pass(24)
  expect(told(out('web2', 'web3', 'web4'))).toEqual(['3 left out since: 3 are up to date. The votes hold.'])
})

test('an event says it of 500 assets, and of 64 KiB, at most', () => {
  const one = approved(content(1_200))
  const names = Array.from({ length: 1_100 }, (_, index) => `web${index + 1}`)
  const what = 'x'.repeat(120)
  const departures = names.map((name) => ({ asset: id(name), leftOut: { reason: 'more', what } as LeftOut }))
  const context: Context = {
    now: one.now(),
    actor: machineFor({ type: 'compare-assets' }),
    members,
    freezes: [],
    standing: null,
  }
  const decision = decide(one.state(), look(departures), context)
  if (!decision.ok) throw new Error(decision.refusal.sentence)
  const sizes = decision.events.map((event) => (event.type === 'assets-compared' ? event.assets.length : 0))
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(1_100)
  expect(Math.max(...sizes)).toBeLessThanOrEqual(500)
  for (const event of decision.events) expect(Buffer.byteLength(canonicalJson(event))).toBeLessThan(65_536)
})

describe('what is new', () => {
  const kev = { fact: 'Exploitation', value: 'active (CVE-2026-1)', source: 'CISA KEV', date: '2026-11-20', note: null }
  const state = approved().state()
  const voted = content(4)
  const facts = (more: Partial<Content>) => ({ ...voted, ...more })
  function with5(exposure: 'open' | null, more: Partial<Content> = {}): Content {
    const all = content(5)
    if (all.subject.kind !== 'patches') throw new Error('not patches')
    const assets = all.subject.assets.map((planned, index) =>
      index < 4 ? planned : { ...planned, asset: { ...planned.asset, exposure } },
    )
    return { ...all, subject: { ...all.subject, assets }, ...more }
  }
  function exploited(all: Content): Content {
    if (all.subject.kind !== 'patches') throw new Error('not patches')
    const patches = all.subject.patches.map((patch) => ({ ...patch, evidence: [kev] }))
    return { ...all, subject: { ...all.subject, patches } }
  }

  test.each([
    ['raises nothing where it is just as urgent', facts({}), with5(null), false],
    ['raises it where it is of a more urgent tier', facts({}), with5(null, { priority: 'immediate' }), true],
    ['raises it where one of its CVEs is listed', facts({}), exploited(with5(null)), true],
    [
      'does not where what was voted on is just as urgent by now',
      facts({ priority: 'immediate' }),
      with5(null, { priority: 'immediate' }),
      false,
    ],
    [
      'does where that may be for a new server which is more exposed than all the others',
      facts({ priority: 'immediate' }),
      with5('open', { priority: 'immediate' }),
      true,
    ],
  ] as const)('%s', (_, now, all, raises) => {
    expect(isRaisedByNew(state, now, all)).toBe(raises)
  })

  test('revises it loudly, and votes start again, where it raises it', () => {
    const one = approved()
    one.give(look(out('web4'), ['web5']))
    const all = with5(null, { priority: 'immediate' })
    expect(one.give({ type: 'revise', content: all, reason: 'Now immediate' })).toEqual(['revised'])
    expect(one.state()).toMatchObject({ revision: 2, votes: [], approvedBy: null, status: 'open', since: null })
  })
})

test('the plan names who is left out and who waits', () => {
  const one = approved()
  one.give(look(out('web2'), ['web9']))
  const state = one.state()
  if (state.subject.kind !== 'patches') throw new Error('not patches')
  const { lines } = planDetail(state, state.subject, [], one.now())
  expect(lines).toContain('  web2 is left out: it is up to date')
  expect(lines).toContain('  Not part of this: web9')
  const assets = assetsDetail(state, state.subject).tables[1]?.rows.map((row) => row.map(plain).slice(0, 2))
  expect(assets?.[0]).toEqual(['web2', 'left out since the vote: it is up to date'])
  expect(proposalReport(state, [], new Map())).toContain('Since the vote: 1 left out since: 1 is up to date.')
})

test('rolling back undoes what the rollout changed, and nothing that somebody else had done before', () => {
  const all = content(2)
  if (all.subject.kind !== 'patches') throw new Error('not patches')
  const change = (name: string) => ({ name, architecture: 'amd64', from: '1', to: '3' })
  const changes = [change('curl'), change('libssl3'), change('openssl')]
  // An earlier version froze the address, too.
  const assets = all.subject.assets.map(({ asset, ...planned }) => ({
    ...planned,
    asset: anAsset(asset.name),
    changes,
  }))
  const subject: PatchSubject = { ...all.subject, assets }
  const one = approved({ ...all, subject, contentHash: contentHash(subject) })
  one.give(look([{ asset: id('web1'), done: ['curl:amd64'] }]))
  one.give({ type: 'start' })
  one.give({ type: 'start-batch' })
  // openssl had come to 2 by itself, and libssl3 to 3.
  const changed = [{ name: 'openssl', architecture: 'amd64', from: '2', to: '3' }]
  const outcome = { state: 'succeeded', changed, rebooted: false, log: '' } as const
  one.give({ type: 'record-outcomes', outcomes: [{ asset: id('web1'), outcome }] })
  const back = rollbackSubject(one.state(), subject, null)
  expect(back.assets.map((planned) => [planned.asset.name, planned.changes])).toEqual([
    ['web1', [{ name: 'openssl', architecture: 'amd64', from: '3', to: '2' }]],
  ])
  expect(back.assets[0]?.asset).not.toHaveProperty('address')
})
