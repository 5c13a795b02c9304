import { sentence } from '../chat/rich-text.ts'
import { count } from '../chat/words.ts'
import { isLook, type Observation } from '../core/asset.ts'
import { errorText } from '../core/error-text.ts'
import { limits } from '../core/limits.ts'
import { type NameOfLook, nameOfLook, ofNoTeam, underSeveralNames } from '../core/strays.ts'
import { sourceFailed, sourceStates, sourceSucceeded } from '../store/catalog.ts'
import { forgetGone, forgetMissing, forgetOtherSources } from '../store/forget-assets.ts'
import { assetsOfSource } from '../store/inventory.ts'
import { idsAtSources } from '../store/machines.ts'
import { forgetOtherFeeds, saveFeed } from '../store/save-feed.ts'
import { LOOKS_AT_ONCE, saveObservations } from '../store/save-looks.ts'
import { newInterned } from '../store/sets.ts'
import { inTime } from './in-time.ts'
import type { WorkflowParts } from './ports.ts'

const SAVE_AFTER_MS = 1_000

export interface SyncReport {
  readonly name: string
  readonly kind: 'inventory' | 'catalog'
  readonly ok: boolean
  /** For a feed: it said something new. For an inventory: it was looked at. */
  readonly news: boolean
  /** One line: `8 servers seen, 1 unreachable (web03: connection refused)`. */
  readonly what: string
}

type SyncParts = Pick<WorkflowParts, 'db' | 'clock' | 'feeds' | 'feedChanged' | 'sources' | 'machines' | 'log'> & {
  readonly teams: { readonly ids: readonly string[] }
}

/** Reads feeds and inventory again. A source that fails keeps its last good content, and the others go on. */
export function createSync(parts: SyncParts) {
  return {
    syncFeeds: (signal: AbortSignal) => syncFeeds(parts, signal),
    syncFeed: (name: string, signal: AbortSignal) => syncFeed(parts, name, signal),
    /** `only`: just these assets, from any source. */
    syncInventory: (signal: AbortSignal, only: readonly string[] | null = null) => syncInventory(parts, signal, only),
    syncSource: (name: string, signal: AbortSignal, only: readonly string[] | null = null) =>
      syncSource(parts, name, signal, only),
  }
}

async function syncFeeds(parts: SyncParts, signal: AbortSignal): Promise<readonly SyncReport[]> {
  const reports: SyncReport[] = []
  await forgetOtherFeeds(
    parts.db,
    parts.feeds.map((feed) => feed.name),
    parts.clock().toISOString(),
    parts.feedChanged,
  )
  // One after the other, because a large feed takes much memory while it is read.
  for (const { name } of parts.feeds) reports.push(await syncFeed(parts, name, signal))
  return reports
}

async function syncFeed(parts: SyncParts, name: string, signal: AbortSignal): Promise<SyncReport> {
  const feed = parts.feeds.find((item) => item.name === name)
  if (feed === undefined) throw new Error(`There is no feed "${name}".`)
  const known = (await sourceStates(parts.db)).find((state) => state.kind === 'catalog' && state.name === name)
  const cursor = known?.cursor ?? null
  try {
    const fetched = await inTime(`The feed ${name}`, limits.feedSeconds, signal, (either) => feed.fetch(cursor, either))
    const now = parts.clock().toISOString()
    if (fetched.status === 'unchanged') {
      await sourceSucceeded(parts.db, 'catalog', name, now, cursor, known?.rejected ?? 0)
      return { name, kind: 'catalog', ok: true, news: false, what: 'unchanged' }
    }
    const { content, rejected } = fetched
    const result = { now, cursor: fetched.cursor, rejected: rejected.length }
    const change = await saveFeed(parts.db, name, fetched, result, parts.feedChanged)
    for (const record of rejected.slice(0, 3))
      parts.log.warn(`Feed ${name}: ${record.where} was skipped: ${record.reason}`)
    const counts = Object.entries(content).map(([kind, rows]) => `${rows?.length ?? 0} ${kind}`)
    const skipped = rejected.length > 0 ? `; ${rejected.length} records skipped` : ''
    const what = `${counts.join(', ') || 'nothing'}${skipped}`
    return { name, kind: 'catalog', ok: true, news: change !== null, what }
  } catch (error) {
    signal.throwIfAborted()
    return failed(parts, { kind: 'catalog', name }, errorText(error), 'The last good content still counts.')
  }
}

/** Notes that the source could not be read. `rest`: a sentence about what still counts. */
async function failed(
  { db, clock }: SyncParts,
  { kind, name }: Pick<SyncReport, 'kind' | 'name'>,
  problem: string,
  rest: string,
): Promise<SyncReport> {
  await sourceFailed(db, kind, name, clock().toISOString(), problem)
  return { name, kind, ok: false, news: false, what: `${sentence(problem)} ${rest}` }
}

async function syncInventory(
  parts: SyncParts,
  signal: AbortSignal,
  only: readonly string[] | null,
): Promise<readonly SyncReport[]> {
  if (only === null) {
    await forgetOtherSources(
      parts.db,
      parts.sources.map((source) => source.name),
      parts.clock().toISOString(),
      parts.machines,
    )
  }
  const ids = only === null ? null : await idsAtSources(parts.db, only)
  return Promise.all(parts.sources.map((source) => readSource(parts, source.name, signal, ids)))
}

async function syncSource(
  parts: SyncParts,
  name: string,
  signal: AbortSignal,
  only: readonly string[] | null,
): Promise<SyncReport> {
  return readSource(parts, name, signal, only === null ? null : await idsAtSources(parts.db, only))
}

/** `only`: ids that sources have for assets. */
async function readSource(
  parts: SyncParts,
  name: string,
  signal: AbortSignal,
  only: readonly string[] | null,
): Promise<SyncReport> {
  const { machines: rule } = parts
  const source = parts.sources.find((item) => item.name === name)
  const seen: string[] = []
  const lost: string[] = []
  const gone: string[] = []
  const looks: NameOfLook[] = []
  let all = false
  try {
    const interned = newInterned()
    const known = await assetsOfSource(parts.db, name)
    let waiting: Observation[] = []
    let savedAt = parts.clock().getTime()
    const save = async () => {
      await saveObservations(parts.db, waiting, parts.clock().toISOString(), { interned, ...(rule && { rule }) })
      waiting = []
      savedAt = parts.clock().getTime()
    }
    for await (const observation of source?.observe(only === null ? { signal } : { only, signal }) ?? []) {
      if (observation.kind === 'all') all = true
      else if (observation.kind === 'gone') gone.push(observation.asset)
      if (!isLook(observation)) continue
      waiting.push(observation)
      // The assets of a file come at once, hosts over SSH one by one. So looks are saved after a number or a time.
      if (waiting.length >= LOOKS_AT_ONCE || parts.clock().getTime() - savedAt > SAVE_AFTER_MS) await save()
      if (observation.kind === 'seen') {
        seen.push(observation.snapshot.asset.id)
        looks.push(nameOfLook(observation))
      } else lost.push(`${observation.asset.name}: ${observation.reason}`)
      if (observation.kind === 'unreachable') seen.push(observation.asset.id)
      else for (const warning of observation.warnings) parts.log.warn(`${observation.snapshot.asset.name}: ${warning}`)
    }
    await save()
    const shrunken = all && only === null && source?.shrinking === 'held back' && seen.length * 2 < known
    if (shrunken) {
      throw new Error(
        `It lists only ${seen.length} of the ${known} servers that are known: that is not believed, and none counts as gone. If it is right, set allowShrinking of the source ${name} for one sync.`,
      )
    }
    if (gone.length > 0) await forgetGone(parts.db, name, gone, parts.clock().toISOString(), rule)
    const left = all && only === null ? await forgetMissing(parts.db, name, seen, parts.clock().toISOString(), rule) : 0
    await sourceSucceeded(parts.db, 'inventory', name, parts.clock().toISOString(), null, lost.length)
    const problem = lost.length === 0 ? '' : `, ${lost.length} unreachable (${lost.slice(0, 2).join('; ')})`
    const part = all || only !== null ? '' : '; the source has not said that this is all, so nothing counts as gone'
    const twice = underSeveralNames(looks).map(({ names, what }) => `${names}: ${what}`)
    const strays = [...ofNoTeam(looks, parts.teams.ids), ...twice]
      .map((line) => `; ${line.replace(/\.$/, '')}`)
      .join('')
    const away = gone.length + left
    const fewer = away === 0 ? '' : `, ${count(away, 'server')} no longer listed`
    const what = `${count(seen.length - lost.length, 'server')} seen${problem}${fewer}${part}${strays}`
    return { name, kind: 'inventory', ok: true, news: true, what }
  } catch (error) {
    signal.throwIfAborted()
    return failed(parts, { kind: 'inventory', name }, errorText(error), 'What was known before still counts.')
  }
}
