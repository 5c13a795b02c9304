import pLimit from 'p-limit'
import type { ChatConnection } from '../chat/platform.ts'
import { count } from '../chat/words.ts'
import { zoneData } from '../config/zone-data.ts'
import { type Asset, type Observation, observedAsset, onlyLooks } from '../core/asset.ts'
import { errorText } from '../core/error-text.ts'
import { type Identity, knownIdentity } from '../core/identity.ts'
import { limits } from '../core/limits.ts'
import type { CatalogFeed, DeployEngine, InventorySource, LoadSource, MetricSource } from '../core/ports.ts'
import { type NameOfLook, nameOfLook, ofNoTeam, underSeveralNames } from '../core/strays.ts'
import { DAY_MS } from '../core/time/instant.ts'
import { mendZoneData, missedZoneChange } from '../core/time/zone-changes.ts'
import { type MachineRule, noMachineRule } from '../core/witnesses.ts'
import { inTime } from '../workflow/in-time.ts'
import { machineAnswers, type Seen as SeenMachine, unmanagedAnswers } from './check-machines.ts'
import { type LostHost, reasonLines } from './same-reasons.ts'

/** The answer of one outside system to the question whether it can be used. */
export interface Contact {
  readonly kind:
    | 'database'
    | 'system'
    | 'report'
    | 'source'
    | 'machine'
    | 'feed'
    | 'engine'
    | 'metrics'
    | 'load'
    | 'calendar'
    | 'group'
    | 'team'
    | 'chat'
    | 'click'
    | 'waiting'
    | 'limit'
    | 'coverage'
    | 'machine'
  readonly name: string
  readonly ok: boolean
  /** One line: what was seen; or what is wrong, and how to fix it. */
  readonly what: string
}

export interface Contacted {
  readonly sources: readonly InventorySource[]
  /** How assets of several sources become one machine. */
  readonly machines?: MachineRule | undefined
  /** By what assets were recognised before, by id. A look may find less, for example if the asset does not answer. */
  readonly identities?: ReadonlyMap<string, Identity>
  readonly feeds: readonly CatalogFeed[]
  readonly engines: ReadonlyMap<string, DeployEngine>
  readonly metrics?: ReadonlyMap<string, MetricSource>
  readonly loads?: ReadonlyMap<string, LoadSource>
  readonly connections: readonly ChatConnection[]
  /** Names of systems that are a source and an engine. The results of both are shown together. */
  readonly systems?: readonly string[]
  /** True: each system is asked for all that it says of itself. */
  readonly reports?: boolean
  /** Names of the teams; left out: it is not asked whether each server has one. */
  readonly teamNames?: readonly string[] | undefined
  /** Calendars with freezes. */
  readonly calendars?: readonly Checked[]
  /** Whom to ask about a machine of a team that nobody manages. Left out: such machines are not told. */
  readonly whomToAsk?: (team: string) => string
  /** Groups that other systems keep. */
  readonly groups?: readonly Checked[]
}

/** Only what belongs to the system of this name. */
export function ofSystem({ sources, feeds, engines }: Contacted, name: string): Contacted {
  const engine = engines.get(name)
  return {
    sources: sources.filter((source) => source.name === name),
    feeds: feeds.filter((feed) => feed.name === name),
    engines: new Map(engine === undefined ? [] : [[name, engine]]),
    connections: [],
    systems: [name],
    reports: true,
  }
}

/** How many are asked at the same time. A feed may need much memory while it is read. */
const AT_ONCE = 4

/** Time limits, in seconds. */
export interface Patience {
  /** For one answer. */
  readonly one: number
  /** For one inventory source, and for the whole check. */
  readonly all: number
}

const patience: Patience = { one: limits.contactSeconds, all: limits.checkSeconds }

/**
 * Asks every source, engine, feed, calendar, group and chat platform once, each with a time limit. Stores nothing and changes
 * no host. Hosts may refresh their package lists.
 */
export async function* contact(
  {
    sources,
    machines,
    identities,
    feeds,
    engines,
    metrics,
    loads,
    connections,
    calendars,
    groups,
    teamNames,
    whomToAsk,
    systems = [],
    reports = false,
  }: Contacted,
  signal: AbortSignal,
  { one, all }: Patience = patience,
): AsyncGenerator<Contact> {
  const over = new AbortController()
  const timer = setTimeout(
    () => over.abort(new Error(`It did not answer before the ${all} s of the whole check were over.`)),
    all * 1_000,
  )
  const until = AbortSignal.any([signal, over.signal])
  const slots = pLimit(AT_ONCE)
  const looks: NameOfLook[] = []
  const asked: Promise<readonly Contact[]>[] = []
  const observed: Observation[] = []
  const ask = (kind: Contact['kind'], name: string, question: (signal: AbortSignal) => Promise<Seen>) =>
    asked.push(slots(async () => [{ kind, name, ...(await seenIn(one, until, question)) }]))

  for (const [name, engine] of engines) {
    const { check } = engine
    if (check) ask('engine', name, async (limit) => ({ ok: true, what: await check(limit) }))
  }
  for (const source of sources) {
    const together = systems.includes(source.name) ? asSystem : (contacts: readonly Contact[]) => contacts
    const seen: Seeing = { engines, teamNames, looks, observed }
    asked.push(slots(async () => together(await sourceAndEngines(source, seen, { one, all }, until))))
    const { report } = source
    if (reports && report) ask('report', source.name, async (limit) => ({ ok: true, what: await report(limit) }))
  }
  for (const feed of feeds) ask('feed', feed.name, (limit) => fetched(feed, limit))
  for (const [name, source] of metrics ?? []) ask('metrics', name, (limit) => answered(source, limit))
  for (const [name, source] of loads ?? []) ask('load', name, (limit) => recorded(source, limit))
  for (const { name, check } of calendars ?? []) ask('calendar', name, check)
  for (const { name, check } of groups ?? []) ask('group', name, check)
  for (const connection of connections)
    ask('chat', connection.platform.name, async () => ({ ok: true, what: await connection.check() }))
  try {
    for (const answers of asked) yield* await answers
    for (const { names, what } of underSeveralNames(looks)) yield { kind: 'machine', name: names, ok: false, what }
    const seen = observed.map((observation) => seenOf(observation, identities))
    yield* machineAnswers(seen, machines ?? noMachineRule)
    if (whomToAsk !== undefined) {
      const managing = sources.flatMap(({ name, manages }) => (manages === true ? name : []))
      yield* unmanagedAnswers(seen, machines ?? noMachineRule, managing, whomToAsk)
    }
  } finally {
    clearTimeout(timer)
  }
}

/** The answer to the question; or why none came in time. */
async function seenIn(
  seconds: number,
  signal: AbortSignal,
  question: (signal: AbortSignal) => Promise<Seen>,
): Promise<Seen> {
  try {
    return await inTime('The answer', seconds, signal, question)
  } catch (error) {
    return { ok: false, what: errorText(error) }
  }
}

/** What is gathered while all sources are asked. */
interface Seeing extends Pick<Contacted, 'engines' | 'teamNames'> {
  readonly looks: NameOfLook[]
  readonly observed: Observation[]
}

async function sourceAndEngines(
  source: InventorySource,
  seeing: Seeing,
  { one, all }: Patience,
  signal: AbortSignal,
): Promise<readonly Contact[]> {
  const assets: Asset[] = []
  const seen = await seenIn(all, signal, (limit) => look(source, assets, seeing, limit))
  const contacts: Contact[] = [{ kind: 'source', name: source.name, ...seen }]
  for (const [name, engine] of seeing.engines) {
    const own = assets.filter((asset) => asset.engine === name)
    if (own.length === 0) continue
    const fit = await seenIn(one, signal, (limit) => fitness(engine, own, limit))
    contacts.push({ kind: 'engine', name, ...fit })
  }
  return contacts
}

/** Joins a source and the engine of the same name into one result, with a line for each. */
function asSystem(contacts: readonly Contact[]): readonly Contact[] {
  const [source, ...engines] = contacts
  if (source === undefined) return contacts
  const { name } = source
  const engine = engines.find((contact) => contact.name === name)
  const lines = [`inventory: ${source.what}`, ...(engine ? [`engine: ${engine.what}`] : [])]
  const system: Contact = { kind: 'system', name, ok: source.ok && (engine?.ok ?? true), what: lines.join('\n') }
  return [system, ...engines.filter((contact) => contact !== engine)]
}

interface Checked {
  readonly name: string
  readonly check: (signal: AbortSignal) => Promise<Seen>
}

interface Seen {
  readonly ok: boolean
  readonly what: string
}

/** Sends a query that needs no data. It shows that address and secret are right. */
async function answered(source: MetricSource, signal: AbortSignal): Promise<Seen> {
  await source.value('vector(1)', signal)
  return { ok: true, what: `${source.describe} answers` }
}

/** Reads the last day, which is enough to see that the source still records. */
async function recorded(source: LoadSource, signal: AbortSignal): Promise<Seen> {
  const now = Date.now()
  const samples = await source.history(new Date(now - DAY_MS).toISOString(), new Date(now).toISOString(), signal)
  return { ok: true, what: `${count(samples.length, 'sample')} of the last day` }
}

/** Adds the assets that answer to `assets`, even if others do not answer in time. */
async function look(
  source: InventorySource,
  assets: Asset[],
  { teamNames, looks, observed }: Seeing,
  signal: AbortSignal,
): Promise<Seen> {
  const own: NameOfLook[] = []
  const lost: LostHost[] = []
  for await (const observation of onlyLooks(source.observe({ signal }))) {
    observed.push(withoutSoftware(observation))
    if (observation.kind === 'seen') {
      assets.push(observedAsset(observation))
      own.push(nameOfLook(observation))
    } else lost.push({ name: observation.asset.name, reason: observation.reason })
  }
  looks.push(...own)
  const strays = teamNames === undefined ? [] : ofNoTeam(own, teamNames)
  const counted = `${assets.length} of ${assets.length + lost.length} servers answer`
  return {
    ok: lost.length + strays.length === 0,
    what: [counted, ...reasonLines(lost), ...strays, ...zonesOf(assets)].join('\n'),
  }
}

/** The packages of a whole fleet are not kept. */
function withoutSoftware(observation: Observation): Observation {
  if (observation.kind !== 'seen') return observation
  return { ...observation, snapshot: { ...observation.snapshot, packages: [], pending: [] } }
}

function seenOf(observation: Observation, identities: Contacted['identities']): SeenMachine {
  const asset = observedAsset(observation)
  const { id, source, name, address } = asset
  const seen = observation.kind === 'seen' ? observation.snapshot : null
  const said = observation.kind === 'seen' ? observation.snapshot.identity : observation.identity
  const identity = knownIdentity(identities?.get(id) ?? {}, said ?? {})
  const problem = observation.kind === 'seen' ? null : observation.reason
  return {
    listed: { id, source, name, address, identity },
    word: { asset, observedAt: seen?.observedAt ?? null, problem },
  }
}

/** A warning for each time zone whose rules are newer than the time zone data of this process. */
function zonesOf(assets: readonly Asset[]): readonly string[] {
  const lines: string[] = []
  for (const zone of new Set(assets.map(({ timeZone }) => timeZone))) {
    const missed = missedZoneChange(zone, zoneData)
    const many = assets.filter(({ timeZone }) => timeZone === zone).length
    if (missed !== null) lines.push(`warning: ${count(many, 'server')} in ${zone}, ${missed}. ${mendZoneData}`)
  }
  return lines
}

/** Asks the engine for a batch without changes. The engine says whether it could work there, and does nothing. */
async function fitness(engine: DeployEngine, assets: readonly Asset[], signal: AbortSignal): Promise<Seen> {
  const deployments = assets.map((asset) => ({
    asset,
    changes: [],
    transaction: [],
    reboot: 'never' as const,
    notAfter: null,
  }))
  // All assets may have the same reason, such as a wrong token or a template that is not ready.
  const refused: string[] = []
  for (const result of await engine.preflight({ key: 'check', deployments }, signal)) {
    if (!result.ready && result.outcome.state !== 'succeeded') refused.push(result.outcome.reason)
  }
  const counted = `${assets.length - refused.length} of ${assets.length} servers could be upgraded`
  return { ok: refused.length === 0, what: [counted, ...new Set(refused)].join('\n') }
}

async function fetched(feed: CatalogFeed, signal: AbortSignal): Promise<Seen> {
  const answer = await feed.fetch(null, signal)
  if (answer.status === 'unchanged') return { ok: true, what: 'answers' }
  const counts = Object.entries(answer.content).map(([kind, rows]) => `${rows?.length ?? 0} ${kind}`)
  return { ok: true, what: counts.join(', ') || 'answers, and holds nothing' }
}
