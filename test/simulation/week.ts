/**
 * A decision over a fleet that changes while people decide: hosts are patched by hand, rebuilt, taken away or added, and
 * some come to want another version. What each host needs is kept here, apart from the functions under test.
 */

import type { AssessedAsset, Assessment } from '../../src/core/assessment/assess.ts'
import type { Patch } from '../../src/core/catalog.ts'
import type { PackageChange } from '../../src/core/change.ts'
import { type Draft, draftSubjects } from '../../src/core/draft.ts'
import { comparison, isRaisedByNew, withFacts } from '../../src/core/held.ts'
import type { Context, ProposalCommand } from '../../src/core/proposal/command.ts'
import { decide } from '../../src/core/proposal/decide.ts'
import { contentHash } from '../../src/core/proposal/decision-content.ts'
import type { Content, ProposalEvent, RecordedEvent } from '../../src/core/proposal/event.ts'
import { evolve } from '../../src/core/proposal/evolve.ts'
import type { Actor, PatchSubject, ProposalState } from '../../src/core/proposal/proposal.ts'
import { isHeld } from '../../src/core/proposal/since.ts'
import type { TeamPlan } from '../../src/core/ring-rule.ts'
import { random } from '../bench/fleet.ts'
import { anAsset } from '../support/asset.ts'
import { machineFor, members, person } from '../support/proposal-case.ts'
import { policy } from '../support/proposals.ts'

const HOUR = 3_600_000
/** A Friday, an hour after the window of that day began. */
const START = Date.parse('2026-11-20T07:00:00Z')
const assessor: Actor = { kind: 'system', part: 'assessment' }

const VOTED = { openssl: '3.0.22', curl: '8.1' } as const
/** What some hosts want instead, after the vote. */
const NEWER = '3.0.23'

function patchOf(source: 'openssl' | 'curl', version: string): Patch {
  return {
    id: `debian:12/${source}/${version}`,
    platform: 'debian:12',
    source,
    type: 'security',
    version,
    packages: [{ name: source, architecture: 'amd64', to: version }],
    cves: [],
    advisories: [],
    origins: [],
    priority: 'scheduled',
    evidence: [],
    assumptions: [],
    dueAt: null,
  }
}

const patches = [patchOf('openssl', VOTED.openssl), patchOf('curl', VOTED.curl), patchOf('openssl', NEWER)]

/** What a host is like now. */
export interface Host {
  readonly name: string
  readonly platform: 'debian:12' | 'debian:13'
  /** Packages that it misses, each with the version that it wants. */
  readonly misses: Readonly<Record<string, string>>
}

function entryOf({ name, platform, misses }: Host, at: string): AssessedAsset {
  const wanted = Object.entries(misses)
  return {
    asset: anAsset(name, { platform }),
    observedAt: at,
    patches: wanted.map(([source, version]) => `debian:12/${source}/${version}`),
    changes: wanted.map(([name, to]): PackageChange => ({ name, architecture: 'amd64', from: '1.0', to })),
    held: [],
    withheld: [],
    notAssessed: [],
  }
}

function fleetOf(size: number, at: string) {
  const hosts = new Map<string, { readonly host: Host; readonly entry: AssessedAsset }>()
  const put = (host: Host, now: string) => hosts.set(host.name, { host, entry: entryOf(host, now) })
  for (let n = 0; n < size; n++)
    put({ name: `web${String(n).padStart(6, '0')}`, platform: 'debian:12', misses: VOTED }, at)
  const names = [...hosts.keys()]
  let added = 0
  return {
    /** What was missed is installed. */
    install: (name: string, changes: readonly PackageChange[], now: string) => {
      const host = hosts.get(name)?.host
      if (host === undefined) throw new Error(`${name} is gone`)
      put({ ...host, misses: changes.reduce((left, change) => without(left, change.name), host.misses) }, now)
    },
    host: (name: string) => hosts.get(name)?.host,
    all: () => [...hosts.values()].map(({ host }) => host),
    assess(): Assessment {
      const assets = [...hosts.values()].map(({ entry }) => entry)
      const ids = new Set(assets.flatMap((entry) => entry.patches))
      return { patches: patches.filter(({ id }) => ids.has(id)), withheld: [], assets }
    },
    /** Something happens to one of the hosts. */
    change(next: () => number, now: string): void {
      const place = Math.floor(next() * names.length)
      const name = names[place] ?? ''
      const host = hosts.get(name)?.host
      const what = next()
      if (host === undefined) return
      if (what < 0.3) put({ ...host, misses: {} }, now)
      else if (what < 0.45) put({ ...host, misses: without(host.misses, 'curl') }, now)
      else if (what < 0.55) put({ ...host, platform: 'debian:12', misses: VOTED }, now)
      else if (what < 0.6) put({ ...host, platform: 'debian:13', misses: {} }, now)
      else if (what < 0.7) put({ ...host, misses: wantingNewer(host.misses) }, now)
      else if (what < 0.85) {
        hosts.delete(name)
        names.splice(place, 1)
      } else {
        const fresh = `new${String(added++).padStart(6, '0')}`
        names.push(fresh)
        put({ name: fresh, platform: 'debian:12', misses: VOTED }, now)
      }
    },
  }
}

function without(misses: Host['misses'], name: string): Host['misses'] {
  return Object.fromEntries(Object.entries(misses).filter(([one]) => one !== name))
}

function wantingNewer(misses: Host['misses']): Host['misses'] {
  return misses.openssl === undefined ? misses : { ...misses, openssl: NEWER }
}

const gate = { minSuccessPercent: 90, maxFailures: 9, unreachable: 'as failure' } as const
const amount = (value: number) => ({ kind: 'count', value }) as const
const plan: TeamPlan = {
  team: 'web',
  window: {
    name: 'fridays',
    rules: [{ days: [5], start: '06:00', durationSeconds: 12 * 3_600, timeZone: 'UTC', everyWeeks: 1, anchor: null }],
  },
  rings: [
    { name: 'canary', select: { kind: 'count', count: 20 }, batch: amount(5), soakSeconds: 60, gate },
    { name: 'early', select: { kind: 'percent', percent: 10 }, batch: amount(250), soakSeconds: 60, gate },
    { name: 'broad', select: { kind: 'rest' }, batch: amount(1_000), soakSeconds: 0, gate },
  ],
  health: [],
}

/**
 * So many hosts, of which `share` change each hour. It is opened an hour into the window of the week; what is not voted on
 * yet is revised, and from the first vote on it is compared.
 */
export function createWeek(size: number, share: number, seed: number) {
  let now = START
  const at = () => new Date(now).toISOString()
  const fleet = fleetOf(size, at())
  const next = random(seed)
  let state: ProposalState | null = null
  const events: RecordedEvent[] = []

  function give(command: ProposalCommand, actor: Actor = machineFor(command)): readonly ProposalEvent[] | string {
    const context: Context = { now: at(), actor, members, freezes: [], standing: null, outdated: [] }
    const decision = decide(state, command, context)
    if (!decision.ok) return decision.refusal.code
    for (const event of decision.events) {
      const one: RecordedEvent = { stream: 'PW-1', seq: events.length + 1, at: at(), actor, event }
      events.push(one)
      state = evolve(state, one)
    }
    return decision.events
  }

  function current(): ProposalState & { readonly subject: PatchSubject } {
    if (state === null || state.subject.kind !== 'patches') throw new Error('not opened')
    return { ...state, subject: state.subject }
  }

  function draftNow(assessment: Assessment): Draft {
    const open = state === null ? [] : [current()]
    const [draft] = draftSubjects({
      assessments: new Map([['web', assessment]]),
      teams: [plan],
      open: open.map((one) => ({
        id: one.id,
        team: 'web',
        engine: one.subject.engine,
        takesMore: !isHeld(one),
        priority: one.priority,
        patches: one.subject.patches,
        rings: one.subject.rings,
      })),
      grouping: 'tier',
    })
    if (draft === undefined) throw new Error('nothing to ask for')
    return draft
  }

  function contentOf({ title, subject, priority, whyNow, dueAt }: Draft, hash: string): Content {
    return { title, subject, contentHash: hash, priority, whyNow, dueAt }
  }

  const whole = (draft: Draft) => contentOf(draft, contentHash(draft.subject))
  const away = { ...policy, expiresAfterSeconds: 30 * 86_400 }
  give(
    { type: 'open', id: 'PW-1', number: 1, team: 'web', content: whole(draftNow(fleet.assess())), policy: away },
    assessor,
  )

  return {
    fleet,
    events: (): readonly RecordedEvent[] => events,
    state: current,
    give,
    now: at,
    pass(seconds: number): void {
      now += seconds * 1_000
    },
    vote(id: string): void {
      give({ type: 'vote', choice: 'approve', revision: null, reason: null, owner: null, until: null }, person(id))
    },
    /** An hour passes, and somebody looks at everything. Says whether what is new would make it ask anew. */
    hour(): { readonly raised: boolean } {
      now += HOUR
      for (let times = 0; times < size * share; times++) fleet.change(next, at())
      const assessment = fleet.assess()
      const draft = draftNow(assessment)
      const held = current()
      if (!isHeld(held)) {
        give({ type: 'revise', content: whole(draft), reason: 'the fleet has changed' }, assessor)
        return { raised: false }
      }
      const needs = { missing: assessment, wanted: assessment }
      const facts = withFacts(held, held.subject, needs, '')
      // Its hash says nothing about how urgent it is, and takes as long as all else.
      const raised = isRaisedByNew(held, facts, contentOf(draft, ''))
      give(comparison(held.subject, needs, draft), assessor)
      give({ type: 'revise', content: facts, reason: '' }, assessor)
      return { raised }
    },
  }
}
