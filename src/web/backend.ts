import { lookUpDetail } from '../chat/explanation.ts'
import { countAssets } from '../store/asset-pages.ts'
import { openSessions } from '../store/sessions.ts'
import { assetView } from './backend/asset.ts'
import { addCalendar, calendarFeed, calendarView, freezeTeam, revokeCalendar } from './backend/calendar.ts'
import { channelView, proposalView, summaries } from './backend/channels.ts'
import { found, proposalsView } from './backend/find.ts'
import { assetsView, auditRows, personRows, revokeAccount, sourceRows } from './backend/lookups.ts'
import { type Backend, type ConsoleParts, personOf } from './backend/parts.ts'
import { detailOf, pictureOf, refusalOfDialog, say } from './backend/proposals.ts'
import {
  askSignIn,
  makeSignInLink,
  signIn,
  signOut,
  signOutEverywhere,
  switchPerson,
  viewerOf,
  whenSignedOut,
} from './backend/sessions.ts'
import { todayView } from './backend/today.ts'
import type { ConsolePort } from './console-port.ts'
import { keptFor } from './kept-for.ts'
import { createSessionWatch } from './session-watch.ts'

/** The greatest age of asset counts. */
const COUNTED_MS = 5_000

/** Implements the console's port with the real service. */
export function createBackend(service: ConsoleParts): ConsolePort {
  const { db, parts, workflow } = service
  const { desk, linking } = workflow
  const backend: Backend = {
    service,
    assetCounts: keptFor(COUNTED_MS, parts.clock, () => countAssets(db)),
    coverage: keptFor(COUNTED_MS, parts.clock, () => workflow.coverage()),
    unmanaged: keptFor(COUNTED_MS, parts.clock, () => workflow.unmanaged.counts(null)),
    sessionWatch: createSessionWatch((hashes) => openSessions(db, hashes, parts.clock().toISOString()), parts.clock),
  }
  return {
    askSignIn: (token) => askSignIn(backend, token),
    signIn: (token) => signIn(backend, token),
    viewer: (session) => viewerOf(backend, session),
    signOut: (session) => signOut(backend, session),
    signOutEverywhere: (viewer) => signOutEverywhere(backend, viewer),
    whenSignedOut: (viewer, ended) => whenSignedOut(backend, viewer, ended),
    switchPerson: (viewer, person) => switchPerson(backend, viewer, person),
    makeSignInLink: (viewer, person) => makeSignInLink(backend, viewer, person),
    today: (viewer) => todayView(backend, viewer),
    proposals: (query, viewer) => proposalsView(backend, query, viewer),
    calendar: (from, team, viewer) => calendarView(backend, { from, team }, viewer),
    freeze: (team, change, viewer) => freezeTeam(backend, team, change, viewer),
    addCalendar: (which, viewer) => addCalendar(backend, which, viewer),
    revokeCalendar: (hash, viewer) => revokeCalendar(backend, hash, viewer),
    calendarFeed: (token, home) => calendarFeed(backend, token, home),
    find: (text) => found(backend, text),
    channels: (viewer) => summaries(backend, viewer),
    channel: (id, query, viewer) => channelView(backend, id, query, viewer),
    proposal: (id, before, viewer) => proposalView(backend, id, before, viewer),
    detail: (id, name, part) => detailOf(backend, id, name, part),
    picture: (id, which) => pictureOf(backend, id, which),
    explain: async (name) => lookUpDetail(await workflow.lookUp(name)),
    refusal: (click, viewer) => refusalOfDialog(backend, click, viewer),
    act: (request, viewer) => desk.act(request, personOf(viewer)),
    say: (channel, proposal, text, viewer) => say(backend, channel, proposal, text, viewer),
    assets: (query) => assetsView(backend, query),
    asset: (id) => assetView(backend, id),
    audit: (_viewer, before, known) => auditRows(backend, before, known),
    people: () => personRows(backend),
    accounts: (viewer) => linking.accountsOf(viewer.isOperator ? null : viewer.person),
    revokeAccount: (viewer, person, which) => revokeAccount(backend, viewer, person, which),
    sources: () => sourceRows(backend),
    subscribe: service.subscribe,
  }
}
