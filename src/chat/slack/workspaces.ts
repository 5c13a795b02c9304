import { WebClient, type WebClientOptions } from '@slack/web-api'
import { z } from 'zod'
import { errorText } from '../../core/error-text.ts'
import type { Realm } from '../accounts.ts'
import { slackScopes } from './access.ts'

/** The workspaces that count. The operator names them in the configuration or by giving a bot token. */
export interface Workspaces {
  /** True: there is one workspace, that of the bot token. */
  readonly isOne: boolean
  /** `null`: the workspace does not count. With `null`, returns the only workspace. Throws a sentence. */
  realmOf(workspace: string | null): Promise<Realm | null>
  /** The client of a workspace that counts; with `null`, of the only one. Throws a sentence if there is none. */
  clientOf(workspace: string | null): Promise<WebClient>
  /** Checks the workspaces. Throws a sentence if a token does not work or no workspace counts. */
  check(): Promise<WorkspacesSeen>
}

export interface WorkspacesSeen {
  /** Names of workspaces with a working token. */
  readonly working: readonly string[]
  /** Ids of workspaces that installed the app and do not count. */
  readonly refused: readonly string[]
  /** A sentence for each workspace where the app lacks scopes. */
  readonly lacking: readonly string[]
  /** A sentence for each workspace whose token does not work, if others work. */
  readonly failing: readonly string[]
}

const WHERE = 'identity.slackWorkspaces'
export const nobodyCounts = `${WHERE} names no workspace, so nobody in Slack is trusted and nothing is posted there: add the ids of your workspaces to patchwarden.yaml, such as [T012AB3CD].`

/** Says that the operator has not named the workspace. */
export function notNamed(workspace: string): string {
  return `The Slack workspace ${workspace} is not named in ${WHERE}.`
}

const own = z.object({ team_id: z.string(), team: z.string().optional() })

interface Workspace {
  readonly id: string
  readonly name: string
  /** The scopes that the app lacks there, as a sentence. */
  readonly lacking: readonly string[]
}

async function nameOf(client: WebClient, what: string): Promise<Workspace> {
  try {
    const answer = await client.auth.test()
    const { team_id: id, team: name = id } = own.parse(answer)
    return { id, name, lacking: lackingScopes(name, answer.response_metadata?.scopes) }
  } catch (error) {
    throw new Error(`Slack does not take ${what}: ${errorText(error)}. Check it, and that the app is installed.`)
  }
}

/** `granted`: as Slack says in a header of its answer; left out: it does not say. */
function lackingScopes(workspace: string, granted: readonly string[] | undefined): readonly string[] {
  const missing = granted === undefined ? [] : slackScopes.filter((scope) => !granted.includes(scope))
  if (missing.length === 0) return []
  const scopes = `${missing.length === 1 ? 'the scope' : 'the scopes'} ${missing.join(', ')}`
  return [`In the workspace ${workspace}, the app lacks ${scopes}: install it again from manifests/slack.yaml.`]
}

/** The workspace of the bot token in the environment. If the operator also named workspaces, it must be one of them. */
export function oneWorkspace(botToken: string, named: readonly string[], options: WebClientOptions): Workspaces {
  const client = new WebClient(botToken, options)
  let workspace: string | null = null

  async function look() {
    const found = await nameOf(client, 'SLACK_BOT_TOKEN')
    workspace = found.id
    return found
  }
  const counts = (id: string) => named.length === 0 || named.includes(id)
  const refused = (what: string) =>
    `SLACK_BOT_TOKEN is of the workspace ${what}, which ${WHERE} does not name. Add it there, or set the token of one that is named.`

  async function realmOf(id: string | null): Promise<Realm | null> {
    const home = workspace ?? (await look()).id
    return counts(home) && (id === null || id === home) ? { id: home, only: true } : null
  }

  return {
    isOne: true,
    realmOf,
    async clientOf(id) {
      // The operator named no workspace, so the token's workspace counts.
      if (id === null && named.length === 0) return client
      if ((await realmOf(id)) !== null) return client
      const home = workspace ?? ''
      throw new Error(
        counts(home) ? `SLACK_BOT_TOKEN is of ${home}, not of ${id}: write ids of ${home}.` : refused(home),
      )
    },
    async check() {
      const { id, name, lacking } = await look()
      if (!counts(id)) throw new Error(refused(`${name} (${id})`))
      return { working: [name], refused: [], lacking, failing: [] }
    },
  }
}

/** The installations by OAuth. */
export interface Installations {
  find(workspace: string): Promise<{ readonly botToken: string; readonly name: string } | null>
  all(): Promise<readonly string[]>
}

const KNOWN_MS = 60_000

/**
 * The named workspaces, each with the token from its installation. A workspace is not trusted only because it installed
 * the app.
 */
export function manyWorkspaces(
  installations: Installations,
  named: readonly string[],
  options: WebClientOptions,
): Workspaces {
  const clients = new Map<string, { readonly client: WebClient; readonly until: number }>()

  async function clientOf(workspace: string | null): Promise<WebClient> {
    const wanted = workspace ?? only()
    if (!named.includes(wanted)) throw new Error(notNamed(wanted))
    const known = clients.get(wanted)
    if (known && known.until > Date.now()) return known.client
    const found = await installations.find(wanted)
    if (found === null) throw new Error(`The Slack workspace ${wanted} has not installed the app: open /slack/install.`)
    const client = new WebClient(found.botToken, options)
    clients.set(wanted, { client, until: Date.now() + KNOWN_MS })
    return client
  }

  function only(): string {
    const [first, second] = named
    if (first === undefined) throw new Error(nobodyCounts)
    if (second !== undefined)
      throw new Error(`${WHERE} names several workspaces: write ids with theirs, such as "${first}/C012AB3CD".`)
    return first
  }

  return {
    isOne: named.length === 1,
    clientOf,
    async realmOf(workspace) {
      const id = workspace ?? (named.length === 1 ? named[0] : undefined)
      return id !== undefined && named.includes(id) ? { id, only: named.length === 1 } : null
    },
    async check() {
      if (named.length === 0) throw new Error(nobodyCounts)
      const installed = await installations.all()
      const working = installed.filter((id) => named.includes(id))
      const asked = await Promise.allSettled(
        working.map(async (id) => nameOf(await clientOf(id), `the token of ${id}`)),
      )
      const good = asked.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
      const failing = asked.flatMap((one) => (one.status === 'rejected' ? [errorText(one.reason)] : []))
      // One workspace whose token was revoked takes nothing from the others.
      if (good.length === 0 && failing.length > 0) throw new Error(failing.join(' '))
      return {
        working: good.map(({ name }) => name),
        refused: installed.filter((id) => !named.includes(id)),
        lacking: good.flatMap(({ lacking }) => lacking),
        failing,
      }
    },
  }
}
