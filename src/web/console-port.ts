/** What the console's pages need from the rest of Patchwarden. Pages know nothing of the database or of the workflow. */

import type { Card, ThreadEntry, Tone } from '../chat/card.ts'
import type { ActRequest, Answer, Detail, DetailName, DetailPart, PartOfDetail } from '../chat/desk.ts'
import type { AccountEntry, NamedAccount } from '../chat/linked-accounts.ts'
import type { Picture } from '../chat/picture/picture.ts'
import type { RichText } from '../chat/rich-text.ts'
import type { Through } from '../core/hands.ts'
import type { ListedAsset } from '../store/asset-pages.ts'

/** A button that asks something first was clicked. */
export type Click = Pick<ActRequest, 'proposal' | 'action' | 'revision'>

/** The person looking at the page. */
export interface Viewer {
  readonly person: string
  readonly name: string
  /** For the header, such as `service owner of web, security`. */
  readonly roles: readonly string[]
  /** IANA zone in which times are shown to this person. */
  readonly timeZone: string
  readonly session: string
  /** When the session expires. */
  readonly sessionEnds: string
  /** People this session may act as with one click; only ever filled for the labelled example. */
  readonly switchTo: readonly { readonly id: string; readonly name: string; readonly roles: readonly string[] }[]
  readonly isOperator: boolean
  /** How we know the person. */
  readonly through: Through
}

export interface ChannelSummary {
  readonly id: string
  readonly title: string
  readonly waitingForViewer: number
  readonly open: number
  /** Every asset of the channel is simulated. */
  readonly simulated: boolean
}

export interface CardView {
  readonly card: Card
  /** People who may be named to look at it again: those of its team. */
  readonly owners: readonly Pick<PersonRow, 'id' | 'name'>[]
  /** When it was made, ISO 8601 UTC: which dates may be named goes by it. */
  readonly now: string
  readonly openedAt: string
  readonly closedAt: string | null
}

/** What is pending on assets that Patchwarden only watches: no engine is set, so nothing can be proposed. */
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

/** What is asked of a channel's proposals. */
export interface CardsQuery {
  /** `open first`: then those that are over. */
  readonly status: 'open' | 'over' | 'open first'
  /** Only with this in the title or the id; empty: whatever they are called. */
  readonly text: string
  /**
   * The `next` of the page before, which includes the whole question; with another question it begins anew. `null`: the
   * first page.
   */
  readonly after: string | null
}

export interface ChannelView {
  readonly channel: ChannelSummary
  /**
   * On the first page: what everybody in the channel should know these days and that is not about a proposal; newest
   * first.
   */
  readonly notices: readonly ThreadItem[]
  /** Newest first. */
  readonly cards: readonly CardView[]
  /** Where the next page begins: an opaque text that can stand in an address. `null`: this is the last. */
  readonly next: string | null
  /** On the first page, for each team. */
  readonly watch: readonly WatchView[]
  /** What the team sees when there is nothing to decide. */
  readonly empty: RichText
}

export interface ThreadItem {
  /** Rising number; also the SSE event id. */
  readonly id: number
  readonly at: string
  readonly entry: ThreadEntry
}

export interface ProposalView {
  readonly channel: ChannelSummary
  readonly card: CardView
  /** Would a comment of the viewer be taken? */
  readonly takesComments: boolean
  /** The last entries, or those before an asked one; oldest first. */
  readonly thread: readonly ThreadItem[]
  /** The id before which there are older ones; `null`: there is none. */
  readonly older: number | null
}

/** What is asked of the assets. By name. */
export interface AssetsQuery {
  /** `null`: of every one. */
  readonly team: string | null
  readonly platform: string | null
  /** The beginning of the name, or with `anywhere` any part of it; empty: any name. */
  readonly text: string
  readonly anywhere: boolean
  /** Only where the last look failed, or a reboot is needed. */
  readonly is: 'problem' | 'reboot' | null
  /** As of cards. */
  readonly after: string | null
}

export interface AssetsView {
  readonly rows: readonly AssetRow[]
  /** As of cards. */
  readonly next: string | null
  /** Counted a few seconds ago at most; for the team that was asked for, or for all. */
  readonly counts: AssetCounts
  /** Teams that have assets. */
  readonly teams: readonly string[]
}

export interface AssetCounts {
  readonly assets: number
  readonly simulated: number
  /** Assets that can be assessed. */
  readonly covered: number
  /** When they were counted. */
  readonly at: string
}

export interface AssetRow extends Omit<ListedAsset, 'observedAt'> {
  readonly seenAt: string | null
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
  /** Since when a connection has the problem; `null` where that is not known. */
  readonly problemSince: string | null
}

export interface ConsolePort {
  /**
   * The name of the person whom a one-time sign-in token would sign in; the token stays usable. `null`: unknown, spent
   * or expired.
   */
  askSignIn(token: string): Promise<string | null>
  /** Spends a one-time sign-in token; `null`: unknown, spent or expired. */
  signIn(token: string): Promise<{ readonly session: string; readonly maxAgeSeconds: number } | null>
  viewer(session: string): Promise<Viewer | null>
  signOut(session: string): Promise<void>
  /** Ends every session of the person who signed in, and the links to new ones. */
  signOutEverywhere(viewer: Viewer): Promise<void>
  /** Calls back within seconds once the session is over, however it ended. Returns the function that stops it. */
  whenSignedOut(viewer: Viewer, ended: () => void): () => void
  /** Acts as another person of the labelled example from now on; refused otherwise. */
  switchPerson(viewer: Viewer, person: string): Promise<Answer>
  /** A one-time link for somebody else; operators only, recorded in the audit record. */
  makeSignInLink(
    viewer: Viewer,
    person: string,
  ): Promise<{ readonly ok: true; readonly path: string } | { readonly ok: false; readonly message: RichText }>

  channels(viewer: Viewer): Promise<readonly ChannelSummary[]>
  channel(id: string, query: CardsQuery, viewer: Viewer): Promise<ChannelView | null>
  /** `before`: only entries of the thread before this one; `null`: the last ones. */
  proposal(id: string, before: number | null, viewer: Viewer): Promise<ProposalView | null>
  detail(id: string, detail: DetailName, part: DetailPart, viewer: Viewer): Promise<PartOfDetail | null>
  /** The picture of a thread entry, by its id, or of a detail, by its name. */
  picture(id: string, which: string, viewer: Viewer): Promise<Picture | null>
  /** Everything behind a CVE, an advisory, a KB or a package. */
  explain(name: string): Promise<Detail>
  /** Before a dialog opens: why its answer would be refused from the viewer, whatever they said; `null`: it may be taken. */
  refusal(click: Click, viewer: Viewer): Promise<Answer | null>
  act(request: ActRequest, viewer: Viewer): Promise<Answer>
  /** A comment in the thread, or a slash command (`/patch ...`); its answer is only for the viewer. */
  say(channel: string, proposal: string | null, text: string, viewer: Viewer): Promise<Answer>

  assets(query: AssetsQuery, viewer: Viewer): Promise<AssetsView>
  /** Newest first, from a position on. Without `known`: nothing about what was known of feeds, assets and flaws. */
  audit(viewer: Viewer, before: number | null, known: boolean): Promise<readonly AuditRow[]>
  people(viewer: Viewer): Promise<readonly PersonRow[]>
  /** Accounts that speak for the viewer; to an operator, those of everybody. */
  accounts(viewer: Viewer): Promise<readonly AccountEntry[]>
  /** Revokes a linked account of a person: they themselves may, and operators. */
  revokeAccount(viewer: Viewer, person: string, which: Pick<NamedAccount, 'platform' | 'account'>): Promise<Answer>
  sources(viewer: Viewer): Promise<readonly SourceRow[]>
  /** Calls back when a proposal (or, with `null`, anything else) changed. Returns the function that stops it. */
  subscribe(onChange: (change: { readonly channel: string; readonly proposal: string | null }) => void): () => void
}
