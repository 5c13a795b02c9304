import { WebClient, type WebClientOptions } from '@slack/web-api'
import { z } from 'zod'
import { errorText } from '../../core/error-text.ts'

/** A channel of a workspace; `null`: the only one there is. */
export interface Place {
  readonly workspace: string | null
  readonly channel: string
}

/** `C012AB3CD`, or `T012AB3CD/C012AB3CD` where several workspaces installed the app. */
export function parsePlace(written: string): Place {
  const [first = '', second] = written.split('/')
  return second === undefined ? { workspace: null, channel: first } : { workspace: first, channel: second }
}

export interface Workspaces {
  /** Throws a sentence where the app is not installed. */
  clientOf(workspace: string | null): Promise<WebClient>
  /** Is it one whose members may decide? */
  ours(workspace: string): Promise<boolean>
  /** Names of the workspaces whose tokens work. Throws a sentence when one does not. */
  check(): Promise<readonly string[]>
}

const own = z.object({ team_id: z.string(), team: z.string().optional() })

async function nameOf(client: WebClient, what: string): Promise<{ readonly id: string; readonly name: string }> {
  try {
    const { team_id: id, team: name = id } = own.parse(await client.auth.test())
    return { id, name }
  } catch (error) {
    throw new Error(`Slack does not take ${what}: ${errorText(error)}. Check it, and that the app is installed.`)
  }
}

/** The one workspace whose bot token is in the environment. */
export function oneWorkspace(botToken: string, options: WebClientOptions): Workspaces {
  const client = new WebClient(botToken, options)
  let workspace: string | null = null
  async function look() {
    const found = await nameOf(client, 'SLACK_BOT_TOKEN')
    workspace = found.id
    return found
  }
  return {
    clientOf: async () => client,
    ours: async (id) => id === (workspace ?? (await look()).id),
    check: async () => [(await look()).name],
  }
}

/** Where installations by OAuth are kept. */
export interface Installations {
  find(workspace: string): Promise<{ readonly botToken: string; readonly name: string } | null>
  all(): Promise<readonly string[]>
}

const KNOWN_MS = 60_000

/** Every workspace that installed the app. */
export function manyWorkspaces(installations: Installations, options: WebClientOptions): Workspaces {
  const clients = new Map<string, { readonly client: WebClient; readonly until: number }>()

  async function clientOf(workspace: string | null): Promise<WebClient> {
    const wanted = workspace ?? (await only())
    const known = clients.get(wanted)
    if (known && known.until > Date.now()) return known.client
    const found = await installations.find(wanted)
    if (found === null) throw new Error(`The Slack workspace ${wanted} has not installed the app: open /slack/install.`)
    const client = new WebClient(found.botToken, options)
    clients.set(wanted, { client, until: Date.now() + KNOWN_MS })
    return client
  }

  async function only(): Promise<string> {
    const [first, second] = await installations.all()
    if (first === undefined) throw new Error('No Slack workspace has installed the app: open /slack/install.')
    if (second !== undefined)
      throw new Error('Several Slack workspaces installed the app: write channels as "T012AB3CD/C012AB3CD".')
    return first
  }

  return {
    clientOf,
    ours: async (workspace) => (await installations.find(workspace)) !== null,
    async check() {
      const all = await installations.all()
      return Promise.all(all.map(async (id) => (await nameOf(await clientOf(id), `the token of ${id}`)).name))
    },
  }
}
