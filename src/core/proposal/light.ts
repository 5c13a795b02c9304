/**
 * A stored state: a small state without lists, which commands lock, and one row for each asset to which something
 * happened. The subject is stored as content. Together they give the whole state.
 */

import { alike } from '../alike.ts'
import { memoizeByIdentity } from '../memoize-by-identity.ts'
import { deploymentOf, deploymentsOf, differing, endsByRing } from '../rollout/deployments.ts'
import { alikeBut, inPlannedOrder } from '../rollout/evolve-run.ts'
import { setOf } from '../rollout/run.ts'
import { type SubjectHashes, subjectHashes } from './decision-content.ts'
import type {
  Deployment,
  EarlierStart,
  LeftOut,
  PlannedRing,
  ProposalState,
  RingState,
  Rollout,
  Since,
  Skipped,
  Subject,
  TestRun,
} from './proposal.ts'
import { sinceOf } from './since.ts'

/** The number of assets of a ring by end state, and also for `at work`, `waiting` and `forgiven`. */
export type RingCounts = Readonly<Record<string, number>>

export type LightRing = Omit<RingState, 'waiting' | 'forgiven'> & { readonly name: string; readonly counts: RingCounts }
type LightRun<Run extends Rollout> = Omit<
  Run,
  'rings' | 'deployments' | 'retried' | 'skipped' | 'notBegun' | 'earlier'
> & {
  readonly rings: readonly LightRing[]
}

export interface LightState extends Omit<ProposalState, 'subject' | 'test' | 'rollout' | 'since' | 'drifted'> {
  readonly content: SubjectHashes
  readonly test: LightRun<TestRun> | null
  readonly rollout: LightRun<Rollout> | null
  readonly since?: Pick<Since, 'toldAt'> | null
}

/** What a row belongs to: the test before the vote, the rollout, or the changes since the vote. */
export type ResultPart = 'test' | 'rollout' | 'since'

/** The number of each part in the store. */
export const partNumbers: Readonly<Record<ResultPart, number>> = { test: 0, rollout: 1, since: 2 }

export function partOf(number: number): ResultPart {
  return number === 0 ? 'test' : number === 1 ? 'rollout' : 'since'
}

/** What happened to one asset. A member that is left out did not happen. */
export interface ResultFacts {
  readonly deployment?: Omit<Deployment, 'asset'>
  readonly retried?: number
  readonly earlier?: readonly EarlierStart[]
  readonly skipped?: Skipped
  readonly notBegun?: { readonly reason: string; readonly notBefore: string | null }
  /** Number of the ring: the asset waits there in the batch under way. */
  readonly waiting?: number
  /** Number of the ring in which the failure of the asset was forgiven: it does not count at the gate any more. */
  readonly forgiven?: number
  readonly leftOut?: LeftOut
  readonly done?: readonly string[]
  /** Name of the asset: it was not voted on, and waits for the next proposal. */
  readonly newcomer?: string
  readonly drifted?: string
}

export interface ResultKey {
  readonly part: ResultPart
  readonly asset: string
}

export interface ResultRow extends ResultKey {
  readonly facts: ResultFacts
}

// ---------------------------------------------------------------- from a state to its parts

export const lightOf = memoizeByIdentity((state: ProposalState): LightState => {
  const { subject, test, rollout, since, drifted: _, ...small } = state
  return {
    ...small,
    content: subjectHashes(subject),
    test: test && lightRun(test, subject),
    rollout: rollout && lightRun(rollout, subject),
    ...(since === undefined ? {} : { since: since && { toldAt: since.toldAt } }),
  }
})

function lightRun<Run extends Rollout>(run: Run, subject: Subject): LightRun<Run> {
  const planned = subject.kind === 'patches' ? subject.rings : []
  const ends = endsByRing(run)
  const counts = run.rings.map(({ waiting, forgiven }, index): RingCounts => {
    const listed = { waiting: waiting.length, forgiven: forgiven.length }
    return { ...Object.fromEntries(Object.entries(listed).filter(([, count]) => count > 0)), ...ends.get(index) }
  })
  // Members are copied one by one: copying the whole run would make the record of its deployments.
  const small: Record<string, unknown> = {}
  for (const key of Object.keys(run) as (keyof Run & string)[]) if (!heavy.has(key)) small[key] = run[key]
  const rings = run.rings.map(({ waiting: _, forgiven: __, ...ring }, index) => ({
    ...ring,
    name: planned[index]?.name ?? '',
    counts: counts[index] ?? {},
  }))
  return { ...small, rings } as unknown as LightRun<Run>
}

const heavy: ReadonlySet<string> = new Set(['rings', 'deployments', 'retried', 'skipped', 'notBegun', 'earlier'])

export function resultRows(state: ProposalState): readonly ResultRow[] {
  return resultChanges(null, state).put
}

/** How the rows of a state differ from those of the state before; `null`: there was none. */
export function resultChanges(
  before: ProposalState | null,
  after: ProposalState,
): { readonly put: readonly ResultRow[]; readonly gone: readonly ResultKey[] } {
  const put: ResultRow[] = []
  const gone: ResultKey[] = []
  function add(part: ResultPart, assets: ReadonlySet<string>, factsOf: (asset: string) => ResultFacts): void {
    for (const asset of assets) {
      const facts = factsOf(asset)
      if (Object.keys(facts).length === 0) gone.push({ part, asset })
      else put.push({ part, asset, facts })
    }
  }
  for (const part of ['test', 'rollout'] as const) {
    const [was, is] = [before?.[part] ?? null, after[part]]
    if (was === is) continue
    add(part, changedInRun(was, is), (asset) => (is === null ? {} : runFacts(is, asset)))
  }
  add('since', changedSince(before, after), (asset) => sinceFacts(after, asset))
  return { put, gone }
}

function changedInRun(before: Rollout | null, after: Rollout | null): ReadonlySet<string> {
  const changed = new Set<string>()
  if (before === null || after === null) {
    for (const run of [before, after]) if (run !== null) for (const asset of assetsOf(run)) changed.add(asset)
    return changed
  }
  for (const { asset } of [...differing(after, before), ...differing(before, after)]) changed.add(asset)
  for (const key of ['retried', 'skipped', 'notBegun', 'earlier'] as const)
    addDifferences(before[key], after[key], changed)
  for (const [index, ring] of after.rings.entries()) {
    addListed(before.rings[index]?.waiting ?? [], ring.waiting, changed)
    addListed(before.rings[index]?.forgiven ?? [], ring.forgiven, changed)
  }
  return changed
}

function assetsOf(run: Rollout): readonly string[] {
  return [
    ...deploymentsOf(run).map(({ asset }) => asset),
    ...[run.retried, run.skipped, run.notBegun, run.earlier ?? {}].flatMap((record) => Object.keys(record)),
    ...run.rings.flatMap(({ waiting, forgiven }) => [...waiting, ...forgiven]),
  ]
}

function changedSince(before: ProposalState | null, after: ProposalState): ReadonlySet<string> {
  const changed = new Set<string>()
  addDifferences(before?.drifted, after.drifted, changed)
  const [was, is] = [before === null ? undefined : sinceOf(before), sinceOf(after)]
  for (const key of ['leftOut', 'done', 'waiting'] as const) addDifferences(was?.[key], is[key], changed)
  return changed
}

type Record_ = Readonly<Record<string, unknown>>

function addDifferences(before: Record_ = {}, after: Record_ = {}, changed: Set<string>): void {
  if (before === after) return
  for (const [asset, value] of Object.entries(after)) if (before[asset] !== value) changed.add(asset)
  for (const asset of Object.keys(before)) if (!(asset in after)) changed.add(asset)
}

/** A cheap check first: usually items are taken from the start of such a list. */
function addListed(before: readonly string[], after: readonly string[], changed: Set<string>): void {
  if (before === after) return
  const taken = before.length - after.length
  if (taken >= 0 && after.every((asset, index) => before[index + taken] === asset)) {
    for (const asset of before.slice(0, taken)) changed.add(asset)
    return
  }
  const [was, is] = [setOf(before), setOf(after)]
  for (const asset of was) if (!is.has(asset)) changed.add(asset)
  for (const asset of is) if (!was.has(asset)) changed.add(asset)
}

function runFacts(run: Rollout, asset: string): ResultFacts {
  const deployment = deploymentOf(run, asset)
  const listed = (list: 'waiting' | 'forgiven') => run.rings.findIndex((ring) => setOf(ring[list]).has(asset))
  // A started asset does not wait any more, and an asset that was not started has no failure to forgive.
  const waiting = deployment === undefined ? listed('waiting') : -1
  const forgiven = deployment === undefined ? -1 : listed('forgiven')
  const notBegun = run.notBegun[asset]
  return {
    ...(deployment === undefined ? {} : { deployment: withoutAsset(deployment) }),
    ...(run.retried[asset] === undefined ? {} : { retried: run.retried[asset] }),
    ...(run.earlier?.[asset] === undefined ? {} : { earlier: run.earlier[asset] }),
    ...(run.skipped[asset] === undefined ? {} : { skipped: run.skipped[asset] }),
    ...(notBegun === undefined ? {} : { notBegun }),
    ...(waiting === -1 ? {} : { waiting }),
    ...(forgiven === -1 ? {} : { forgiven }),
  }
}

function withoutAsset({ asset: _, ...deployment }: Deployment): Omit<Deployment, 'asset'> {
  return deployment
}

function sinceFacts(state: ProposalState, asset: string): ResultFacts {
  const { leftOut, done, waiting } = sinceOf(state)
  const drifted = state.drifted[asset]
  return {
    ...(leftOut[asset] === undefined ? {} : { leftOut: leftOut[asset] }),
    ...(done[asset] === undefined ? {} : { done: done[asset] }),
    ...(waiting[asset] === undefined ? {} : { newcomer: waiting[asset] }),
    ...(drifted === undefined ? {} : { drifted }),
  }
}

// ---------------------------------------------------------------- from the parts to a state

/** The whole state from its parts. */
export function wholeState(light: LightState, subject: Subject, rows: readonly ResultRow[]): ProposalState {
  const { content: _, test, rollout, since, ...small } = light
  const rings = subject.kind === 'patches' ? subject.rings : []
  const of = (part: ResultPart) => rows.filter((row) => row.part === part)
  const sinceRows = of('since')
  return {
    ...small,
    subject,
    test: test && wholeRun(test, of('test'), rings),
    rollout: rollout && wholeRun(rollout, of('rollout'), rings),
    drifted: recorded(sinceRows, ({ drifted }) => drifted),
    ...(since === undefined ? {} : { since: since && wholeSince(since, sinceRows) }),
  }
}

function wholeSince({ toldAt }: Pick<Since, 'toldAt'>, rows: readonly ResultRow[]): Since {
  return {
    leftOut: recorded(rows, ({ leftOut }) => leftOut),
    done: recorded(rows, ({ done }) => done),
    waiting: recorded(rows, ({ newcomer }) => newcomer),
    toldAt,
  }
}

function wholeRun<Run extends Rollout>(
  light: LightRun<Run>,
  rows: readonly ResultRow[],
  planned: readonly PlannedRing[],
): Run {
  const ranks = new Map(planned.flatMap(({ assets }) => assets).map((asset, rank) => [asset, rank]))
  const deployments = rows
    .flatMap(({ asset, facts: { deployment } }) =>
      deployment === undefined ? [] : [{ asset, ...sharing(deployment) }],
    )
    .map((deployment) => ({ deployment, start: startNumber(deployment.key), rank: ranks.get(deployment.asset) ?? 0 }))
    .sort((a, b) => a.start - b.start || a.rank - b.rank)
    .map(({ deployment }) => deployment)
  const listed = (list: 'waiting' | 'forgiven') => {
    const assets = planned.map((): string[] => [])
    for (const { asset, facts } of rows) {
      const ring = facts[list]
      if (ring !== undefined) assets[ring]?.push(asset)
    }
    return assets
  }
  const [waiting, forgiven] = [listed('waiting'), listed('forgiven')]
  return {
    ...light,
    rings: light.rings.map(({ name: _, counts: __, ...ring }, index) => ({
      ...ring,
      waiting: inPlannedOrder(waiting[index] ?? [], planned[index]),
      forgiven: inPlannedOrder(forgiven[index] ?? [], planned[index]),
    })),
    deployments: Object.fromEntries(deployments.map((deployment) => [deployment.asset, deployment])),
    retried: recorded(rows, (facts) => facts.retried),
    skipped: recorded(rows, (facts) => facts.skipped),
    notBegun: recorded(rows, (facts) => facts.notBegun),
    ...withAny(
      'earlier',
      recorded(rows, ({ earlier }) => earlier),
    ),
  } as unknown as Run
}

/** A member that a run has only if there is something in it. */
function withAny<Value>(name: string, record: Readonly<Record<string, Value>>): Readonly<Record<string, unknown>> {
  return Object.keys(record).length === 0 ? {} : { [name]: record }
}

function sharing(deployment: Omit<Deployment, 'asset'>): Omit<Deployment, 'asset'> {
  const { outcome, verification } = deployment
  return { ...deployment, outcome: alike(outcome), verification: verification && alikeBut(verification) }
}

/** The number at the end of a start's key. */
function startNumber(key: string): number {
  return Number(key.slice(key.lastIndexOf('.') + 1))
}

function recorded<Value>(
  rows: readonly ResultRow[],
  factOf: (facts: ResultFacts) => Value | undefined,
): Readonly<Record<string, Value>> {
  const entries: [string, Value][] = []
  for (const { asset, facts } of rows) {
    const value = factOf(facts)
    if (value !== undefined) entries.push([asset, value])
  }
  return Object.fromEntries(entries)
}
