/** Places of every kind, and readers of every kind, for tests of what surfaces offer. */

import type { Through } from '../../src/core/hands.ts'
import type { Place } from '../../src/core/permission/place.ts'
import type { Doer } from '../../src/core/permission/row.ts'
import type { Policy } from '../../src/core/policy.ts'
import { contentHash } from '../../src/core/proposal/decision-content.ts'
import type { Content } from '../../src/core/proposal/event.ts'
import { glanceOf } from '../../src/core/proposal/glance.ts'
import type { Actor, Status } from '../../src/core/proposal/proposal.ts'
import type { Freeze } from '../../src/core/window.ts'
import { lateTerms } from './late-terms.ts'
import { machineCommand } from './machine-command.ts'
import { caseOf, doer, everyRole, people, scenes } from './permission-scene.ts'
import { type Decided, machineFor, type proposalCase } from './proposal-case.ts'
import { content, policy, testedContent } from './proposals.ts'
import { always, nights } from './windows.ts'

type Case = ReturnType<typeof proposalCase>
type Options = NonNullable<Parameters<typeof caseOf>[0]>

const shell: Through = { kind: 'command line', user: 'deploy', host: 'build01' }
const linkOfMara: Through = { kind: 'sign-in link', madeBy: ['mara'] }

/** How somebody is known. What the console knows of a person it knows by a link, or in the labelled example. */
export const proofs = {
  chat: { via: 'slack' },
  'linked yesterday': { via: 'discord', linkedAt: '2026-11-19T00:00:00.000Z' },
  'linked since': { via: 'discord', linkedAt: '2026-12-01T00:00:00.000Z' },
  'a link that Mara made': { via: 'console', through: linkOfMara },
  'the example': { via: 'console', through: { kind: 'example' } },
  'the command line': { via: 'cli', through: shell },
} as const satisfies Readonly<Record<string, Partial<Doer>>>
export type ProofName = keyof typeof proofs
export const proofNames = Object.keys(proofs) as readonly ProofName[]

/** Zoe is of another team, or was of this one. */
export const readerIds: readonly string[] = [...people.map(({ id }) => id), 'zoe']

export function reader(id: string, proof: ProofName): Doer {
  return doer(id, proofs[proof])
}

// ---------------------------------------------------------------- what may be asked for

function subjectOf(change: (base: Extract<Content['subject'], { kind: 'patches' }>) => Content['subject']): Content {
  const base = content(6, nights)
  if (base.subject.kind !== 'patches') throw new Error('not patches')
  const subject = change(base.subject)
  return { ...base, subject, contentHash: contentHash(subject) }
}

const rule = subjectOf(() => ({
  kind: 'standing rule',
  rule: { name: 'dev', team: 'web', tags: ['dev'], types: ['security'], expiresAt: '2027-01-01T00:00:00.000Z' },
  window: always,
}))

const rollsBack = subjectOf((base) => ({ ...base, rollsBack: { proposal: 'PW-0' } }))

/** The second of its rings waits for a lead to say go. */
const laterGo = subjectOf((base) => ({
  ...base,
  rings: base.rings.map((ring, index) => (index === 0 ? ring : { ...ring, gate: { ...ring.gate, go: ['lead'] } })),
}))

/** Its servers belong to a system that is told a minute ahead. */
const toldAhead = subjectOf((base) => ({
  ...base,
  assets: base.assets.map((planned) => ({
    ...planned,
    terms: { ...lateTerms, leadSeconds: 60 },
  })),
}))

// ---------------------------------------------------------------- how it came so far

function walk(one: Case, steps: number, end: 'installed' | 'failed' = 'installed'): Case {
  for (let step = 0; step < steps; step++) {
    const command = machineCommand(one.state(), one.now(), end)
    if (command === null) one.pass(1)
    else one.give(command, machineFor(command))
  }
  return one
}

function then(make: (options?: Options) => Case, ...steps: readonly ((one: Case) => unknown)[]) {
  return (options?: Options): Case => {
    const one = make(options)
    for (const step of steps) step(one)
    return one
  }
}

const approveBy = (who: string, more: Partial<Doer>) => (one: Case) =>
  one.give(
    { type: 'vote', choice: 'approve', revision: null, reason: null, owner: null, until: null },
    doer(who, more) as Actor,
  )
const give =
  (command: Parameters<Case['give']>[0], who: string, more: Partial<Doer> = {}) =>
  (one: Case) =>
    one.give(command, doer(who, more) as Actor)
const pass = (hours: number) => (one: Case) => one.pass(hours)
const freeze: Freeze = {
  name: 'the sale',
  from: '2026-11-19T00:00:00Z',
  to: '2026-12-24T00:00:00Z',
  teams: ['web'],
  liftAgreed: [],
}
const freezeNow = (liftAgreed: NonNullable<Freeze['liftAgreed']>) => (one: Case) => {
  one.setting.freezes = [{ ...freeze, liftAgreed }]
}

const reject = {
  type: 'vote',
  choice: 'reject',
  revision: null,
  reason: 'too early',
  owner: 'tom',
  until: '2026-12-01',
} as const

const rolledOut = then(scenes.started, (one) => walk(one, 60))

/** Each leads to a place that differs from the others in something that a row asks for. */
export const lives: Readonly<Record<string, (options?: Options) => Case>> = {
  ...scenes,
  'one approves': then(caseOf, approveBy('tom', {})),
  'one abstains': then(caseOf, (one) => one.vote('noor', 'abstain')),
  'voted by a link': then(caseOf, approveBy('noor', { through: linkOfMara })),
  'approved by links': then(
    caseOf,
    approveBy('noor', { through: { kind: 'sign-in link', madeBy: ['noor'] } }),
    approveBy('tom', { through: { kind: 'sign-in link', madeBy: ['tom'] } }),
  ),
  'past its deadline': then(caseOf, pass(8 * 24)),
  'past its deadline, its test running': then(scenes['test runs'], pass(8 * 24)),
  expired: then(caseOf, pass(8 * 24), (one) => one.give({ type: 'expire' })),
  reminded: then(
    caseOf,
    ...[25, 24, 24].flatMap((hours) => [pass(hours), (one: Case) => one.give({ type: 'remind' })]),
  ),
  rejected: then(caseOf, give(reject, 'tom')),
  superseded: then(caseOf, (one) => one.give({ type: 'supersede', by: 'PW-2' } as Parameters<Case['give']>[0])),
  withdrawn: then(caseOf, give({ type: 'withdraw', reason: 'no' }, 'jonas')),
  acknowledged: then(scenes.scheduled, give({ type: 'acknowledge' }, 'jonas')),
  asked: then(scenes.scheduled, pass(0.6), (one) => one.give({ type: 'ask-acknowledgement' })),
  'asked, those above, too': then(
    scenes.scheduled,
    ...[0.6, 0.4].flatMap((hours) => [pass(hours), (one: Case) => one.give({ type: 'ask-acknowledgement' })]),
  ),
  'in its last hour': then(scenes.started, pass(2.5)),
  'after its window': then(scenes.started, pass(4)),
  'one agreed to a longer window': then(
    scenes.started,
    pass(2.5),
    give({ type: 'extend-window', until: null, reason: 'because' }, 'noor'),
  ),
  'a ring done': then(scenes.started, (one) => one.finishBatch()),
  paused: then(scenes.started, (one) => one.finishBatch(), give({ type: 'pause', reason: 'look' }, 'jonas')),
  'paused, at work': then(scenes['at work'], give({ type: 'pause', reason: 'look' }, 'jonas')),
  'halted, at work': then(scenes['at work'], give({ type: 'halt', reason: 'bad' }, 'jonas')),
  'one agreed to resume': then(scenes.halted, give({ type: 'resume' }, 'noor')),
  'one agreed to resume by a link': then(scenes.halted, give({ type: 'resume' }, 'noor', { through: linkOfMara })),
  'one agreed to leave it out': then(
    scenes.halted,
    give({ type: 'skip', asset: 'web1', reason: 'it is replaced' }, 'noor'),
  ),
  'left out': then(
    scenes.halted,
    give({ type: 'skip', asset: 'web1', reason: 'it is replaced' }, 'noor'),
    give({ type: 'skip', asset: 'web1', reason: 'it is replaced' }, 'mara'),
  ),
  'a ring waits for go, later': (options) => walk(scenes.started({ content: laterGo, ...options }), 8),
  'not reported yet': (options) => {
    const one = scenes.started({ content: toldAhead, ...options })
    one.give({ type: 'start-batch' })
    return one
  },
  completed: rolledOut,
  'ended by hand': then(
    scenes.started,
    (one) => one.finishBatch(),
    give({ type: 'halt', reason: 'bad' }, 'jonas'),
    give({ type: 'withdraw', reason: 'enough' }, 'mara'),
  ),
  'broken glass, rolling out': then(scenes['broken glass'], (one) => walk(one, 3)),
  'broken glass, paused': then(
    scenes['broken glass'],
    (one) => walk(one, 3),
    give({ type: 'pause', reason: 'look' }, 'jonas'),
  ),
  'broken glass, completed': then(scenes['broken glass'], (one) => walk(one, 60)),
  'broken glass, reviewed': then(scenes['broken glass'], give({ type: 'review-break-glass' }, 'mara')),
  'frozen, scheduled': then(scenes.scheduled, freezeNow([])),
  'frozen, rolling out': then(scenes.started, pass(2.5), freezeNow([])),
  'frozen, one agreed to lift it': then(caseOf, freezeNow([{ person: 'noor' }])),
  'frozen, over': then(rolledOut, freezeNow([])),
  'a rule': (options) => caseOf({ content: rule, ...options }),
  'a rule in force': (options) => {
    const one = caseOf({ content: rule, ...options })
    one.vote('noor', 'approve')
    one.vote('tom', 'approve')
    return one
  },
  'rolls back': (options) => caseOf({ proposer: doer('jonas'), content: rollsBack, ...options }),
  'rolls back, done': (options) => walk(caseOf({ proposer: doer('jonas'), content: rollsBack, ...options }), 40),
  'tested, voted on': (options) =>
    walk(caseOf({ content: testedContent(4, 2), ...options, policy: { testRing: 'run', ...options?.policy } }), 12),
}

export const policies: Readonly<Record<string, Partial<Policy>>> = {
  standard: {},
  'two resume': { resume: [{ role: 'owner', count: 2 }], cli: 'recorded' },
  'a notice': { approval: { kind: 'lazy consensus', noticeSeconds: 30 * 86_400, objectors: ['owner'] } },
  'confirmed in the console': {
    stepUpRings: ['broad', 'test'],
    escalateTo: ['lead', 'security'],
    remindAfterSeconds: 86_400,
    messageAfterSeconds: 2 * 86_400,
    escalateAfterSeconds: 3 * 86_400,
  },
  'own votes': { selfApproval: 'allowed', stop: ['lead', 'on-call'], resume: [{ role: 'security', count: 1 }] },
}

const proposers: Readonly<Record<string, Actor>> = {
  Noor: doer('noor'),
  // In her name, by a session that Mara's link opened.
  'Noor, by a link of Mara': doer('noor', { through: linkOfMara }),
}

export interface Known {
  /** For messages. */
  readonly name: string
  readonly place: Place
  /** How it came there. */
  readonly decisions: readonly Decided[]
}

/** Where it makes a difference who proposed it. */
const proposed: readonly Status[] = ['open', 'approved', 'halted']
const withoutNoor = people.filter(({ id }) => id !== 'noor')

/** Every life under every policy, and where it makes a difference, by every proposer and among other people. */
export function everyPlace(): readonly Known[] {
  const found: Known[] = []
  const add = (name: string, one: Case, more: Partial<Place> = {}) => {
    const glance = glanceOf(one.state())
    const place = { glance, members: people, now: one.now(), freezes: one.setting.freezes, ...more }
    found.push({ name, place, decisions: one.decisions() })
  }
  for (const [life, make] of Object.entries(lives)) {
    for (const [name, policy] of Object.entries(policies)) {
      if (name === 'a notice' && life.startsWith('a rule')) continue
      add(`${life}, ${name}`, make({ policy }))
    }
    const one = make()
    if (proposed.includes(one.state().status) && !life.startsWith('rolls back'))
      for (const [name, proposer] of Object.entries(proposers)) {
        const one = make({ proposer })
        add(`${life}, proposed by ${name}`, one)
        add(`${life}, proposed by ${name}, who is gone`, one, { members: withoutNoor })
      }
    const teamPolicy: Policy = { ...policy, ...everyRole, stop: ['security'], resume: [{ role: 'lead', count: 1 }] }
    add(`${life}, the team's policy being another one now`, one, { teamPolicy })
    add(`${life}, Noor gone`, one, { members: withoutNoor })
  }
  return found
}
