/** The list of channels, and the content of a channel. */

import { setImmediate as othersTurn } from 'node:timers/promises'
import { z } from 'zod'
import { proposalCard } from '../../chat/proposal-card.ts'
import { rich } from '../../chat/rich-text.ts'
import { count } from '../../chat/words.ts'
import { namesIn } from '../../core/hands.ts'
import { limits } from '../../core/limits.ts'
import { offersTo } from '../../core/permission/answer.ts'
import type { Place } from '../../core/permission/place.ts'
import { quorumProgress } from '../../core/proposal/approval.ts'
import { DAY_MS } from '../../core/time/instant.ts'
import type { Db } from '../../store/connection.ts'
import { unjudgedOf } from '../../store/coverage.ts'
import { consoleNotices, consoleThread } from '../../store/outbox.ts'
import { badgesOf, listProposals, readGlances, stoppedIn } from '../../store/proposal-pages.ts'
import { watchedOfTeams } from '../../store/watched.ts'
import { peopleFor } from '../../workflow/desk/asking.ts'
import { placeOf, placesOf } from '../../workflow/places.ts'
import type { CardsQuery, CardView, ChannelSummary, ChannelView, ProposalView, Viewer } from '../console-port.ts'
import { cursorAt, placeIn } from '../cursor.ts'
import { watchView } from '../watch.ts'
import { type Backend, type Channel, memberIn, personOf } from './parts.ts'

/** How long a channel shows messages that are not about a proposal, and how many of these. */
const NOTICED_MS = 14 * DAY_MS
const NOTICES = 3

const proposalPlace = z.object({ open: z.boolean(), number: z.number().int() })

export async function summaries(
  backend: Backend,
  viewer: Viewer,
  wanted: readonly Channel[] = backend.service.channels,
): Promise<readonly ChannelSummary[]> {
  const teams = [...new Set(wanted.flatMap((channel) => channel.teams))]
  // Nothing waits for a person in a team that the person has left.
  const roles = new Map(
    teams.flatMap((team) => {
      const { roles: held } = memberIn(backend, team, viewer)
      return held.length === 0 ? [] : [[team, held] as const]
    }),
  )
  const membersOf = (team: string) => backend.service.parts.teams.membersOf(team)
  const asker = { id: viewer.person, roles, membersOf }
  const [badges, stopped, { value: counts }] = await Promise.all([
    badgesOf(backend.service.db, teams, asker),
    stoppedIn(backend.service.db, teams, limits.pageRows),
    backend.assetCounts(),
  ])
  return wanted.map(({ id, title, teams: mine }) => {
    const sum = (of: (team: string) => number | undefined) => mine.reduce((all, team) => all + (of(team) ?? 0), 0)
    const assets = sum((team) => counts.get(team)?.assets)
    return {
      id,
      title,
      waitingForViewer: sum((team) => badges.get(team)?.waiting),
      open: sum((team) => badges.get(team)?.open),
      stopped: stopped.filter(({ team }) => mine.includes(team)),
      simulated: assets > 0 && assets === sum((team) => counts.get(team)?.simulated),
    }
  })
}

async function summaryOf(backend: Backend, channel: Channel, viewer: Viewer): Promise<ChannelSummary> {
  const [summary] = await summaries(backend, viewer, [channel])
  return (
    summary ?? { id: channel.id, title: channel.title, waitingForViewer: 0, open: 0, stopped: [], simulated: false }
  )
}

export function cardView(place: Place, viewer: Viewer): CardView {
  const { status, priority, dueAt } = place.glance
  return {
    card: proposalCard(place, personOf(viewer)),
    status,
    priority,
    dueAt,
    votes: status === 'open' ? votesOf(place) : null,
    owners: place.members.map(({ id, name }) => ({ id, name })),
    askable: peopleFor('ask', place, viewer.person),
    now: place.now,
  }
}

function votesOf({ glance, members }: Place): CardView['votes'] {
  const named = namesIn(members)
  const roles = quorumProgress(glance, members)?.roles ?? null
  return (
    roles?.map(({ role, need, filledBy, waitingFor }) => ({
      role,
      need,
      approved: filledBy.map(named),
      waitingFor: waitingFor.map(named),
    })) ?? null
  )
}

/** Other requests get their turn between the cards: what a forecast takes adds up over a page of them. */
export async function cardViews(places: readonly Place[], viewer: Viewer): Promise<readonly CardView[]> {
  const views: CardView[] = []
  for (const place of places) {
    views.push(cardView(place, viewer))
    await othersTurn()
  }
  return views
}

export async function channelView(
  backend: Backend,
  id: string,
  { after, ...asked }: CardsQuery,
  viewer: Viewer,
): Promise<ChannelView | null> {
  const { db, channels, parts, workflow } = backend.service
  const channel = channels.find((item) => item.id === id)
  if (channel === undefined) return null
  const { teams } = channel
  const list = { channel: id, ...asked }
  const place = placeIn(after, list, proposalPlace)
  const found = await listProposals(db, { teams, ...asked }, place, limits.pageCards + 1)
  const shown = found.slice(0, limits.pageCards)
  const last = found.length > shown.length ? shown.at(-1) : undefined
  const glances = await readGlances(
    db,
    shown.map((one) => one.id),
  )
  const since = new Date(parts.clock().getTime() - NOTICED_MS).toISOString()
  const isFirst = place === null && asked.text === ''
  return {
    channel: await summaryOf(backend, channel, viewer),
    notices: isFirst ? await consoleNotices(db, id, { since, most: NOTICES }) : [],
    cards: await cardViews(await placesOf({ ...parts, estimates: workflow.estimates }, glances), viewer),
    next: last === undefined ? null : cursorAt(list, { open: last.open, number: last.number }),
    watch: isFirst ? (await watchedOfTeams(db, teams)).map(watchView) : [],
    empty: rich(
      isFirst
        ? `Nothing to decide here: no patch is waiting for this team.${await unjudgedWords(db, teams)}`
        : 'No proposal of this channel is like that.',
    ),
  }
}

/** A list without proposals is no all-clear for servers that nobody can judge. */
async function unjudgedWords(db: Db, teams: readonly string[]): Promise<string> {
  const all = (await unjudgedOf(db, teams)).reduce((sum, { assets }) => sum + assets, 0)
  return all === 0 ? '' : ` ${count(all, 'server')} of it cannot be judged; the page Servers says why.`
}

export async function proposalView(
  backend: Backend,
  id: string,
  before: number | null,
  viewer: Viewer,
): Promise<ProposalView | null> {
  const { db, channels, parts, workflow } = backend.service
  const place = await placeOf({ ...parts, estimates: workflow.estimates }, id)
  const home = channels.find((item) => place !== null && item.teams.includes(place.glance.team))
  if (place === null || home === undefined) return null
  const entries = await consoleThread(db, id, { before, most: limits.pageRows + 1 })
  const thread = entries.slice(-limits.pageRows)
  return {
    channel: await summaryOf(backend, home, viewer),
    card: cardView(place, viewer),
    takesComments: offersTo(personOf(viewer), place).has('comment'),
    thread,
    older: entries.length > thread.length ? (thread[0]?.id ?? null) : null,
  }
}
