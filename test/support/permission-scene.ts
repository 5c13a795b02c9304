/** A proposal at its stages, and people of every kind, for tests of who may do what. */

import type { Act } from '../../src/core/permission/acts.ts'
import { offersTo, refusalOf, whoMay } from '../../src/core/permission/answer.ts'
import type { Place } from '../../src/core/permission/place.ts'
import type { Doer } from '../../src/core/permission/row.ts'
import type { Member, Policy } from '../../src/core/policy.ts'
import { contentHash } from '../../src/core/proposal/decision-content.ts'
import type { Content } from '../../src/core/proposal/event.ts'
import { type Glance, glanceOf } from '../../src/core/proposal/glance.ts'
import type { Actor, Status } from '../../src/core/proposal/proposal.ts'
import { person, proposalCase } from './proposal-case.ts'
import { content, testedContent } from './proposals.ts'
import { nights } from './windows.ts'

export const people: readonly Member[] = [
  { id: 'mara', name: 'Mara', roles: ['owner', 'security'] },
  { id: 'noor', name: 'Noor', roles: ['owner'] },
  { id: 'tom', name: 'Tom', roles: ['security'] },
  { id: 'jonas', name: 'Jonas', roles: ['on-call'] },
  { id: 'lea', name: 'Lea', roles: ['lead'] },
  { id: 'ava', name: 'Ava', roles: ['auditor'] },
]

/** Whoever is no member keeps the id as a name. */
export function doer(id: string, more: Partial<Doer> = {}): Doer {
  return { kind: 'person', id, name: people.find((member) => member.id === id)?.name ?? id, via: 'console', ...more }
}

/** Each role stands for something else: owners and on-call stop, owners resume, security breaks the glass, leads are above. */
export const everyRole: Partial<Policy> = {
  escalateTo: ['lead'],
  breakGlass: { roles: ['security'], reviewWithinSeconds: 86_400 },
  acknowledgement: {
    askBeforeSeconds: 1_800,
    remindEverySeconds: 600,
    escalateAfterSeconds: 1_200,
    escalateTo: ['lead'],
    otherwise: 'go on',
  },
}

/** Six assets of which the first ring waits for a lead to say go. */
function contentWithGo(): Content {
  const base = content(6, nights)
  if (base.subject.kind !== 'patches') throw new Error('not patches')
  const rings = base.subject.rings.map((ring) => ({ ...ring, gate: { ...ring.gate, go: ['lead'] } }))
  const subject = { ...base.subject, rings }
  return { ...base, subject, contentHash: contentHash(subject) }
}

interface SceneOptions {
  readonly policy?: Partial<Policy>
  readonly proposer?: Actor
  readonly content?: Content
}

export function caseOf({ policy = {}, ...options }: SceneOptions = {}) {
  return proposalCase({ members: people, content: content(6, nights), policy: { ...everyRole, ...policy }, ...options })
}
type Case = ReturnType<typeof caseOf>

function approved(options: SceneOptions = {}): Case {
  const one = caseOf(options)
  one.vote('noor', 'approve')
  one.vote('tom', 'approve')
  return one
}

/** Rolling out, of which nothing has begun. */
function started(options: SceneOptions = {}): Case {
  const one = approved(options)
  one.pass(1)
  one.give({ type: 'start' })
  return one
}

function withTest(options: SceneOptions = {}): Case {
  const one = caseOf({ content: testedContent(4, 2), ...options, policy: { testRing: 'run', ...options.policy } })
  one.give({ type: 'start-test' })
  return one
}

export const scenes = {
  /** Nobody has voted. */
  open: (options?: SceneOptions) => caseOf(options),
  scheduled: approved,
  started,
  /** Its first asset is at work. */
  'at work': (options?: SceneOptions) => {
    const one = started(options)
    one.give({ type: 'start-batch' })
    return one
  },
  /** Halted: the first of six failed. */
  halted: (options?: SceneOptions) => {
    const one = started(options)
    one.finishBatch('failed')
    return one
  },
  'waits for go': (options?: SceneOptions) => started({ content: contentWithGo(), ...options }),
  /** Its test ring of two is under way while people vote. */
  'test runs': withTest,
  'test paused': (options?: SceneOptions) => {
    const one = withTest(options)
    one.give({ type: 'start-batch' })
    one.give({ type: 'pause', reason: 'look' }, person('jonas'))
    return one
  },
  'test halted': (options?: SceneOptions) => {
    const one = withTest(options)
    one.give({ type: 'start-batch' })
    one.give({ type: 'halt', reason: 'bad' }, person('jonas'))
    return one
  },
  /** Open, and somebody has frozen its team. */
  frozen: (options?: SceneOptions) => {
    const one = caseOf(options)
    const freeze = {
      name: 'the sale',
      from: '2026-11-19T00:00:00Z',
      to: '2026-12-24T00:00:00Z',
      teams: ['web'],
      liftAgreed: [],
    }
    one.setting.freezes = [freeze]
    return one
  },
  /** Tom broke the glass. */
  'broken glass': (options?: SceneOptions) => {
    const one = caseOf(options)
    one.give({ type: 'break-glass', reason: 'exploited' }, person('tom'))
    return one
  },
} as const satisfies Readonly<Record<string, (options?: SceneOptions) => Case>>
export type Scene = keyof typeof scenes

export interface PlaceOptions extends SceneOptions {
  /** As if it were so far, all else as it is. */
  readonly status?: Status
  readonly glance?: Partial<Glance>
  readonly place?: Partial<Place>
}

/** Where the question is asked, after the scene. */
export function placeIn(scene: Scene, { status, glance, place, ...options }: PlaceOptions = {}): Place {
  const one = scenes[scene](options)
  const seen: Glance = { ...glanceOf(one.state()), ...glance, ...(status === undefined ? {} : { status }) }
  return { glance: seen, members: people, now: one.now(), freezes: one.setting.freezes, ...place }
}

/** What somebody would be told; `null`: it would be accepted. */
export function said(act: Act, who: string | Doer, place: Place, turn?: number): string | null {
  return refusalOf(act, typeof who === 'string' ? doer(who) : who, place, turn)?.sentence ?? null
}

export function codeOf(act: Act, who: string | Doer, place: Place, turn?: number): string | null {
  return refusalOf(act, typeof who === 'string' ? doer(who) : who, place, turn)?.code ?? null
}

export function idsWhoMay(act: Act, place: Place): readonly string[] {
  return whoMay(act, place).map(({ id }) => id)
}

export function isOffered(act: Act, who: string | Doer, place: Place): boolean {
  return offersTo(typeof who === 'string' ? doer(who) : who, place).has(act)
}
