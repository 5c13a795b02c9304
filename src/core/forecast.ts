/**
 * When a plan would run if all went well: the rings one after the other, in batches, in windows, around freezes. A
 * simulation of the rollout's own rules with an estimate in place of each deployment. Nothing is decided on it.
 */

import { limits } from './limits.ts'
import { decidedAtOnce } from './proposal/approval.ts'
import type {
  Cluster,
  PatchSubject,
  PlannedRing,
  ProposalState,
  RingState,
  Rollout,
  Since,
} from './proposal/proposal.ts'
import { sinceOf } from './proposal/since.ts'
import { type Freeze, nextWindows, type Window, type WindowPlan } from './window.ts'

export interface ForecastQuestion {
  readonly subject: Pick<PatchSubject, 'assets' | 'rings' | 'window' | 'clusters'>
  readonly team: string
  readonly freezes: readonly Freeze[]
  /** ISO 8601 UTC. */
  readonly now: string
  /** Nothing but the rings that run before the vote begins earlier: the start of the schedule, or now and the lead time. */
  readonly notBefore?: string
  /** Windows do not count: it was decided at once, or undoes something. */
  readonly atOnce?: boolean
  /** Seconds that one asset takes, by name of ring. */
  readonly estimates?: Readonly<Record<string, number>>
  /** What has been done already; only the rest is forecast. */
  readonly rollout?: Pick<Rollout, 'rings' | 'deployments' | 'skipped' | 'extendedUntil'> | null
  /** Assets that are left out since the vote, by id. */
  readonly leftOut?: Since['leftOut']
}

export interface RingForecast {
  readonly name: string
  readonly assets: number
  /** Of the assets, so many are verified already. */
  readonly done: number
  readonly batches: number
  /** When assets are worked on; nights are apart. Empty: its turn never comes. */
  readonly runs: readonly Window[]
  /** ISO 8601; `null` where its turn never comes, or it never ends. */
  readonly start: string | null
  readonly end: string | null
  /** The end, where it is not watched afterwards. */
  readonly soakUntil: string | null
  /** Roles one of which must say go first; the forecast takes it that they do at once. */
  readonly waitsForGo: readonly string[]
}

export interface PlanForecast {
  readonly now: string
  readonly rings: readonly RingForecast[]
  /** ISO 8601: when the last ring has been watched; `null` where that never comes. */
  readonly end: string | null
  /** A sentence: why it never ends. */
  readonly problem: string | null
  /** Windows of the plan until the end, the first of them; windows that assets have of their own are not among them. */
  readonly windows: readonly Window[]
  readonly freezes: readonly Pick<Freeze, 'name' | 'from' | 'to'>[]
}

/** Windows looked at; a daily one reaches about a year ahead. */
const WINDOWS_TRIED = 400
/** What is kept of windows, freezes and the runs of a ring: a picture has no room for more. */
const KEPT = 40

/** Instants in here are milliseconds. */
interface Span {
  readonly start: number
  end: number
}

/** The forecast of a proposal as it stands: as if it were approved now, where it is not. */
export function forecastOf(
  state: ProposalState,
  subject: PatchSubject,
  context: Pick<ForecastQuestion, 'freezes' | 'now' | 'estimates'>,
): PlanForecast {
  const { now } = context
  const lead = (subject.window.leadSeconds ?? 0) * 1_000
  const begin = state.schedule?.start ?? toIso(Date.parse(state.approvedAt ?? now) + lead)
  const atOnce = state.approvedBy !== null && decidedAtOnce(state.approvedBy)
  return forecast({
    ...context,
    subject,
    team: state.team,
    freezes: atOnce ? [] : context.freezes,
    notBefore: isLater(begin, now) ? begin : now,
    atOnce,
    rollout: state.rollout ?? state.test,
    leftOut: sinceOf(state).leftOut,
  })
}

export function forecast(question: ForecastQuestion): PlanForecast {
  const { subject, rollout = null } = question
  const simulation = createSimulation(question)
  let free = Date.parse(question.notBefore ?? question.now)
  /** The same for the rings that run before the vote. */
  let test = Date.parse(question.now)
  let problem: string | null = null
  const rings: RingForecast[] = []
  for (const [index, ring] of subject.rings.entries()) {
    const begun = rollout?.rings[index]
    if (problem !== null && (begun === undefined || begun.status === 'waiting')) {
      rings.push(neverReached(ring))
      continue
    }
    const found = simulation.run(ring, begun, ring.beforeVote === true ? test : free)
    rings.push(found.ring)
    problem ??= found.problem
    if (found.free === null) continue
    free = Math.max(free, found.free)
    test = Math.max(test, found.free)
  }
  const last = problem === null ? latest(rings.map(({ soakUntil }) => soakUntil)) : null
  const week = toIso(Date.parse(question.now) + 7 * 86_400_000)
  const until = last ?? latest([week, ...rings.map(({ soakUntil, start }) => soakUntil ?? start)]) ?? week
  return {
    now: question.now,
    rings,
    end: last,
    problem,
    windows: simulation.windowsUntil(until),
    freezes: question.freezes
      .filter(({ teams, to }) => (teams === null || teams.includes(question.team)) && isLater(to, question.now))
      .slice(0, KEPT)
      .map(({ name, from, to }) => ({ name, from, to })),
  }
}

function neverReached(ring: PlannedRing): RingForecast {
  const { name, assets, gate } = ring
  const none = { done: 0, runs: [], start: null, end: null, soakUntil: null }
  return { name, assets: assets.length, batches: batchesOf(ring), waitsForGo: gate.go ?? [], ...none }
}

function batchesOf(ring: PlannedRing): number {
  return Math.ceil(ring.assets.length / Math.max(1, ring.batchSize))
}

function createSimulation(question: ForecastQuestion) {
  const { subject, team, freezes, now, estimates = {}, rollout = null, leftOut = {}, atOnce = false } = question
  const opener = createOpener(team, freezes, now, rollout?.extendedUntil ?? null)
  const own = new Map(subject.assets.flatMap(({ asset, window }) => (window ? [[asset.id, window] as const] : [])))
  const clusters = clustersOf(subject.clusters ?? [])

  function run(
    ring: PlannedRing,
    begun: RingState | undefined,
    earliest: number,
  ): { readonly ring: RingForecast; readonly problem: string | null; readonly free: number | null } {
    const ms = Math.max(0, (estimates[ring.name] ?? limits.unknownDeploymentSeconds) * 1_000)
    const past = pastOf(ring, ms)
    const spans: Span[] = past.span === null ? [] : [{ ...past.span }]
    const timesOf = (asset: string) =>
      atOnce || ring.beforeVote === true ? opener.anyTime : opener.timesOf(own.get(asset) ?? subject.window)
    const problem = play(ring, past.left, Math.max(earliest, past.free), ms, timesOf, spans)
    const runs = kept(spans).map(({ start, end }) => ({ start: toIso(start), end: toIso(end) }))
    const start = runs[0]?.start ?? null
    const end = problem !== null ? null : (runs.at(-1)?.end ?? toIso(earliest))
    const soak = begun?.soakUntil ?? null
    const watched = end === null ? null : Date.parse(end) + ring.soakSeconds * 1_000
    // A ring that has passed was watched for as long as it was.
    const free = begun?.status === 'passed' ? Date.parse(end ?? now) : soak === null ? watched : Date.parse(soak)
    return {
      ring: {
        name: ring.name,
        assets: ring.assets.length,
        done: past.done,
        batches: batchesOf(ring),
        runs,
        start: start ?? end,
        end,
        soakUntil: free === null ? null : toIso(free),
        waitsForGo: begun === undefined || begun.status === 'waiting' ? (ring.gate.go ?? []) : [],
      },
      problem,
      free,
    }
  }

  /** What the rollout has done of a ring, and what is left of it. */
  function pastOf(ring: PlannedRing, ms: number) {
    const left: string[] = []
    let done = 0
    let first = Number.POSITIVE_INFINITY
    let last = 0
    let free = 0
    for (const id of ring.assets) {
      const deployment = rollout?.deployments[id]
      if (deployment === undefined) {
        if (rollout?.skipped[id] === undefined && leftOut[id] === undefined) left.push(id)
        continue
      }
      const started = Date.parse(deployment.startedAt)
      first = Math.min(first, started)
      if (deployment.verification === null) {
        free = Math.max(free, Date.parse(now), started + ms)
        last = Math.max(last, free)
      } else {
        done++
        last = Math.max(last, Date.parse(deployment.doneAt ?? deployment.verification.at))
      }
    }
    return { left, done, free, span: last === 0 ? null : { start: first, end: Math.max(first, last) } }
  }

  /** Plays the batches of a ring, adding to `spans` when it is worked on; a sentence where that never ends. */
  function play(
    ring: PlannedRing,
    left: readonly string[],
    from: number,
    ms: number,
    timesOf: (asset: string) => Times,
    spans: Span[],
  ): string | null {
    const size = Math.max(1, ring.batchSize)
    const most = Math.max(1, ring.concurrency ?? size)
    let at = from
    let rest = left
    while (rest.length > 0) {
      const start = firstFit(rest, at, ms, timesOf)
      if (start === null) return whyNever(ring, rest, ms, timesOf)
      at = start
      const taken = take(rest, size, (asset) => fits(timesOf(asset), start, ms))
      rest = taken.rest
      let waiting: readonly string[] = taken.chosen
      while (waiting.length > 0) {
        const turn = firstFit(waiting, at, ms, timesOf)
        if (turn === null) return whyNever(ring, waiting, ms, timesOf)
        const room = clusters.room()
        const wave = take(waiting, most, (asset) => fits(timesOf(asset), turn, ms) && room.take(asset))
        if (wave.chosen.length === 0) {
          return `Ring ${ring.name} never ends: every member of a cluster has to stay up.`
        }
        addSpan(spans, turn, turn + ms)
        at = turn + ms
        waiting = wave.rest
      }
    }
    return null
  }

  function whyNever(
    ring: PlannedRing,
    assets: readonly string[],
    ms: number,
    timesOf: (asset: string) => Times,
  ): string {
    const times = timesOf(assets[0] ?? '')
    const name = `the window "${times.name}"`
    if (times.spans.length === 0) return `Ring ${ring.name} never begins: ${name} has no time in the coming year.`
    const longest = Math.max(...times.spans.map(({ start, end }) => end - start))
    if (longest < ms)
      return `Ring ${ring.name} never ends: an asset takes about ${minutes(ms)}, and ${name} is never open for longer than ${minutes(longest)}.`
    return `Ring ${ring.name} does not end within a year: ${name} is too short for its ${ring.assets.length} assets.`
  }

  return {
    run,
    windowsUntil: (until: string): readonly Window[] =>
      opener
        .timesOf(subject.window)
        .spans.filter(({ start }) => start <= Date.parse(until))
        .slice(0, KEPT)
        .map(({ start, end }) => ({ start: toIso(start), end: toIso(end) })),
  }
}

/** When assets with the same windows may be touched. `next` only grows: the simulation never goes back. */
interface Times {
  readonly name: string
  readonly spans: readonly Span[]
  next: number
}

function createOpener(team: string, freezes: readonly Freeze[], now: string, extendedUntil: string | null) {
  const known = new Map<string, Times>()
  const byPlan = new Map<WindowPlan, Times>()
  function timesOf(plan: WindowPlan): Times {
    const found = byPlan.get(plan)
    if (found) return found
    // Plans that were read from the database are equal, not the same.
    const key = JSON.stringify(plan)
    const times = known.get(key) ?? {
      name: plan.name,
      spans: [...extended, ...nextWindows(plan, freezes, team, now, WINDOWS_TRIED).map(toSpan)],
      next: 0,
    }
    known.set(key, times)
    byPlan.set(plan, times)
    return times
  }
  const begin = Date.parse(now)
  const mine = freezes.filter(({ teams }) => teams === null || teams.includes(team))
  let open: Span[] = [{ start: begin, end: begin + 400 * 86_400_000 }]
  for (const { from, to } of mine) {
    open = open.flatMap((span) => [
      { start: span.start, end: Math.min(span.end, Date.parse(from)) },
      { start: Math.max(span.start, Date.parse(to)), end: span.end },
    ])
    open = open.filter(({ start, end }) => start < end)
  }
  const extension = extendedUntil === null ? 0 : Date.parse(extendedUntil)
  const extended = open.flatMap(({ start, end }) =>
    start < extension ? [{ start, end: Math.min(end, extension) }] : [],
  )
  // Before the vote a ring runs in its controlled environment: only a freeze keeps it from it.
  const anyTime: Times = { name: 'any time', spans: open, next: 0 }
  return { timesOf, anyTime }
}

/** The first instant from `at` on at which one of the assets may begin and be done in time; `null` never. */
function firstFit(assets: readonly string[], at: number, ms: number, timesOf: (asset: string) => Times): number | null {
  let best: number | null = null
  const seen = new Set<Times>()
  for (const asset of assets) {
    const times = timesOf(asset)
    if (seen.has(times)) continue
    seen.add(times)
    const start = nextFit(times, at, ms)
    if (start === at) return at
    if (start !== null && (best === null || start < best)) best = start
  }
  return best
}

function nextFit(times: Times, at: number, ms: number): number | null {
  while ((times.spans[times.next]?.end ?? Number.POSITIVE_INFINITY) <= at) times.next++
  for (let index = times.next; index < times.spans.length; index++) {
    const span = times.spans[index]
    if (span === undefined) return null
    const start = Math.max(at, span.start)
    if (start + ms <= span.end) return start
  }
  return null
}

function fits(times: Times, at: number, ms: number): boolean {
  return nextFit(times, at, ms) === at
}

/** The first `most` that may be taken, and the others in their order. */
function take(assets: readonly string[], most: number, may: (asset: string) => boolean) {
  const chosen: string[] = []
  const passed: string[] = []
  let index = 0
  for (; index < assets.length && chosen.length < most; index++) {
    const asset = assets[index] ?? ''
    if (may(asset)) chosen.push(asset)
    else passed.push(asset)
  }
  const rest = assets.slice(index)
  return { chosen, rest: passed.length === 0 ? rest : [...passed, ...rest] }
}

function clustersOf(clusters: readonly Cluster[]) {
  const of = new Map<string, number[]>()
  for (const [index, { assets }] of clusters.entries())
    for (const asset of assets) of.set(asset, [...(of.get(asset) ?? []), index])
  const most = clusters.map(({ assets, atOnce, minHealthy }) => Math.min(atOnce, assets.length - minHealthy))
  return {
    /** For assets that are worked on at the same time. */
    room() {
      const left = [...most]
      return {
        take(asset: string): boolean {
          const mine = of.get(asset) ?? []
          if (mine.some((index) => (left[index] ?? 0) < 1)) return false
          for (const index of mine) left[index] = (left[index] ?? 0) - 1
          return true
        },
      }
    },
  }
}

function addSpan(spans: Span[], start: number, end: number): void {
  const last = spans.at(-1)
  if (last && start <= last.end) last.end = Math.max(last.end, end)
  else spans.push({ start, end })
}

/** No more than a picture shows: what comes after is one long span. */
function kept(spans: readonly Span[]): readonly Span[] {
  const first = spans[KEPT - 1]
  const last = spans.at(-1)
  if (spans.length <= KEPT || first === undefined || last === undefined) return spans
  return [...spans.slice(0, KEPT - 1), { start: first.start, end: last.end }]
}

function toSpan({ start, end }: Window): Span {
  return { start: Date.parse(start), end: Date.parse(end) }
}

function toIso(at: number): string {
  return new Date(at).toISOString()
}

function isLater(a: string, b: string): boolean {
  return Date.parse(a) > Date.parse(b)
}

function latest(instants: readonly (string | null)[]): string | null {
  let found: string | null = null
  for (const at of instants) if (at !== null && (found === null || isLater(at, found))) found = at
  return found
}

function minutes(ms: number): string {
  return `${Math.ceil(ms / 60_000)} min`
}
