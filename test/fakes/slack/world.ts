/** What the fake stores: Slack's objects as far as they matter here. */

import { randomBytes } from 'node:crypto'

export type Json = Record<string, unknown>

export interface SlackMessage {
  readonly workspace: string
  readonly channel: string
  readonly ts: string
  readonly thread: string | null
  /** Shown in the channel, too. */
  readonly broadcast: boolean
  text: string
  blocks: readonly Json[]
  /** Shared with it. */
  readonly files: readonly SlackFile[]
  readonly metadata: { readonly event_type: string; readonly event_payload: Json } | null
  edits: number
}

export interface SlackFile {
  readonly id: string
  readonly name: string
  readonly title: string
  readonly alt: string
  readonly content: Buffer
}

export interface SharedFile {
  readonly file: SlackFile
  /** Where it was shared; `null`: nowhere, the app alone sees it. */
  readonly channel: string | null
  readonly at: number
}

/** Announced, and not finished yet. */
export interface SlackUpload {
  readonly workspace: string
  readonly name: string
  readonly length: number
  readonly alt: string
  content: Buffer | null
}

export interface SlackUser {
  readonly id: string
  readonly kind: 'member' | 'guest' | 'bot' | 'stranger' | 'deactivated'
  /** An address, and whether its owner has confirmed it. */
  readonly email?: string
  readonly confirmed?: boolean
  /** Their own workspace, where they are only seen through a channel shared with it (Slack Connect). */
  readonly team?: string
}

export interface Workspace {
  readonly id: string
  readonly name: string
  /** Changes when the app is installed again. */
  botToken: string
  readonly channels: Set<string>
  readonly users: Map<string, SlackUser>
  readonly userGroups: Map<string, readonly string[]>
  readonly scopes: Set<string>
  /** What is wrong with the token: `token_revoked`, `account_inactive`. */
  tokenProblem: string | null
}

/** What the next call of a method meets. `lost`: it is done, and the connection breaks before the answer. */
export type SlackFault =
  | { readonly kind: 'lost' }
  /** No answer ever comes; whether it was done is the question. */
  | { readonly kind: 'stalled'; readonly done: boolean }
  | { readonly kind: 'limited'; readonly seconds: number }
  | { readonly kind: 'error'; readonly error: string }
  | { readonly kind: 'status'; readonly status: number }

export interface View {
  readonly user: string
  readonly view: Json
  readonly problems: readonly string[]
}

export interface World {
  readonly workspaces: Map<string, Workspace>
  readonly messages: SlackMessage[]
  readonly calls: { readonly method: string; readonly body: Json; readonly at: number }[]
  /** What only one person sees: ephemeral messages and answers to a click or command. */
  readonly answers: Json[]
  readonly views: View[]
  /** What each user's page of the app shows. */
  readonly homes: Map<string, View>
  readonly archived: Set<string>
  readonly faults: Map<string, SlackFault[]>
  /** The error that a call gets for as long as the test leaves it there; `null`: none. */
  refuses: (method: string, body: Json) => string | null
  /** Threads that an administrator locked, by the first message's ts. */
  readonly locked: Set<string>
  readonly triggers: Map<string, { readonly user: string; readonly at: number }>
  readonly appToken: string
  readonly signingSecret: string
  readonly clientId: string
  readonly clientSecret: string
  /** Codes of OAuth that were given out, with the workspace they are for. */
  readonly codes: Map<string, string>
  /** By file id. */
  readonly uploads: Map<string, SlackUpload>
  /** Shared, by id. */
  readonly files: Map<string, SharedFile>
  /** How long a file is processed until a message may show it. */
  processingMs: number
  /** The workspace does not allow files. */
  uploadsDisabled: boolean
  readonly nextTs: () => string
}

/** As in manifests/slack.yaml; a test may take one away. */
const scopes = [
  'chat:write',
  'commands',
  'users:read',
  'users:read.email',
  'usergroups:read',
  'im:write',
  'im:history',
  'channels:history',
  'groups:history',
  'files:write',
]

export function createWorkspace(id: string, name: string, botToken: string): Workspace {
  return {
    id,
    name,
    botToken,
    channels: new Set(),
    users: new Map(),
    userGroups: new Map(),
    scopes: new Set(scopes),
    tokenProblem: null,
  }
}

export function createWorld(): World {
  let clock = 1_795_000_000_000_000
  return {
    workspaces: new Map(),
    messages: [],
    calls: [],
    answers: [],
    views: [],
    homes: new Map(),
    archived: new Set(),
    faults: new Map(),
    refuses: () => null,
    locked: new Set(),
    triggers: new Map(),
    appToken: 'xapp-1',
    signingSecret: randomBytes(16).toString('hex'),
    clientId: '1.1',
    clientSecret: randomBytes(16).toString('hex'),
    codes: new Map(),
    uploads: new Map(),
    files: new Map(),
    processingMs: 0,
    uploadsDisabled: false,
    nextTs: () => {
      clock += 1_000_000
      return `${Math.floor(clock / 1_000_000)}.${String(clock % 1_000_000).padStart(6, '0')}`
    },
  }
}
