/** What the console's pages need from the rest of Patchwarden. Pages do not know the database or the workflow. */

import type { Card, ThreadEntry, Tone } from '../chat/card.ts'
import type { ActRequest, Answer, Detail, DetailName, DetailPart, PartOfDetail } from '../chat/desk.ts'
import type { AccountEntry, NamedAccount } from '../chat/linked-accounts.ts'
import type { Picture } from '../chat/picture/picture.ts'
import type { RichText } from '../chat/rich-text.ts'
import type { Through } from '../core/hands.ts'
import type { Priority } from '../core/priority/priority.ts'
import { finalStatuses, type Status } from '../core/proposal/proposal.ts'
import type { Freeze, Window } from '../core/window.ts'
import type { ListedAsset } from '../store/asset-pages.ts'
import type { CalendarAddress } from '../store/calendar-addresses.ts'
import type { ProposalLine } from '../store/proposal-pages.ts'

/** A click on a button that asks questions first. */
export type Click = Pick<ActRequest, 'proposal' | 'action' | 'revision'>

/** The person who looks at the page. */
export interface Viewer {
  readonly person: string
  readonly name: string
  /** Shown in the header, such as `service owner of web, security`. */
  readonly roles: readonly string[]
  /** IANA zone for the times on this person's pages. */
  readonly timeZone: string
  readonly session: string
  /** When the session expires, ISO 8601 UTC. */
  readonly sessionEnds: string
  /** People whom this session may act as with one click. Only the labelled example has any. */
  readonly switchTo: readonly { readonly id: string; readonly name: string; readonly roles: readonly string[] }[]
  readonly isOperator: boolean
  /** How we know who the person is. */
  readonly through: Through
}

export interface ChannelSummary {
  readonly id: string
  readonly title: string
  readonly waitingForViewer: number
  readonly open: number
  /** Proposals that are paused or halted, newest first. */
  readonly stopped: readonly Pick<ProposalLine, 'id' | 'title'>[]
  /** True: every asset of the channel is simulated. */
  readonly simulated: boolean
}

export interface CardView {
  readonly card: Card
  readonly status: Status
  readonly priority: Priority
  readonly dueAt: string | null
  /** The roles that must approve, while people vote; `null`: nobody votes, or silence approves. */
  readonly votes: readonly RoleVotes[] | null
  /** Members of the team who may be named to look at the proposal again. */
  readonly owners: readonly Pick<PersonRow, 'id' | 'name'>[]
  /** People whom the viewer may ask about it. */
  readonly askable: readonly Pick<PersonRow, 'id' | 'name'>[]
  /** When this view was made, ISO 8601 UTC. The dates that may be chosen depend on it. */
  readonly now: string
}

export interface RoleVotes {
  readonly role: string
  readonly need: number
  /** Names of the people whose approval fills the role. */
  readonly approved: readonly string[]
  /** Names of those who can still fill it. */
  readonly waitingFor: readonly string[]
}

/** A proposal in one row of a list. */
export interface ProposalRow {
  readonly id: string
  readonly team: string
  readonly title: string
  readonly status: Status
  readonly tone: Tone
  readonly state: RichText
  readonly priority: Priority
  readonly dueAt: string | null
  readonly openedAt: string
  /** How many servers it asks for; `null`: it asks for a standing rule. */
  readonly servers: number | null
  /** Names of those who approved it. */
  readonly approved: readonly string[]
}

/** Which proposals are asked for, over all channels. */
export interface ProposalsQuery {
  readonly team: string | null
  readonly state: StateGroup | null
  /** In the title or the id; empty: any. */
  readonly text: string
  /** A CVE, an advisory or a package. */
  readonly about: string | null
  /** The name of a server. */
  readonly host: string | null
  /** Opened on these days or between them, ISO 8601 dates in the reader's zone. */
  readonly from: string | null
  readonly to: string | null
  /** See `CardsQuery`. */
  readonly after: string | null
}

export const stateGroups = {
  votes: ['open'],
  planned: ['approved', 'scheduled'],
  running: ['rolling out', 'verifying'],
  stopped: ['paused', 'halted'],
  over: finalStatuses,
} as const satisfies Readonly<Record<string, readonly Status[]>>

export type StateGroup = keyof typeof stateGroups

export interface ProposalsView {
  readonly rows: readonly ProposalRow[]
  readonly next: string | null
  readonly teams: readonly string[]
  /** How many are in each group now, whatever else is asked for; those that are over are not counted. */
  readonly counts: Readonly<Record<Exclude<StateGroup, 'over'>, number>>
  /** Why the list is empty although it was asked for something, as a sentence; `null`: nothing is wrong. */
  readonly problem: string | null
}

/** What somebody should know when they come to work. */
export interface TodayView {
  readonly waiting: readonly CardView[]
  readonly stopped: readonly CardView[]
  readonly running: readonly ProposalRow[]
  /** What a system was told already, and begins later. */
  readonly told: readonly ProposalRow[]
  /** What starts within a day. */
  readonly soon: readonly ProposalRow[]
  readonly overdue: readonly ProposalRow[]
  readonly done: readonly ProposalRow[]
  /** The start after that day; `null`: none is planned. */
  readonly next: ProposalRow | null
  /** Sources that could not be read. */
  readonly troubled: readonly SourceRow[]
  readonly sources: number
  /** Servers that nobody can judge. */
  readonly unjudged: number
  /** How far the first look has come; `null`: it has ended. */
  readonly first: FirstLook | null
  readonly now: string
}

export interface CalendarItem {
  /**
   * `told`: when a system is told of a rollout that begins later. `due`: when a proposal is due that nothing is planned
   * for.
   */
  readonly kind: 'window' | 'freeze' | 'planned' | 'told' | 'running' | 'stopped' | 'due'
  readonly team: string
  /** ISO 8601 UTC. */
  readonly start: string
  /** `null`: it is a moment, or nobody knows. */
  readonly end: string | null
  readonly text: string
  /** The proposal; `null`: it is about none. */
  readonly proposal: string | null
}

export interface TeamFreeze {
  readonly team: string
  readonly freeze: Freeze
  /** Open proposals that it holds back. */
  readonly holds: number
  /** Whether the viewer may agree to lift it. What the configuration freezes nobody lifts here. */
  readonly mayLift: boolean
}

export interface CalendarView {
  /** The first instants of seven days in the reader's zone, and of the day after, ISO 8601 UTC. */
  readonly days: readonly string[]
  readonly teams: readonly string[]
  readonly items: readonly CalendarItem[]
  /** Teams whose window never closes. */
  readonly alwaysOpen: readonly string[]
  readonly freezes: readonly TeamFreeze[]
  /** Teams that the viewer may freeze. */
  readonly mayFreeze: readonly string[]
  readonly addresses: readonly CalendarAddress[]
  readonly allTeams: readonly string[]
  readonly now: string
}

/** One thing that can be jumped to. */
export interface Found {
  readonly kind: 'page' | 'proposal' | 'server' | 'person' | 'explain'
  readonly name: string
  /** What stands beside it, such as its team. */
  readonly about: string
  readonly path: string
}

export interface FirstLook {
  readonly sources: readonly SourceRow[]
  /** Servers that were seen so far. */
  readonly servers: number
  /** Teams that are judged, and all that have servers. */
  readonly judged: number
  readonly teams: number
}

/** Missing patches of assets without an engine. Patchwarden only watches these assets, so it proposes nothing. */
export interface WatchView {
  readonly title: string
  readonly lead: RichText
  readonly rows: readonly {
    readonly patch: string
    readonly change: string
    readonly type: string
    readonly priority: string
    readonly tone: Tone
    readonly note: string
  }[]
  readonly hint: RichText
}

/** Which proposals of a channel are asked for. */
export interface CardsQuery {
  /** `open first`: open ones, then those that are over. */
  readonly status: 'open' | 'over' | 'open first'
  /** Only proposals with this text in the title or id; empty: all. */
  readonly text: string
  /**
   * The `next` of the page before. It contains the whole question; with another question the list starts from the
   * beginning. `null`: the first page.
   */
  readonly after: string | null
}

export interface ChannelView {
  readonly channel: ChannelSummary
  /** Only on the first page: recent messages for the channel that are not about a proposal, newest first. */
  readonly notices: readonly ThreadItem[]
  /** Newest first. */
  readonly cards: readonly CardView[]
  /** Start of the next page, an opaque text for an address; `null`: this is the last page. */
  readonly next: string | null
  /** Only on the first page, one for each team. */
  readonly watch: readonly WatchView[]
  /** The text for a channel without anything to decide. */
  readonly empty: RichText
}

export interface ThreadItem {
  /** A rising number, also used as SSE event id. */
  readonly id: number
  readonly at: string
  readonly entry: ThreadEntry
}

export interface ProposalView {
  readonly channel: ChannelSummary
  readonly card: CardView
  /** True if a comment of the viewer would be accepted. */
  readonly takesComments: boolean
  /** The last entries, or those before the `before` that was asked for; oldest first. */
  readonly thread: readonly ThreadItem[]
  /** Older entries have ids below this one; `null`: there are none. */
  readonly older: number | null
}

/** Which assets are asked for. Assets are ordered by name. */
export interface AssetsQuery {
  /** `null`: assets of all teams. */
  readonly team: string | null
  readonly platform: string | null
  /** The beginning of the name, or with `anywhere` any part of it; empty: all names. */
  readonly text: string
  readonly anywhere: boolean
  /** Only assets whose last look failed (`problem`), that need a reboot (`reboot`), or that nobody manages. */
  readonly is: 'problem' | 'reboot' | 'unmanaged' | null
  /** See `CardsQuery`. */
  readonly after: string | null
}

export interface AssetsView {
  readonly rows: readonly AssetRow[]
  /** See `ChannelView`. */
  readonly next: string | null
  /** Counts for the team that was asked for, or for all. A few seconds old at most. */
  readonly counts: AssetCounts
  /** Who judges which platform, and what nobody can judge: a line each. */
  readonly coverage: readonly string[]
  /** Machines that nobody manages: a line, or none. */
  readonly unmanaged: readonly string[]
  /** Teams with assets. */
  readonly teams: readonly string[]
}

export interface AssetCounts {
  readonly assets: number
  readonly simulated: number
  /** Assets that can be assessed. */
  readonly covered: number
  /** When the assets were counted. */
  readonly at: string
}

export interface AssetRow extends Omit<ListedAsset, 'observedAt'> {
  readonly seenAt: string | null
  /** False: nobody can judge what it misses. */
  readonly isAssessed: boolean
  /** Whom to ask who should manage it, as a clause; `null`: somebody does. */
  readonly ask: string | null
}

/** The page of one server. */
export interface AssetView {
  readonly asset: AssetRow
  /** Why nobody can judge it, as a clause; `null`: it is judged. */
  readonly notAssessed: string | null
  readonly missing: readonly MissingFlaw[]
  /** What rollouts did to it, the last first. */
  readonly history: readonly AssetDeed[]
  /** Open proposals that ask for it. */
  readonly open: readonly ProposalRow[]
  /** When it may be touched next; empty: never, in as far as anybody can see. */
  readonly windows: readonly Window[]
  readonly windowName: string | null
  readonly freezes: readonly Freeze[]
  readonly now: string
}

export interface MissingFlaw {
  readonly flaw: string
  readonly since: string
  readonly feeds: readonly string[]
  /** `null`: it was not judged for such a server. */
  readonly priority: Priority | null
  readonly dueAt: string | null
  /** Open proposals that ask for a patch against it. */
  readonly proposals: readonly string[]
}

export interface AssetDeed {
  readonly proposal: ProposalRow
  readonly startedAt: string
  readonly end: string | null
}

export interface AuditRow {
  readonly position: number
  /** ISO 8601 UTC; empty: the entry cannot be read. */
  readonly at: string
  readonly stream: string
  readonly seq: number
  readonly what: string
  readonly who: string
  readonly hash: string
}

export interface PersonRow {
  readonly id: string
  readonly name: string
  readonly roles: readonly string[]
}

export interface SourceRow {
  readonly name: string
  readonly kind: 'inventory' | 'catalog' | 'engine' | 'chat' | 'database'
  readonly describe: string
  readonly lastGoodAt: string | null
  readonly problem: string | null
  /** Since when the connection has the problem; `null`: not known. */
  readonly problemSince: string | null
  /** More that is wrong, a sentence each. */
  readonly more?: readonly string[]
}

export interface ConsolePort {
  /**
   * The name of the person whom a one-time sign-in token belongs to. The token stays valid. `null`: it is unknown,
   * spent or expired.
   */
  askSignIn(token: string): Promise<string | null>
  /** Spends a one-time sign-in token; `null`: it is unknown, spent or expired. */
  signIn(token: string): Promise<{ readonly session: string; readonly maxAgeSeconds: number } | null>
  viewer(session: string): Promise<Viewer | null>
  signOut(session: string): Promise<void>
  /** Ends all sessions of the person who signed in, and their sign-in links. */
  signOutEverywhere(viewer: Viewer): Promise<void>
  /** Calls `ended` within seconds after the session ends for any reason. Returns a function that stops the watch. */
  whenSignedOut(viewer: Viewer, ended: () => void): () => void
  /** From now on acts as another person of the labelled example. Outside the example it is refused. */
  switchPerson(viewer: Viewer, person: string): Promise<Answer>
  /** Makes a one-time sign-in link for another person. Only operators may; the audit record says so. */
  makeSignInLink(
    viewer: Viewer,
    person: string,
  ): Promise<{ readonly ok: true; readonly path: string } | { readonly ok: false; readonly message: RichText }>

  today(viewer: Viewer): Promise<TodayView>
  proposals(query: ProposalsQuery, viewer: Viewer): Promise<ProposalsView>
  /** Seven days from `from` on, an ISO 8601 date in the reader's zone. `team`: only this one. */
  calendar(from: string | null, team: string | null, viewer: Viewer): Promise<CalendarView>
  freeze(
    team: string,
    change: { readonly until: string; readonly reason: string } | 'lift',
    viewer: Viewer,
  ): Promise<Answer>
  /** Makes a secret address of a calendar. It is shown once. */
  addCalendar(which: { readonly team: string | null; readonly detailed: boolean }, viewer: Viewer): Promise<string>
  revokeCalendar(hash: string, viewer: Viewer): Promise<void>
  /** The calendar behind a secret address; `null`: there is none. `home`: the console's address. */
  calendarFeed(token: string, home: string): Promise<string | null>
  /** What a text may mean, the likeliest first: proposals, servers, people, and what feeds may know. */
  find(text: string): Promise<readonly Found[]>
  channels(viewer: Viewer): Promise<readonly ChannelSummary[]>
  channel(id: string, query: CardsQuery, viewer: Viewer): Promise<ChannelView | null>
  /** `before`: only thread entries before this one; `null`: the last ones. */
  proposal(id: string, before: number | null, viewer: Viewer): Promise<ProposalView | null>
  detail(id: string, detail: DetailName, part: DetailPart, viewer: Viewer): Promise<PartOfDetail | null>
  /** The picture of a thread entry (by id) or of a detail (by name). */
  picture(id: string, which: string, viewer: Viewer): Promise<Picture | null>
  /** Everything known about a CVE, an advisory, a KB or a package. */
  explain(name: string): Promise<Detail>
  /**
   * Called before a dialog opens. The refusal, if any input of the viewer would be refused; `null`: it may be accepted.
   */
  refusal(click: Click, viewer: Viewer): Promise<Answer | null>
  act(request: ActRequest, viewer: Viewer): Promise<Answer>
  /** A comment in the thread, or a slash command (`/patch ...`). Only the viewer sees the answer. */
  say(channel: string, proposal: string | null, text: string, viewer: Viewer): Promise<Answer>

  assets(query: AssetsQuery, viewer: Viewer): Promise<AssetsView>
  /** `null`: no source lists a server with this id. */
  asset(id: string): Promise<AssetView | null>
  /** Newest first, below the position `before`. Without `known`, entries about feeds, assets and flaws are left out. */
  audit(viewer: Viewer, before: number | null, known: boolean): Promise<readonly AuditRow[]>
  people(viewer: Viewer): Promise<readonly PersonRow[]>
  /** The viewer's accounts; for an operator, the accounts of everybody. */
  accounts(viewer: Viewer): Promise<readonly AccountEntry[]>
  /** Revokes a linked account of a person. The person and operators may do this. */
  revokeAccount(viewer: Viewer, person: string, which: Pick<NamedAccount, 'platform' | 'account'>): Promise<Answer>
  sources(viewer: Viewer): Promise<readonly SourceRow[]>
  /**
   * Calls `onChange` when a proposal changed; with `null`, when anything else did. Returns a function that stops it.
   */
  subscribe(onChange: (change: { readonly channel: string; readonly proposal: string | null }) => void): () => void
}
