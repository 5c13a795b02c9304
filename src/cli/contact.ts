import type { ChatConnection } from '../chat/platform.ts'
import { count } from '../chat/story.ts'
import { zoneData } from '../config/zone-data.ts'
import type { Asset } from '../core/asset.ts'
import { observedAsset } from '../core/asset.ts'
import { errorText } from '../core/error-text.ts'
import type { CatalogFeed, DeployEngine, InventorySource, LoadSource, MetricSource } from '../core/ports.ts'
import { mendZoneData, missedZoneChange } from '../core/zone-changes.ts'

/** What came of asking one outside system whether it can be worked with. */
export interface Contact {
  readonly kind: 'source' | 'feed' | 'engine' | 'metrics' | 'load' | 'calendar' | 'chat' | 'click'
  readonly name: string
  readonly ok: boolean
  /** One line: what was seen, or what is wrong and how to mend it. */
  readonly what: string
}

export interface Contacted {
  readonly sources: readonly InventorySource[]
  readonly feeds: readonly CatalogFeed[]
  readonly engines: ReadonlyMap<string, DeployEngine>
  readonly metrics?: ReadonlyMap<string, MetricSource>
  readonly loads?: ReadonlyMap<string, LoadSource>
  readonly connections: readonly ChatConnection[]
  /** Of freezes. */
  readonly calendars?: AsyncIterable<Seen & { readonly name: string }>
}

/** Asks every source, engine, feed, calendar and chat platform once. Stores nothing and changes no host; hosts may refresh their package lists. */
export async function* contact(
  { sources, feeds, engines, metrics, loads, connections, calendars }: Contacted,
  signal: AbortSignal,
): AsyncGenerator<Contact> {
  for (const [name, engine] of engines) {
    if (engine.check) yield { kind: 'engine', name, ...(await said(engine.check(signal))) }
  }
  for (const source of sources) {
    const { assets, ...seen } = await look(source, signal)
    yield { kind: 'source', name: source.name, ...seen }
    for (const [name, engine] of engines) {
      const own = assets.filter((asset) => asset.engine === name)
      if (own.length > 0) yield { kind: 'engine', name, ...(await fitness(engine, own, signal)) }
    }
  }
  for (const feed of feeds) yield { kind: 'feed', name: feed.name, ...(await fetched(feed, signal)) }
  for (const [name, source] of metrics ?? []) yield { kind: 'metrics', name, ...(await answered(source, signal)) }
  for (const [name, source] of loads ?? []) yield { kind: 'load', name, ...(await recorded(source, signal)) }
  if (calendars) for await (const seen of calendars) yield { kind: 'calendar', ...seen }
  for (const connection of connections)
    yield { kind: 'chat', name: connection.platform.name, ...(await said(connection.check())) }
}

interface Seen {
  readonly ok: boolean
  readonly what: string
}

/** A question that needs no data: address and secret are right. */
async function answered(source: MetricSource, signal: AbortSignal): Promise<Seen> {
  try {
    await source.value('vector(1)', signal)
    return { ok: true, what: `${source.describe} answers` }
  } catch (error) {
    return { ok: false, what: errorText(error) }
  }
}

const DAY_MS = 86_400_000

/** The last day is enough to see that it still records. */
async function recorded(source: LoadSource, signal: AbortSignal): Promise<Seen> {
  const now = Date.now()
  try {
    const samples = await source.history(new Date(now - DAY_MS).toISOString(), new Date(now).toISOString(), signal)
    return { ok: true, what: `${count(samples.length, 'sample')} of the last day` }
  } catch (error) {
    return { ok: false, what: errorText(error) }
  }
}

async function look(source: InventorySource, signal: AbortSignal): Promise<Seen & { assets: readonly Asset[] }> {
  const assets: Asset[] = []
  const lost: string[] = []
  try {
    for await (const observation of source.observe({ signal })) {
      if (observation.kind === 'seen') assets.push(observedAsset(observation))
      else lost.push(observation.reason)
    }
  } catch (error) {
    return { ok: false, what: errorText(error), assets }
  }
  const counted = `${assets.length} of ${assets.length + lost.length} assets answer`
  return { ok: lost.length === 0, what: [counted, ...lost, ...zonesOf(assets)].join('\n'), assets }
}

/** A line for each zone of assets whose rules are newer than the time zone data of this process. */
function zonesOf(assets: readonly Asset[]): readonly string[] {
  const lines: string[] = []
  for (const zone of new Set(assets.map(({ timeZone }) => timeZone))) {
    const missed = missedZoneChange(zone, zoneData)
    const many = assets.filter(({ timeZone }) => timeZone === zone).length
    if (missed !== null) lines.push(`warning: ${count(many, 'asset')} in ${zone}, ${missed}. ${mendZoneData}`)
  }
  return lines
}

/** A batch without changes: the engine says whether it could work there, and has nothing to do. */
async function fitness(engine: DeployEngine, assets: readonly Asset[], signal: AbortSignal): Promise<Seen> {
  const deployments = assets.map((asset) => ({ asset, changes: [], transaction: [], reboot: 'never' as const }))
  try {
    // One reason may hold for all: a token that is wrong, a template that is not ready.
    const refused: string[] = []
    for (const result of await engine.preflight({ key: 'check', deployments }, signal)) {
      if (!result.ready && result.outcome.state !== 'succeeded') refused.push(result.outcome.reason)
    }
    const counted = `${assets.length - refused.length} of ${assets.length} assets could be upgraded`
    return { ok: refused.length === 0, what: [counted, ...new Set(refused)].join('\n') }
  } catch (error) {
    return { ok: false, what: errorText(error) }
  }
}

async function said(check: Promise<string>): Promise<Seen> {
  try {
    return { ok: true, what: await check }
  } catch (error) {
    return { ok: false, what: errorText(error) }
  }
}

async function fetched(feed: CatalogFeed, signal: AbortSignal): Promise<Seen> {
  try {
    const answer = await feed.fetch(null, signal)
    if (answer.status === 'unchanged') return { ok: true, what: 'answers' }
    const counts = Object.entries(answer.content).map(([kind, rows]) => `${rows?.length ?? 0} ${kind}`)
    return { ok: true, what: counts.join(', ') || 'answers, and holds nothing' }
  } catch (error) {
    return { ok: false, what: errorText(error) }
  }
}
