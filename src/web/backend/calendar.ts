/** Windows, freezes and what is planned, by team: for a page, and as a calendar that other programs read. */

import { DateTime } from 'luxon'
import type { Answer } from '../../chat/desk.ts'
import { rich } from '../../chat/rich-text.ts'
import { type CalendarEvent, calendarText } from '../../core/icalendar-text.ts'
import type { Place } from '../../core/permission/place.ts'
import { teamRefusal } from '../../core/permission/team.ts'
import { DAY_SECONDS, isBefore, plusSeconds } from '../../core/time/instant.ts'
import { type Freeze, holdsFor, isAlwaysOpen, nextWindows } from '../../core/window.ts'
import {
  addCalendarAddress,
  calendarAddressesOf,
  findCalendarAddress,
  revokeCalendarAddress,
} from '../../store/calendar-addresses.ts'
import { listProposals } from '../../store/proposal-pages.ts'
import { freezesOf } from '../../workflow/commands/context.ts'
import type { CalendarItem, CalendarView, TeamFreeze, Viewer } from '../console-port.ts'
import { placesCalled, teamsOf } from './find.ts'
import { type Backend, memberIn, nowOf, personOf } from './parts.ts'
import { hashed, newSession } from './tokens.ts'

/** Teams on one page, and proposals of each that are looked at. */
const TEAMS = 12
const PROPOSALS = 100
const WINDOWS = 60
/** How far ahead, and back, a calendar for other programs goes. */
const AHEAD_SECONDS = 35 * DAY_SECONDS
const BACK_SECONDS = 7 * DAY_SECONDS

interface Time {
  readonly from: string
  readonly to: string
}

export async function calendarView(
  backend: Backend,
  { from, team }: { readonly from: string | null; readonly team: string | null },
  viewer: Viewer,
): Promise<CalendarView> {
  const { db, parts } = backend.service
  const now = nowOf(backend)
  const first = DateTime.fromISO(from ?? now, { zone: viewer.timeZone }).startOf('day')
  const days = Array.from({ length: 8 }, (_, day) => first.plus({ days: day }).toUTC().toISO() ?? now)
  const all = teamsOf(backend)
  const own = all.filter((one) => memberIn(backend, one, viewer).roles.length > 0)
  const wanted =
    team === null ? [...own, ...all.filter((one) => !own.includes(one))] : all.filter((one) => one === team)
  const teams = wanted.slice(0, TEAMS)
  const time = { from: days[0] ?? now, to: days[7] ?? now }
  const planned = await Promise.all(teams.map((one) => plannedIn(backend, one, time, now)))
  return {
    days,
    teams,
    items: planned.flatMap(({ items }) => items),
    alwaysOpen: teams.filter((one) => parts.teams.plans.some((plan) => plan.team === one && isAlwaysOpen(plan.window))),
    freezes: planned.flatMap(({ freezes, places }) =>
      freezes.map((freeze) => freezeView(backend, freeze, places, viewer)),
    ),
    mayFreeze: all.filter((one) => mayOf(backend, 'freeze', one, viewer)),
    addresses: await calendarAddressesOf(db, viewer.person),
    allTeams: all,
    now,
  }
}

/** Other teams are only watched: they have no policy, which would say who may freeze them. */
function isRolledOut({ service: { parts } }: Backend, team: string): boolean {
  return parts.teams.plans.some((plan) => plan.team === team)
}

function mayOf(backend: Backend, act: 'freeze' | 'unfreeze', team: string, viewer: Viewer): boolean {
  if (!isRolledOut(backend, team)) return false
  const { teams } = backend.service.parts
  const [policy, members] = [teams.policyOf(team), teams.membersOf(team)]
  return teamRefusal({ act, team, person: viewer.person, through: viewer.through, policy, members }) === null
}

interface OfTeam {
  readonly team: string
  readonly freeze: Freeze
}

function freezeView(backend: Backend, { team, freeze }: OfTeam, places: readonly Place[], viewer: Viewer): TeamFreeze {
  const held = places.filter(({ glance: { schedule, status } }) => {
    const waits = status === 'open' || status === 'approved' || status === 'scheduled'
    return waits && (schedule === null || !isBefore(schedule.start, freeze.from))
  })
  const mayLift = freeze.liftAgreed !== undefined && mayOf(backend, 'unfreeze', team, viewer)
  return { team, freeze, holds: held.length, mayLift }
}

async function plannedIn(backend: Backend, team: string, { from, to }: Time, now: string) {
  const { db, parts } = backend.service
  const freezes = (await freezesOf(db, parts, team, now)).filter((one) => holdsFor(one, team) && isBefore(now, one.to))
  const open = await listProposals(db, { teams: [team], status: 'open', text: '' }, null, PROPOSALS)
  const places = await placesCalled(
    backend,
    open.map(({ id }) => id),
  )
  const plan = parts.teams.plans.find((one) => one.team === team)
  const windows =
    plan === undefined || isAlwaysOpen(plan.window) ? [] : nextWindows(plan.window, freezes, team, from, WINDOWS)
  const window = (one: { start: string; end: string }): CalendarItem => {
    return { kind: 'window', team, ...one, text: plan?.window.name ?? '', proposal: null }
  }
  const freeze = ({ from: start, to: end, name }: Freeze): CalendarItem => {
    return { kind: 'freeze', team, start, end, text: name, proposal: null }
  }
  const items = [...windows.map(window), ...freezes.map(freeze), ...places.flatMap((place) => itemsOf(place, now))]
  const within = ({ start, end }: CalendarItem) =>
    isBefore(start, to) && (isBefore(from, end ?? start) || Date.parse(start) === Date.parse(from))
  return { items: items.filter(within), freezes: freezes.map((one): OfTeam => ({ team, freeze: one })), places }
}

function itemsOf({ glance }: Place, now: string): readonly CalendarItem[] {
  const { id, team, title, status, schedule, dueAt, stopped } = glance
  const item = (kind: CalendarItem['kind'], start: string, end: string | null, text: string): CalendarItem => {
    return { kind, team, start, end, text, proposal: id }
  }
  if (status === 'paused' || status === 'halted')
    return [item('stopped', stopped?.at ?? now, null, `${title}, ${status}`)]
  if (schedule !== null) {
    const isRunning = status === 'rolling out' || status === 'verifying'
    const start = item(isRunning ? 'running' : 'planned', schedule.start, null, title)
    if (schedule.tellAt === undefined) return [start]
    return [item('told', schedule.tellAt, null, `Its system is told of: ${title}`), start]
  }
  return dueAt === null || status !== 'open'
    ? []
    : [item('due', dueAt, null, `${title} is due by the end of the day, and nothing is planned`)]
}

export async function freezeTeam(
  backend: Backend,
  team: string,
  change: { readonly until: string; readonly reason: string } | 'lift',
  viewer: Viewer,
): Promise<Answer> {
  if (!isRolledOut(backend, team))
    return { ok: false, message: rich(`Nothing is ever rolled out for ${team}, so there is nothing to freeze.`) }
  const { ok, sentence } = await backend.service.workflow.freezeTeam(team, change, personOf(viewer))
  return { ok, message: rich(sentence) }
}

// ---------------------------------------------------------------- for other programs

/** Returns the secret part of the address. Only its hash is kept. */
export async function addCalendar(
  backend: Backend,
  { team, detailed }: { readonly team: string | null; readonly detailed: boolean },
  viewer: Viewer,
): Promise<string> {
  const token = newSession()
  const row = { tokenHash: hashed(token), person: viewer.person, team, detailed, createdAt: nowOf(backend) }
  await addCalendarAddress(backend.service.db, row)
  return token
}

export async function revokeCalendar({ service: { db } }: Backend, hash: string, viewer: Viewer): Promise<void> {
  await revokeCalendarAddress(db, viewer.person, hash)
}

export async function calendarFeed(backend: Backend, token: string, home: string): Promise<string | null> {
  const { db, people, parts } = backend.service
  const address = await findCalendarAddress(db, hashed(token))
  // Whoever has left the configuration sees nothing any more.
  if (address === null || !people.all.some(({ id }) => id === address.person)) return null
  const now = nowOf(backend)
  const teams = teamsOf(backend).filter((team) =>
    address.team === null ? parts.teams.membersOf(team).some(({ id }) => id === address.person) : team === address.team,
  )
  const time = { from: plusSeconds(now, -BACK_SECONDS), to: plusSeconds(now, AHEAD_SECONDS) }
  const planned = await Promise.all(teams.map((team) => plannedIn(backend, team, time, now)))
  const host = new URL(home).host
  const events = planned.flatMap(({ items, places }) =>
    items.map((item) => eventOf(item, { host, home, detailed: address.detailed, places })),
  )
  const name = `Patchwarden: ${address.team ?? 'my teams'}`
  const about =
    'Windows, freezes and rollouts. Calendars read it every few hours or once a day, so it warns of nothing.'
  return calendarText(name, about, events)
}

interface EventOf {
  readonly host: string
  readonly home: string
  readonly detailed: boolean
  readonly places: readonly Place[]
}

const kindWords: Readonly<Record<CalendarItem['kind'], string>> = {
  window: 'Window',
  freeze: 'Frozen',
  planned: 'Rollout starts',
  told: 'System is told',
  running: 'Rollout runs',
  stopped: 'Rollout is stopped',
  due: 'Due, nothing planned',
}

/** Titles of proposals and reasons of freezes may name flaws and servers, so they are said only where that was asked for. */
function eventOf(item: CalendarItem, { host, home, detailed, places }: EventOf): CalendarEvent {
  const { kind, team, start, end, text, proposal } = item
  const glance = places.find((place) => place.glance.id === proposal)?.glance
  const about = proposal ?? team
  const named = proposal === null ? team : `${proposal}, ${team}`
  return {
    // A proposal has one start. A window and a freeze are told apart by when they begin.
    uid: proposal === null ? `${kind}-${about}-${Date.parse(start)}@${host}` : `${proposal}-${uidKind(kind)}@${host}`,
    sequence: glance?.seq ?? 0,
    saidAt: glance?.approvedAt ?? glance?.openedAt ?? start,
    start,
    end,
    summary: kind === 'window' ? `${kindWords[kind]}: ${team}` : `${kindWords[kind]}: ${named}`,
    description: detailed ? text : '',
    url: proposal === null ? null : `${home}/p/${proposal}`,
  }
}

/** A start that is planned, runs or was stopped is the same event. */
function uidKind(kind: CalendarItem['kind']): string {
  return kind === 'told' || kind === 'due' ? kind : 'start'
}
