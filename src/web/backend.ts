import { createHash, randomBytes } from 'node:crypto'
import { z } from 'zod'
import { type Answer, detailNames, type Person } from '../chat/desk.ts'
import { lookUpDetail } from '../chat/explanation.ts'
import { proposalCard } from '../chat/proposal-card.ts'
import { rich } from '../chat/rich-text.ts'
import { count } from '../chat/words.ts'
import { assertNever } from '../core/assert-never.ts'
import { isEntry } from '../core/audit.ts'
import { errorText } from '../core/error-text.ts'
import { COMMAND_LINE, throughWords } from '../core/hands.ts'
import { limits } from '../core/limits.ts'
import type { Member } from '../core/policy.ts'
import { actorOf } from '../core/proposal/entry.ts'
import type { Glance } from '../core/proposal/glance.ts'
import type { Actor } from '../core/proposal/proposal.ts'
import { readBeside, readEntry } from '../core/record/entry.ts'
import type { Register } from '../core/record/register.ts'
import { DAY_MS, DAY_SECONDS } from '../core/time/instant.ts'
import { countAssets, listAssetPage, type TeamCounts } from '../store/asset-pages.ts'
import { sourceStates } from '../store/catalog.ts'
import type { Db } from '../store/connection.ts'
import { type PlacedItem, recentEvents } from '../store/events.ts'
import { consoleNotices, consolePicture, consoleThread, waitingCounts } from '../store/outbox.ts'
import { readRegister } from '../store/persons.ts'
import { badgesOf, findGlance, listProposals, readGlances } from '../store/proposal-pages.ts'
import {
  addSignInLink,
  endSession,
  endSessionsOf,
  findSession,
  openSessions,
  readSignInLink,
  redeemSignInLink,
  setActingAs,
} from '../store/sessions.ts'
import { watchedOfTeams } from '../store/watched.ts'
import type { WorkflowParts } from '../workflow/ports.ts'
import type { WatchedConnection } from '../workflow/watched-connection.ts'
import type { Workflow } from '../workflow/workflow.ts'
import type { AuditRow, CardView, ChannelSummary, ConsolePort, SourceRow, Viewer } from './console-port.ts'
import { cursorAt, placeIn } from './cursor.ts'
import { keptFor } from './kept-for.ts'
import { createSessionWatch } from './session-watch.ts'
import { watchView } from './watch.ts'

const SESSION_SECONDS = 30 * DAY_SECONDS
const LINK_SECONDS = DAY_SECONDS
/** It stands in the log of whatever started the service. */
const START_LINK_SECONDS = 15 * 60
/** How old counts of assets may be. */
const COUNTED_MS = 5_000

const proposalPlace = z.object({ open: z.boolean(), number: z.number().int() })
const assetPlace = z.object({ name: z.string(), id: z.string() })

export interface People {
  readonly all: readonly { readonly id: string; readonly name: string; readonly timeZone: string | null }[]
  readonly timeZone: string
  /** Ids of those whom the configuration names operator, now. */
  readonly operators: () => readonly string[]
  /** True only for the labelled example: its operators may act as any of its people. */
  readonly example: boolean
}

export interface ConsoleParts {
  readonly db: Db
  readonly parts: WorkflowParts
  readonly workflow: Workflow
  readonly people: People
  readonly channels: readonly { readonly id: string; readonly title: string; readonly teams: readonly string[] }[]
  readonly sources: readonly {
    readonly name: string
    readonly kind: 'inventory' | 'catalog' | 'engine'
    readonly describe: string
  }[]
  /** To chat platforms, by their names, and to the database. */
  readonly connections?: readonly WatchedConnection[]
  readonly subscribe: ConsolePort['subscribe']
}

/** A sign-in link to be made. */
export interface NewLink {
  readonly person: string
  /** A person, `command line`, or `start` for the link that a start prints, which lives 15 minutes and not a day. */
  readonly issuedBy: string
  /** The hands that could keep it for themselves. */
  readonly madeBy: readonly string[]
  readonly example: boolean
}

/** A fresh one-time sign-in token for a person; only its hash is stored. */
export async function issueSignInToken(db: Db, link: NewLink, now: Date): Promise<string> {
  const token = randomBytes(24).toString('base64url')
  const seconds = link.issuedBy === 'start' ? START_LINK_SECONDS : LINK_SECONDS
  const expiresAt = new Date(now.getTime() + seconds * 1000).toISOString()
  await addSignInLink(db, { ...link, tokenHash: hashed(token), expiresAt }, now.toISOString())
  return token
}

/** What is stored of a token. */
export function hashed(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

/** A broken connection comes before a message that was not delivered: it is why. */
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

function authorOf(actor: Actor): string {
  if (actor.kind !== 'person') return `Patchwarden (${actor.part})`
  return actor.through === undefined ? actor.name : `${actor.name}, by ${throughWords(actor.through, (id) => id)}`
}

/** One line of the record, as far as it can be read: whoever changed the store may have left anything. */
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

/** How long a channel shows what no proposal is about, and how much of it. */
const NOTICED_MS = 14 * DAY_MS
const NOTICES = 3

/** The console's port on the real service. */
export function createBackend(service: ConsoleParts): ConsolePort {
  const { db, parts, workflow, people, channels } = service
  const { desk } = workflow
  const now = () => parts.clock().toISOString()
  const here = () => ({ now: now(), example: people.example })
  const allTeams = [...new Set(channels.flatMap((channel) => channel.teams))]
  const assetCounts = keptFor(COUNTED_MS, parts.clock, () => countAssets(db))
  const sessionWatch = createSessionWatch((hashes) => openSessions(db, hashes, now()), parts.clock)
  /** Another look follows by itself, should this one fail. */
  const tellEnded = () => sessionWatch.look().catch(() => undefined)

  /** By person, what they hold in any team. */
  function allRoles(): ReadonlyMap<string, readonly string[]> {
    const roles = new Map<string, Set<string>>()
    for (const team of allTeams)
      for (const { id, roles: held } of parts.teams.membersOf(team)) {
        const known = roles.get(id) ?? new Set<string>()
        roles.set(id, known)
        for (const role of held) known.add(role)
      }
    return new Map([...roles].map(([id, held]) => [id, [...held]]))
  }

  function memberIn(team: string, viewer: Viewer): Member {
    return (
      parts.teams.membersOf(team).find((item) => item.id === viewer.person) ?? {
        id: viewer.person,
        name: viewer.name,
        roles: [],
      }
    )
  }

  function personOf(viewer: Viewer): Person {
    return { kind: 'person', id: viewer.person, name: viewer.name, via: 'console', through: viewer.through }
  }

  async function summaries(
    viewer: Viewer,
    wanted: ConsoleParts['channels'] = channels,
  ): Promise<readonly ChannelSummary[]> {
    const teams = [...new Set(wanted.flatMap((channel) => channel.teams))]
    const roles = new Map(teams.map((team) => [team, memberIn(team, viewer).roles]))
    const [badges, { value: counts }] = await Promise.all([
      badgesOf(db, teams, { id: viewer.person, roles }),
      assetCounts(),
    ])
    return wanted.map(({ id, title, teams: mine }) => {
      const sum = (of: (team: string) => number | undefined) => mine.reduce((all, team) => all + (of(team) ?? 0), 0)
      const assets = sum((team) => counts.get(team)?.assets)
      return {
        id,
        title,
        waitingForViewer: sum((team) => badges.get(team)?.waiting),
        open: sum((team) => badges.get(team)?.open),
        simulated: assets > 0 && assets === sum((team) => counts.get(team)?.simulated),
      }
    })
  }

  async function summaryOf(channel: ConsoleParts['channels'][number], viewer: Viewer): Promise<ChannelSummary> {
    const [summary] = await summaries(viewer, [channel])
    return summary ?? { id: channel.id, title: channel.title, waitingForViewer: 0, open: 0, simulated: false }
  }

  function cardView(glance: Glance, viewer: Viewer): CardView {
    const members = parts.teams.membersOf(glance.team)
    return {
      card: proposalCard({ glance, members, now: parts.clock().toISOString() }, personOf(viewer)),
      owners: members.map(({ id, name }) => ({ id, name })),
      openedAt: glance.openedAt,
      closedAt: glance.closedAt,
    }
  }

  /** A comment, or a slash command. */
  async function say(channel: string, proposal: string | null, text: string, viewer: Viewer): Promise<Answer> {
    const [, typed] = /^\s*\/(?:patch\b)?([\s\S]*)$/.exec(text) ?? []
    if (typed !== undefined) return desk.slash(typed, { channel, proposal }, personOf(viewer))
    if (proposal !== null) return desk.comment(proposal, text, personOf(viewer))
    return { ok: false, message: rich('Open a proposal to comment on it; a comment belongs to its thread.') }
  }

  return {
    async askSignIn(token) {
      const person = await readSignInLink(db, hashed(token), here())
      return people.all.find(({ id }) => id === person)?.name ?? null
    },
    async signIn(token) {
      const session = randomBytes(32).toString('base64url')
      const expiresAt = new Date(parts.clock().getTime() + SESSION_SECONDS * 1000).toISOString()
      const begun = { tokenHash: hashed(session), createdAt: now(), expiresAt }
      if (!(await redeemSignInLink(db, hashed(token), begun, people.example))) return null
      return { session, maxAgeSeconds: SESSION_SECONDS }
    },
    async viewer(session) {
      const found = await findSession(db, hashed(session), here())
      const self = people.all.find((item) => item.id === found?.actingAs)
      // What somebody made who has left the configuration counts no more.
      const makers = (found?.madeBy ?? []).filter((hand) => hand !== COMMAND_LINE)
      if (!found || !self || !makers.every((maker) => people.all.some(({ id }) => id === maker))) return null
      const roles = allRoles()
      const isOperator = people.operators().includes(found.person)
      const mayAct = people.example && isOperator
      return {
        person: self.id,
        name: self.name,
        roles: roles.get(self.id) ?? [],
        timeZone: self.timeZone ?? people.timeZone,
        session,
        sessionEnds: found.expiresAt,
        switchTo: mayAct
          ? people.all
              .filter((item) => item.id !== self.id)
              .map(({ id, name }) => ({ id, name, roles: roles.get(id) ?? [] }))
          : [],
        isOperator,
        through: people.example ? { kind: 'example' } : { kind: 'sign-in link', madeBy: found.madeBy },
      }
    },
    async signOut(session) {
      await endSession(db, hashed(session), now())
      await tellEnded()
    },
    async signOutEverywhere({ session }) {
      const found = await findSession(db, hashed(session), here())
      if (found === null) return
      await endSessionsOf(db, found.person, { by: found.person, now: now() })
      await tellEnded()
    },
    whenSignedOut: ({ session, sessionEnds }, ended) =>
      sessionWatch.watch({ tokenHash: hashed(session), expiresAt: sessionEnds }, ended),
    async switchPerson(viewer, person) {
      if (!viewer.switchTo.some((item) => item.id === person)) {
        return { ok: false, message: rich('Acting as somebody else exists only in the labelled example.') }
      }
      await setActingAs(db, hashed(viewer.session), person)
      return { ok: true, message: rich(`You now act as ${person}.`) }
    },
    async makeSignInLink(viewer, person) {
      if (!viewer.isOperator) return { ok: false, message: rich('Only operators make sign-in links for others.') }
      if (!people.all.some((item) => item.id === person))
        return { ok: false, message: rich(`There is no person "${person}" in the configuration.`) }
      // Whoever introduced the one who makes it may hold it as well.
      const behind = viewer.through.kind === 'sign-in link' ? viewer.through.madeBy : []
      const madeBy = [...new Set([viewer.person, ...behind])]
      const link = { person, issuedBy: viewer.person, madeBy, example: people.example }
      const token = await issueSignInToken(db, link, parts.clock())
      parts.log.info(`${viewer.person} made a sign-in link for ${person}.`)
      return { ok: true, path: `/sign-in?token=${token}` }
    },
    channels: (viewer) => summaries(viewer),
    async channel(id, { after, ...asked }, viewer) {
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
        channel: await summaryOf(channel, viewer),
        notices: isFirst ? await consoleNotices(db, id, { since, most: NOTICES }) : [],
        cards: glances.map((glance) => cardView(glance, viewer)),
        next: last === undefined ? null : cursorAt(list, { open: last.open, number: last.number }),
        watch: isFirst ? (await watchedOfTeams(db, teams)).map(watchView) : [],
        empty: rich(
          isFirst
            ? 'Nothing to decide here: no patch is waiting for this team.'
            : 'No proposal of this channel is like that.',
        ),
      }
    },
    async proposal(id, before, viewer) {
      const glance = await findGlance(db, id)
      const home = channels.find((item) => glance !== null && item.teams.includes(glance.team))
      if (glance === null || home === undefined) return null
      const entries = await consoleThread(db, id, { before, most: limits.pageRows + 1 })
      const thread = entries.slice(-limits.pageRows)
      return {
        channel: await summaryOf(home, viewer),
        card: cardView(glance, viewer),
        thread,
        older: entries.length > thread.length ? (thread[0]?.id ?? null) : null,
      }
    },
    async detail(id, name, { after, only = null }) {
      const list = { proposal: id, name, only }
      const part = await desk.detail(id, name, { after: placeIn(after, list, z.string()), only })
      return part?.next === undefined ? part : { ...part, next: cursorAt(list, part.next) }
    },
    async picture(id, which) {
      const name = detailNames.find((item) => item === which)
      if (name !== undefined) return (await desk.detail(id, name))?.picture ?? null
      const entry = Number(which)
      return Number.isSafeInteger(entry) && entry > 0 && entry < 2 ** 31 ? consolePicture(db, id, entry) : null
    },
    explain: async (name) => lookUpDetail(await workflow.lookUp(name)),
    act: (request, viewer) => desk.act(request, personOf(viewer)),
    say,
    async assets({ after, ...asked }) {
      const place = placeIn(after, asked, assetPlace)
      const found = await listAssetPage(db, asked, place, limits.pageRows + 1)
      const rows = found.slice(0, limits.pageRows)
      const last = found.length > rows.length ? rows.at(-1) : undefined
      const { value: counts, at } = await assetCounts()
      const sum = (of: keyof TeamCounts) =>
        [...counts].reduce((all, [team, one]) => (asked.team === null || asked.team === team ? all + one[of] : all), 0)
      return {
        rows: rows.map(({ observedAt, ...row }) => ({ ...row, seenAt: observedAt })),
        next: last === undefined ? null : cursorAt(asked, { name: last.name, id: last.id }),
        counts: { assets: sum('assets'), simulated: sum('simulated'), covered: sum('covered'), at },
        teams: [...counts.keys()].sort(),
      }
    },
    async audit(_viewer, before, known) {
      const rows = await recentEvents(db, before, { known, limit: limits.pageRows })
      const register = await readRegister(db)
      return rows.map((row) => auditRow(row, register))
    },
    async people() {
      const roles = allRoles()
      return people.all.map(({ id, name }) => ({ id, name, roles: roles.get(id) ?? [] }))
    },
    accounts: (viewer) => workflow.linking.accountsOf(viewer.isOperator ? null : viewer.person),
    async revokeAccount(viewer, person, { platform, account }) {
      if (viewer.person !== person && !viewer.isOperator) {
        const message = rich('Only they themselves and operators revoke the accounts of a person.')
        return { ok: false, message }
      }
      return workflow.linking.revoke(
        { platform, account, person },
        personOf(viewer),
        viewer.isOperator && viewer.person !== person,
      )
    },
    async sources() {
      const states = await sourceStates(db)
      const rows = service.sources.map((item) => {
        const state = states.find((row) => row.kind === item.kind && row.name === item.name)
        return { ...item, lastGoodAt: state?.lastGoodAt ?? null, problem: state?.problem ?? null, problemSince: null }
      })
      const counts = await waitingCounts(db)
      const { connections = [] } = service
      const chats = parts.platforms.filter(({ name }) => name !== 'console')
      return [
        ...rows,
        ...chats.map(({ name }) => {
          const { waiting = 0, problem = null } = counts.find(({ platform }) => platform === name) ?? {}
          const describe = waiting === 0 ? 'everything has arrived' : `${count(waiting, 'message')} on the way`
          const row = { name, kind: 'chat' as const, describe, lastGoodAt: null, problem, problemSince: null }
          const connection = connections.find((item) => item.name === name)
          return connection === undefined ? row : withConnection(row, connection)
        }),
        ...connections
          .filter(({ name }) => !chats.some((chat) => chat.name === name))
          .map((connection) =>
            withConnection(
              {
                name: connection.name,
                kind: 'database',
                describe: 'a lasting connection',
                lastGoodAt: null,
                problem: null,
                problemSince: null,
              },
              connection,
            ),
          ),
      ]
    },
    subscribe: service.subscribe,
  }
}
