/** Lists to look up: assets, the record, people, and all connected systems. */

import { z } from 'zod'
import { judgedLines, notJudgedLines } from '../../chat/coverage.ts'
import type { Answer } from '../../chat/desk.ts'
import type { NamedAccount } from '../../chat/linked-accounts.ts'
import { rich } from '../../chat/rich-text.ts'
import { unmanagedLines } from '../../chat/unmanaged.ts'
import { waitingIn, waitingLines } from '../../chat/waiting.ts'
import { count } from '../../chat/words.ts'
import { assertNever } from '../../core/assert-never.ts'
import { isEntry } from '../../core/audit.ts'
import { whyNotAssessed } from '../../core/coverage.ts'
import { errorText } from '../../core/error-text.ts'
import { throughWords } from '../../core/hands.ts'
import { limits } from '../../core/limits.ts'
import { actorOf } from '../../core/proposal/entry.ts'
import type { Actor } from '../../core/proposal/proposal.ts'
import { readBeside, readEntry } from '../../core/record/entry.ts'
import type { Register } from '../../core/record/register.ts'
import { type ListedAsset, listAssetPage, type TeamCounts } from '../../store/asset-pages.ts'
import { sourceStates } from '../../store/catalog.ts'
import { type PlacedItem, recentEvents } from '../../store/events.ts'
import { waitingPlaces } from '../../store/outbox.ts'
import { readRegister } from '../../store/persons.ts'
import { readTroubles } from '../../store/troubles.ts'
import type { WatchedConnection } from '../../workflow/watched-connection.ts'
import type { AssetRow, AssetsQuery, AssetsView, AuditRow, PersonRow, SourceRow, Viewer } from '../console-port.ts'
import { cursorAt, placeIn } from '../cursor.ts'
import { allRoles, type Backend, personOf } from './parts.ts'

const assetPlace = z.object({ name: z.string(), id: z.string() })

export async function assetsView(backend: Backend, { after, ...asked }: AssetsQuery): Promise<AssetsView> {
  const place = placeIn(after, asked, assetPlace)
  const { unmanaged } = backend.service.workflow
  const filter = { ...asked, managing: unmanaged.managing }
  const found = await listAssetPage(backend.service.db, filter, place, limits.pageRows + 1)
  const rows = found.slice(0, limits.pageRows)
  const last = found.length > rows.length ? rows.at(-1) : undefined
  const { value: counts, at } = await backend.assetCounts()
  const sum = (of: keyof TeamCounts) =>
    [...counts].reduce((all, [team, one]) => (asked.team === null || asked.team === team ? all + one[of] : all), 0)
  const coverage =
    asked.team === null ? (await backend.coverage()).value : await backend.service.workflow.coverage(asked.team)
  const lacking = asked.team === null ? (await backend.unmanaged()).value : await unmanaged.counts(asked.team)
  const spoken = new Set(coverage.platforms.flatMap(({ platform, feeds }) => (feeds.length === 0 ? [] : [platform])))
  return {
    rows: rows.map((row) => assetRow(backend, row, spoken)),
    coverage: [...notJudgedLines(coverage), ...judgedLines(coverage)],
    unmanaged: unmanagedLines(lacking),
    next: last === undefined ? null : cursorAt(asked, { name: last.name, id: last.id }),
    counts: { assets: sum('assets'), simulated: sum('simulated'), covered: sum('covered'), at },
    teams: [...counts.keys()].sort(),
  }
}

/** Why nobody can judge an asset, as a clause; `null`: it is judged. `spoken`: the platforms that a feed speaks of. */
export function whyUnjudged(row: ListedAsset, spoken: ReadonlySet<string>): string | null {
  if (row.observedAt === null) return 'no look has succeeded yet'
  return whyNotAssessed({ ...row, spoken: spoken.has(row.platform), foreign: 0 })
}

export function assetRow({ service }: Backend, listed: ListedAsset, spoken: ReadonlySet<string>): AssetRow {
  const { observedAt, ...row } = listed
  const ask = row.unmanaged ? service.workflow.unmanaged.whom(row.team) : null
  return { ...row, seenAt: observedAt, ask, isAssessed: whyUnjudged(listed, spoken) === null }
}

export async function auditRows(
  { service: { db } }: Backend,
  before: number | null,
  known: boolean,
): Promise<readonly AuditRow[]> {
  const rows = await recentEvents(db, before, { known, limit: limits.pageRows })
  const register = await readRegister(db)
  return rows.map((row) => auditRow(row, register))
}

function authorOf(actor: Actor): string {
  if (actor.kind !== 'person') return `Patchwarden (${actor.part})`
  return actor.through === undefined ? actor.name : `${actor.name}, by ${throughWords(actor.through, (id) => id)}`
}

/** One line of the record. A changed store may contain anything, so an unreadable entry gives an error text. */
function auditRow(item: PlacedItem, register: Register): AuditRow {
  const { position, stream, seq, hash } = item
  const place = { position, stream, seq, hash }
  if (!isEntry(item)) return { ...place, at: item.at, what: item.event.type, who: authorOf(item.actor) }
  try {
    const { at, event, by, facts } = readEntry(item.text)
    const actor = actorOf({ by, facts }, readBeside(item.beside?.text ?? null), register)
    return { ...place, at, what: event, who: authorOf(actor) }
  } catch (error) {
    return { ...place, at: '', what: errorText(error), who: '' }
  }
}

export async function personRows(backend: Backend): Promise<readonly PersonRow[]> {
  const roles = allRoles(backend)
  return backend.service.people.all.map(({ id, name }) => ({ id, name, roles: roles.get(id) ?? [] }))
}

export async function revokeAccount(
  { service }: Backend,
  viewer: Viewer,
  person: string,
  { platform, account }: Pick<NamedAccount, 'platform' | 'account'>,
): Promise<Answer> {
  const asOperator = viewer.isOperator && viewer.person !== person
  if (viewer.person !== person && !viewer.isOperator) {
    const message = rich('Only they themselves and operators revoke the accounts of a person.')
    return { ok: false, message }
  }
  return service.workflow.linking.revoke({ platform, account, person }, personOf(viewer), asOperator)
}

/** Sources, feeds and engines first, then chat platforms, then other lasting connections. */
export async function sourceRows({ service }: Backend): Promise<readonly SourceRow[]> {
  const { connections = [] } = service
  const states = await sourceStates(service.db)
  const rows = service.sources.map((item) => {
    const state = states.find((row) => row.kind === item.kind && row.name === item.name)
    return { ...item, lastGoodAt: state?.lastGoodAt ?? null, problem: state?.problem ?? null, problemSince: null }
  })
  const places = await waitingPlaces(service.db, service.parts.clock().toISOString())
  const chats = service.parts.platforms.filter(({ name }) => name !== 'console')
  const chatRows = await Promise.all(
    chats.map(async ({ name }) => {
      const troubles = await readTroubles(service.db, name)
      const more = [
        ...troubles.flatMap(({ kind, what }) => (kind === 'connection' ? [] : [what])),
        ...waitingLines(places, name),
      ]
      const waiting = waitingIn(places, name)
      const describe = waiting === 0 ? 'everything has arrived' : `${count(waiting, 'message')} on the way`
      const row = { name, kind: 'chat' as const, describe, lastGoodAt: null, problem: null, problemSince: null, more }
      const connection = connections.find((item) => item.name === name)
      return connection === undefined ? row : withConnection(row, connection)
    }),
  )
  return [
    ...rows,
    ...chatRows,
    ...connections
      .filter(({ name }) => !chats.some((chat) => chat.name === name))
      .map((connection) => withConnection(lastingConnection(connection.name), connection)),
  ]
}

function lastingConnection(name: string): SourceRow {
  const describe = 'a lasting connection'
  return { name, kind: 'database', describe, lastGoodAt: null, problem: null, problemSince: null }
}

/** Shows whether the connection works. */
function withConnection(row: SourceRow, connection: WatchedConnection): SourceRow {
  const { state, since } = connection.state()
  switch (state.kind) {
    case 'connected':
      return row
    case 'connecting':
      return { ...row, describe: `${row.describe}; connecting` }
    case 'elsewhere':
      return { ...row, describe: `${row.describe}; another process listens` }
    case 'down':
      return { ...row, problem: `Not connected: ${state.why}`, problemSince: since }
    default:
      return assertNever(state)
  }
}
