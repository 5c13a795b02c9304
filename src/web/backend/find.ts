/** Lists over all channels, in rows. */

import { DateTime } from 'luxon'
import { z } from 'zod'
import { cardState } from '../../chat/card-state.ts'
import type { Place } from '../../core/permission/place.ts'
import { assetsNamed, listAssetPage } from '../../store/asset-pages.ts'
import { proposalWith } from '../../store/decision-pages.ts'
import { countedByState, listProposals, readGlances, readLines } from '../../store/proposal-pages.ts'
import { placesOf } from '../../workflow/places.ts'
import {
  type Found,
  type ProposalRow,
  type ProposalsQuery,
  type ProposalsView,
  stateGroups,
  type Viewer,
} from '../console-port.ts'
import { cursorAt, placeIn } from '../cursor.ts'
import type { Backend } from './parts.ts'

/** Rows on one page of proposals. */
const ROWS = 25
/** In how many open proposals of its team an asset is looked for. */
const OPEN_LOOKED_AT = 50

const proposalPlace = z.object({ open: z.boolean(), number: z.number().int() })

/** All teams that have a channel in the console. */
export function teamsOf({ service: { channels } }: Backend): readonly string[] {
  return [...new Set(channels.flatMap(({ teams }) => teams))]
}

/** So many of each kind are found. */
const OF_KIND = 6

export async function found(backend: Backend, text: string): Promise<readonly Found[]> {
  const { db, people, workflow } = backend.service
  if (text === '') return []
  const has = (name: string) => name.toLowerCase().includes(text.toLowerCase())
  const which = { team: null, platform: null, is: null, managing: workflow.unmanaged.managing, text }
  const [listed, servers] = await Promise.all([
    listProposals(db, { teams: teamsOf(backend), status: 'open first', text }, null, OF_KIND),
    listAssetPage(db, { ...which, anywhere: true }, null, OF_KIND),
  ])
  const lines = await readLines(
    db,
    listed.map(({ id }) => id),
  )
  return [
    ...lines.map(({ id, title, team, status }): Found => {
      return { kind: 'proposal', name: `${id} ${title}`, about: `${team}, ${status}`, path: `/p/${id}` }
    }),
    ...servers.map(({ id, name, team, platform }): Found => {
      const path = `/asset?${new URLSearchParams({ id })}`
      return { kind: 'server', name, about: `${team}, ${platform}`, path }
    }),
    ...people.all
      .filter(({ id, name }) => has(name) || has(id))
      .slice(0, OF_KIND)
      .map(({ id, name }): Found => ({ kind: 'person', name, about: id, path: `/people#${id}` })),
    {
      kind: 'explain',
      name: text,
      about: 'what feeds say of this CVE, advisory, KB or package',
      path: `/explain?${new URLSearchParams({ name: text })}`,
    },
  ]
}

export function proposalRow(place: Place): ProposalRow {
  const { id, team, title, status, priority, dueAt, openedAt, subject, votes } = place.glance
  const { tone, words } = cardState(place)
  return {
    id,
    team,
    title,
    status,
    tone,
    state: words,
    priority,
    dueAt,
    openedAt,
    servers: subject.kind === 'patches' ? subject.assets : null,
    approved: votes.filter(({ choice }) => choice === 'approve').map(({ name }) => name),
  }
}

export async function placesCalled({ service }: Backend, ids: readonly string[]): Promise<readonly Place[]> {
  return placesOf({ ...service.parts, db: service.db }, await readGlances(service.db, ids))
}

/** The open proposals of its team that ask for an asset. */
export async function openProposalsFor(
  { service: { db } }: Backend,
  { id, team }: { readonly id: string; readonly team: string },
): Promise<readonly string[]> {
  const open = await listProposals(db, { teams: [team], status: 'open', text: '' }, null, OPEN_LOOKED_AT)
  const found = await Promise.all(
    open.map(async (one) => ((await proposalWith(db, one.id, [id]))?.subject.assets.length ?? 0) > 0),
  )
  return open.flatMap((one, index) => (found[index] === true ? one.id : []))
}

export async function proposalsView(
  backend: Backend,
  { after, ...asked }: ProposalsQuery,
  viewer: Viewer,
): Promise<ProposalsView> {
  const { db } = backend.service
  const all = teamsOf(backend)
  const teams = asked.team === null ? all : all.filter((team) => team === asked.team)
  const counted = await countedByState(db, teams)
  const sum = (group: Exclude<keyof typeof stateGroups, 'over'>) =>
    stateGroups[group].reduce((total, status) => total + (counted.get(status) ?? 0), 0)
  const view = {
    rows: [],
    next: null,
    teams: [...all].sort(),
    counts: { votes: sum('votes'), planned: sum('planned'), running: sum('running'), stopped: sum('stopped') },
    problem: null,
  }
  const [asset] = asked.host === null ? [null] : await assetsNamed(db, asked.host)
  if (asset === undefined) return { ...view, problem: `No server is called ${asked.host}. Names are in exact case.` }
  const filter = {
    teams,
    status:
      asked.state === null ? ('open first' as const) : asked.state === 'over' ? ('over' as const) : ('open' as const),
    text: asked.text,
    ...(asked.state === null ? {} : { states: stateGroups[asked.state] }),
    about: asked.about,
    asset: asset && { id: asset.id, open: await openProposalsFor(backend, asset) },
    from: instantOf(asked.from, viewer.timeZone, 0),
    to: instantOf(asked.to, viewer.timeZone, 1),
  }
  const found = await listProposals(db, filter, placeIn(after, asked, proposalPlace), ROWS + 1)
  const shown = found.slice(0, ROWS)
  const last = found.length > shown.length ? shown.at(-1) : undefined
  const places = await placesCalled(
    backend,
    shown.map(({ id }) => id),
  )
  return {
    ...view,
    rows: places.map(proposalRow),
    next: last === undefined ? null : cursorAt(asked, { open: last.open, number: last.number }),
  }
}

/** The first instant of a day in a zone, or of the day that is `days` later; `null`: no day is named. */
function instantOf(day: string | null, zone: string, days: number): string | null {
  if (day === null) return null
  return DateTime.fromISO(day, { zone }).plus({ days }).toUTC().toISO()
}
