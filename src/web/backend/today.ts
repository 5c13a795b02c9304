/** The first page: what waits, what runs, what was stopped. */

import type { Place } from '../../core/permission/place.ts'
import { testRunning } from '../../core/rollout/run.ts'
import { DAY_SECONDS, isBefore, plusSeconds } from '../../core/time/instant.ts'
import { handedOverAt } from '../../core/window.ts'
import type { TeamCounts } from '../../store/asset-pages.ts'
import { draftedTeams } from '../../store/drafted.ts'
import { closedSince, currentIn } from '../../store/proposal-pages.ts'
import type { FirstLook, SourceRow, TodayView, Viewer } from '../console-port.ts'
import { cardViews } from './channels.ts'
import { placesCalled, proposalRow, teamsOf } from './find.ts'
import { sourceRows } from './lookups.ts'
import { type Backend, memberIn, nowOf, personOf } from './parts.ts'

/** So many of each kind are read. */
const MOST = 200
const LATELY = 5

type Kind = 'stopped' | 'told' | 'running' | 'soon' | 'later' | 'overdue'

function kindOf({ glance }: Place, now: string): Kind | null {
  const { status, schedule, dueAt } = glance
  if (status === 'paused' || status === 'halted') return 'stopped'
  if (schedule !== null && isBefore(now, schedule.start) && !isBefore(now, handedOverAt(schedule))) return 'told'
  if (status === 'rolling out' || status === 'verifying' || testRunning(glance)) return 'running'
  if (dueAt !== null && isBefore(dueAt, now)) return 'overdue'
  if (schedule === null) return null
  return isBefore(schedule.start, plusSeconds(now, DAY_SECONDS)) ? 'soon' : 'later'
}

/** Of the viewer's teams; of whoever belongs to none, of all teams. */
export async function todayView(backend: Backend, viewer: Viewer): Promise<TodayView> {
  const { db, workflow } = backend.service
  const now = nowOf(backend)
  const all = teamsOf(backend)
  const mine = all.filter((team) => memberIn(backend, team, viewer).roles.length > 0)
  const teams = mine.length === 0 ? all : mine
  const [overview, current, closed, sources, { value: counts }] = await Promise.all([
    workflow.desk.overview(personOf(viewer)),
    currentIn(db, teams, now, MOST),
    closedSince(db, teams, plusSeconds(now, -DAY_SECONDS), LATELY),
    sourceRows(backend),
    backend.assetCounts(),
  ])
  const waiting = overview.waiting.map(({ proposal }) => proposal)
  const places = await placesCalled(backend, [...new Set([...waiting, ...current, ...closed])])
  const called = (ids: readonly string[]) => ids.flatMap((id) => places.find(({ glance }) => glance.id === id) ?? [])
  const here = called(current).map((place) => ({ place, kind: kindOf(place, now) }))
  const of = (kind: Kind) => here.flatMap((one) => (one.kind === kind ? one.place : []))
  const byStart = (kind: Kind) => of(kind).toSorted((a, b) => startOf(a) - startOf(b))
  return {
    waiting: await cardViews(
      called(waiting).filter((place) => kindOf(place, now) !== 'stopped'),
      viewer,
    ),
    stopped: await cardViews(of('stopped'), viewer),
    running: of('running').map(proposalRow),
    told: byStart('told').map(proposalRow),
    soon: byStart('soon').map(proposalRow),
    overdue: of('overdue')
      .filter(({ glance }) => !waiting.includes(glance.id))
      .map(proposalRow),
    done: called(closed).map(proposalRow),
    next: byStart('later').map(proposalRow)[0] ?? null,
    troubled: sources.filter(({ problem }) => problem !== null),
    sources: sources.length,
    unjudged: teams.reduce((sum, team) => sum + unjudgedIn(counts.get(team)), 0),
    first: await firstLook(backend, sources),
    now,
  }
}

function unjudgedIn(counts: TeamCounts | undefined): number {
  return counts === undefined ? 0 : counts.assets - counts.covered
}

function startOf({ glance }: Place): number {
  return Date.parse(glance.schedule?.start ?? '')
}

/** It lasts until every source was read or has failed, and every team with servers was judged. */
async function firstLook(backend: Backend, all: readonly SourceRow[]): Promise<FirstLook | null> {
  const { db, parts } = backend.service
  const sources = all.filter(({ kind }) => kind === 'inventory' || kind === 'catalog')
  const [drafted, { value: counts }] = [await draftedTeams(db), await backend.assetCounts()]
  const teams = parts.teams.plans.filter(({ team }) => (counts.get(team)?.assets ?? 0) > 0)
  const judged = teams.filter(({ team }) => drafted.has(team)).length
  const isRead = sources.every(({ lastGoodAt, problem }) => lastGoodAt !== null || problem !== null)
  if (isRead && judged === teams.length) return null
  const servers = [...counts.values()].reduce((sum, { assets }) => sum + assets, 0)
  return { sources, servers, judged, teams: teams.length }
}
