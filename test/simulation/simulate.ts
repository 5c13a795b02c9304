/**
 * Whole rollouts over the pure core, with a clock and faults of our own: what people click, what machines answer, and
 * when processes die comes from a seed. After every event the promises are checked; what they are is stated here anew,
 * from the plan alone, and not with the functions that decide.
 */

import type { Member } from '../../src/core/policy.ts'
import type { Context, ProposalCommand } from '../../src/core/proposal/command.ts'
import { decide } from '../../src/core/proposal/decide.ts'
import { deploymentsOf } from '../../src/core/proposal/deployments.ts'
import type { ProposalEvent, RecordedEvent } from '../../src/core/proposal/event.ts'
import { evolve } from '../../src/core/proposal/evolve.ts'
import { handOver } from '../../src/core/proposal/hand-over.ts'
import { nextStep, type Step, workStep } from '../../src/core/proposal/next-step.ts'
import {
  type Actor,
  type EndState,
  finalStatuses,
  type LeftOut,
  type ProposalState,
} from '../../src/core/proposal/proposal.ts'
import { testRunning, unfinishedDeployments, waitingForResume } from '../../src/core/proposal/run.ts'
import type { Freeze } from '../../src/core/window.ts'
import { random } from '../bench/fleet.ts'
import { createParts } from '../support/in-parts.ts'
import { machineFor } from '../support/proposal-case.ts'
import { createWitness, LONGEST_TICK, type World } from './promises.ts'
import { drawScenario, type Scenario } from './scenario.ts'

export const members: readonly Member[] = [
  { id: 'mara', name: 'Mara', roles: ['owner'] },
  { id: 'tom', name: 'Tom', roles: ['security'] },
  { id: 'jonas', name: 'Jonas', roles: ['on-call'] },
]
const MINUTE = 60_000
const HOUR = 60 * MINUTE
/** The simulation begins on the eve of a change of the clocks in Europe, so that windows meet it. */
const START = Date.parse('2026-10-23T06:00:00Z')
/** A look at everything takes as long as there are hosts; of the moments of a small rollout, one in ten gets one. */
const LOOK_SHARE = 0.1
const LOOKS_PER_HOST = 5
/** In how many plays the proposal is ended while its test ring is at work, and how soon: at each moment so likely. */
const CLOSED_SHARE = 0.25
const CLOSING_SHARE = 0.1
/** In how many plays the fleet changes after the vote, and how often: at each moment so likely. */
const CHANGING_SHARE = 0.3
const CHANGE_SHARE = 0.05
/** Whatever has not ended after so many days never will. */
const LAST_DAY = 60

/** What really is on a machine, whatever the engine says. */
interface Host {
  installed: boolean
  readonly transactions: string[]
  /** When what runs on it ends (milliseconds), and how. */
  ends: number | null
  fault: Fault
}

type Fault = 'none' | 'fails' | 'lies' | 'unreachable' | 'refuses' | 'sick'

export interface Simulated {
  readonly seed: number
  readonly hosts: number
  readonly events: number
  readonly status: ProposalState['status']
  readonly days: number
  readonly starts: number
  readonly broken: string | null
  /** The last things that happened. */
  readonly last: readonly string[]
}

/** Plays one rollout. `broken` is the first promise that did not hold, with what led to it. */
export function simulate(seed: number, hosts: number): Simulated {
  const next = random(seed)
  const chance = (share: number) => next() < share
  const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(next() * list.length)]
  const scenario: Scenario = drawScenario(next, hosts)
  const world = new Map<string, Host>()
  for (const id of scenario.assets) world.set(id, { installed: false, transactions: [], ends: null, fault: 'none' })
  const witness = createWitness(scenario)
  let freezes: readonly Freeze[] = scenario.freezes
  let now = START
  let state: ProposalState | null = null
  let caughtUp = true
  const recorded: RecordedEvent[] = []
  const stored = createParts()
  /** By key: what was recorded as started and has not been handed to the engine. */
  const recordedStarts = new Map<string, readonly string[]>()
  const machines: World = {
    transactions: (id) => world.get(id)?.transactions ?? [],
    installed: (id) => world.get(id)?.installed === true,
  }
  // Of its own, so that how often one looks does not change what is played.
  const looks = random(~seed)
  const ending = random(seed ^ 0x5eed)
  const closes = ending() < CLOSED_SHARE
  const changing = random(seed ^ 0xf1ee7)
  const changes = changing() < CHANGING_SHARE
  /** What does not fit any more what was voted on. */
  const departed = new Map<string, LeftOut>()

  function run(command: ProposalCommand, actor: Actor = machineFor(command)): readonly ProposalEvent[] {
    const at = new Date(now).toISOString()
    const context: Context = { now: at, actor, members, freezes, standing: null, estimates: scenario.estimates }
    const decision = decide(state, command, context)
    if (!decision.ok) return []
    for (const event of decision.events) {
      const one: RecordedEvent = { stream: 'PW-1', seq: recorded.length + 1, at, actor, event }
      recorded.push(one)
      state = evolve(state, one)
      witness.see(event, state, now, freezes)
      if (event.type === 'batch-started' || event.type === 'assets-started') recordedStarts.set(event.key, event.assets)
    }
    if (state !== null) stored.save(state, recorded.slice(-decision.events.length))
    return decision.events
  }

  /**
   * What was recorded is handed to the engine: at once, or when somebody takes it up who comes after a crash, hours or days
   * later. It is asked again whether it may begin.
   */
  function handOverAll(): void {
    for (const [key, assets] of [...recordedStarts]) {
      if (state === null || chance(0.1)) continue
      const at = new Date(now).toISOString()
      const context = { now: at, members, freezes, standing: null, estimates: scenario.estimates }
      const answers = handOver(state, assets, at, context)
      recordedStarts.delete(key)
      const begins = assets.filter((asset) => 'notAfter' in (answers.get(asset) ?? {}))
      witness.seeBegin(begins, now, freezes)
      startOn(begins, key)
      const refused = assets.flatMap((asset) => {
        const answer = answers.get(asset)
        return answer !== undefined && 'problem' in answer ? [{ asset, reason: answer.problem }] : []
      })
      if (refused.length === 0) continue
      const outcomes = refused.map(({ asset, reason }) => ({
        asset,
        outcome: { state: 'not begun', reason, log: '' } as const,
      }))
      run({ type: 'record-outcomes', outcomes })
      const verifications = refused.map(({ asset, reason }) => ({
        asset,
        verification: { ...verificationOf('not touched', at), reason },
      }))
      run({ type: 'record-verifications', verifications })
    }
  }

  /** The engine is told twice now and then, as after a crash; a host does what belongs to one key once. */
  function startOn(assets: readonly string[], key: string): void {
    for (const asset of assets) {
      const host = world.get(asset)
      if (host === undefined) continue
      for (let told = chance(0.05) ? 2 : 1; told > 0; told--) {
        if (host.transactions.includes(key)) continue
        host.transactions.push(key)
        const kinds: readonly Fault[] = ['fails', 'lies', 'unreachable', 'refuses', 'sick']
        host.fault = chance(scenario.faultShare) ? (pick(kinds) ?? 'fails') : 'none'
        host.ends = now + (1 + Math.floor(next() * scenario.longestMinutes)) * MINUTE
      }
    }
  }

  /** What the machines have to say now; all at once, as one look at the engine gives it. */
  function poll(): void {
    if (state === null) return
    const done = unfinishedDeployments(state).filter(({ asset, key }) => {
      const host = world.get(asset)
      return host?.transactions.at(-1) === key && (host.ends ?? Infinity) <= now
    })
    if (done.length === 0) return
    const outcomes = done
      .filter(({ outcome }) => outcome === null)
      .map(({ asset }) => ({ asset, outcome: outcomeOf(world.get(asset)) }))
    if (outcomes.length > 0) run({ type: 'record-outcomes', outcomes })
    // A process that dies in between looks at them later.
    if (chance(0.1)) return
    const at = new Date(now).toISOString()
    const verifications = done.map(({ asset }) => ({
      asset,
      verification: verificationOf(endOf(world.get(asset)), at),
    }))
    run({ type: 'record-verifications', verifications })
  }

  function people(): void {
    if (state === null) return
    const somebody: Actor = { kind: 'person', ...(pick(members) ?? { id: 'mara', name: 'Mara' }), via: 'slack' }
    const asset = pick(scenario.assets) ?? null
    const clicks: readonly ProposalCommand[] = [
      { type: 'pause', reason: 'p' },
      { type: 'halt', reason: 'h' },
      { type: 'resume' },
      { type: 'skip', asset, reason: 's' },
      { type: 'retry', asset: chance(0.5) ? asset : null },
      { type: 'extend-window', until: null, reason: 'e' },
      { type: 'go' },
      { type: 'acknowledge' },
      ...(chance(0.1) ? [{ type: 'postpone', until: null, reason: null } as const] : []),
    ]
    const click = pick(clicks)
    if (click) for (let times = chance(0.2) ? 2 : 1; times > 0; times--) run(click, somebody)
    if (chance(0.05)) {
      const from = now + Math.floor(next() * 30) * HOUR
      const to = from + (1 + Math.floor(next() * 24)) * HOUR
      freezes = [
        ...freezes,
        {
          name: 'declared',
          from: new Date(from).toISOString(),
          to: new Date(to).toISOString(),
          teams: null,
        },
      ]
    }
  }

  const person = (id: string): Actor => ({
    kind: 'person',
    id,
    name: members.find((one) => one.id === id)?.name ?? id,
    via: 'console',
  })
  run(
    {
      type: 'open',
      id: 'PW-1',
      number: 1,
      team: 'web',
      content: scenario.content,
      policy: scenario.policy,
    },
    { kind: 'system', part: 'assessment' },
  )
  if (recorded.length === 0) throw new Error(`A proposal for ${hosts} hosts was not opened.`)
  const vote = { type: 'vote', choice: 'approve', revision: null, reason: null, owner: null, until: null } as const

  while (state !== null && witness.broken() === null) {
    const current: ProposalState = state
    if (finalStatuses.includes(current.status) && unfinishedDeployments(current).length === 0) break
    if (now - START > LAST_DAY * 24 * HOUR) break
    if (current.status === 'open') {
      if (chance(0.3)) run(vote, person('mara'))
      if (chance(0.3)) run(vote, person('tom'))
    }
    if (chance(scenario.clickShare)) people()
    if (changes && changing() < CHANGE_SHARE) fleetChanges(current)
    // Of its own, so that what has no test ring is played as before.
    if (closes && testRunning(current) && ending() < CLOSING_SHARE) closeIt()
    // Whoever is awake keeps it going, most of the time.
    if (chance(0.5)) {
      run({ type: 'go' }, person('jonas'))
      if (waitingForResume(current) !== null) run({ type: 'resume' }, person('mara'))
      if (current.status === 'halted' && chance(0.3)) run({ type: 'retry', asset: null }, person('mara'))
      else if (current.status === 'halted') {
        // What failed and stays down is left out, so that its cluster's rules can be judged by people.
        const bad = (current.rollout === null ? [] : deploymentsOf(current.rollout)).find(
          ({ verification }) => verification !== null && verification.end !== 'installed',
        )
        if (bad) run({ type: 'skip', asset: bad.asset, reason: 'left as it is' }, person('jonas'))
      }
    }
    if (!drive()) {
      // Now and then nothing runs for days: what was due meanwhile comes late, and is not judged for that.
      const away = chance(0.01)
      now += away ? Math.floor(next() * 60) * HOUR : (1 + Math.floor((next() * LONGEST_TICK) / MINUTE)) * MINUTE
      caughtUp = !away
    }
    if (caughtUp) witness.lookAtClock(now)
    handOverAll()
    poll()
    if (looks() < Math.min(LOOK_SHARE, LOOKS_PER_HOST / hosts)) lookAgain()
  }

  /** Looks at everything; then the process dies, and the next one reads what is stored. */
  function lookAgain(): void {
    if (state === null) return
    witness.lookAtAll(state, machines)
    state = stored.read()
    stored.save(state, [])
  }

  /** Hosts are patched by hand, or go, or come back; now and then a whole ring of them. */
  function fleetChanges({ subject }: ProposalState): void {
    if (subject.kind !== 'patches') return
    const ring = subject.rings[Math.floor(changing() * subject.rings.length)]
    const whole = changing() < 0.1
    for (const asset of whole ? (ring?.assets ?? []) : scenario.assets) {
      if (!whole && changing() > 0.1) continue
      if (departed.has(asset) && !whole) departed.delete(asset)
      else departed.set(asset, { reason: changing() < 0.7 ? 'up to date' : 'gone' })
    }
    const departures = [...departed].map(([asset, leftOut]) => ({ asset, leftOut }))
    run({ type: 'compare-assets', departures, newcomers: [] }, { kind: 'system', part: 'assessment' })
  }

  /** Somebody, or something, ends the proposal while its test ring is at work. */
  function closeIt(): void {
    const until = new Date(now + 24 * HOUR).toISOString()
    const how = Math.floor(ending() * 3)
    if (how === 0) run({ ...vote, choice: 'reject', reason: 'r', until }, person('tom'))
    else if (how === 1) run({ type: 'withdraw', reason: 'w' }, person('jonas'))
    else run({ type: 'supersede', by: 'PW-2' }, { kind: 'system', part: 'assessment' })
  }

  /** What the driver does; false where there is nothing to do but to wait. */
  function drive(): boolean {
    if (state === null) return false
    const at = new Date(now).toISOString()
    const step = nextStep(state, at)
    if (take(step, at)) return true
    const other = workStep(state, at)
    return other !== null && other.do !== step.do && take(other, at)
  }

  function take(step: Step, at: string): boolean {
    switch (step.do) {
      case 'start':
        return run({ type: 'start' }).length > 0 || run({ type: 'reschedule' }).length > 0
      case 'start batch':
        return run({ type: 'start-batch' }).length > 0 || run({ type: 'reschedule' }).length > 0
      case 'start test':
        return run({ type: 'start-test' }).length > 0
      case 'check gate': {
        const healthy = !chance(0.1)
        const results = chance(0.02) ? [] : [{ check: 'errors', healthy, detail: 'd' }]
        return run({ type: 'record-gate', results }).length > 0
      }
      case 'reschedule':
        return run({ type: 'reschedule' }).length > 0
      case 'announce':
        return run({ type: 'announce-window' }).length > 0
      case 'end soak':
        return run({ type: 'end-soak' }).length > 0
      case 'look again': {
        const verifications = step.assets.map((asset) => ({
          asset,
          verification: verificationOf(endOf(world.get(asset)), at),
        }))
        return run({ type: 'record-verifications', verifications }).length > 0
      }
      case 'complete':
        return run({ type: 'complete' }).length > 0
      case 'expire':
        return run({ type: 'expire' }).length > 0
      case 'remind':
        return run({ type: 'remind' }).length > 0
      default:
        return false
    }
  }

  const end: ProposalState | null = state
  if (end !== null) witness.end(end, recorded, machines)
  return {
    seed,
    hosts,
    events: recorded.length,
    status: end === null ? 'expired' : (end as ProposalState).status,
    days: (now - START) / (24 * HOUR),
    starts: [...world.values()].reduce((sum, host) => sum + host.transactions.length, 0),
    broken: witness.broken(),
    last: witness.log(),
  }

  function outcomeOf(host: Host | undefined) {
    if (host === undefined) throw new Error('an asset that nobody knows')
    const log = 'E: it went wrong'
    switch (host.fault) {
      case 'none':
      case 'sick':
        host.installed = true
        return { state: 'succeeded', changed: [], rebooted: false, log: '' } as const
      case 'lies':
        return { state: 'succeeded', changed: [], rebooted: false, log: '' } as const
      case 'fails':
        return { state: 'failed', reason: 'dpkg could not set up', log } as const
      case 'refuses':
        return { state: 'held back', reason: 'no room', log } as const
      case 'unreachable':
        return { state: 'unreachable', reason: 'no answer', touched: false, log } as const
    }
  }
}

function endOf(host: Host | undefined): EndState {
  switch (host?.fault) {
    case 'none':
      return 'installed'
    case 'lies':
      return 'still missing'
    case 'refuses':
      return 'held back'
    case 'unreachable':
      return 'unreachable'
    default:
      return 'failed'
  }
}

function verificationOf(end: EndState, at: string) {
  return { end, reason: 'what it says', packages: [], health: [], at }
}
