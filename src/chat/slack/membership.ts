import type { WebClient } from '@slack/web-api'
import { z } from 'zod'
import { errorText } from '../../core/error-text.ts'
import type { Accounts } from '../accounts.ts'
import type { Person } from '../desk.ts'

const KNOWN_MS = 10 * 60_000

const info = z.object({
  user: z.object({
    deleted: z.boolean().default(false),
    is_bot: z.boolean().default(false),
    is_restricted: z.boolean().default(false),
    is_ultra_restricted: z.boolean().default(false),
    is_stranger: z.boolean().default(false),
    is_workflow_bot: z.boolean().default(false),
  }),
})
const own = z.object({ team_id: z.string(), team: z.string().optional() })

export type Recognised = { readonly person: Person } | { readonly problem: string }

/** Who may speak: full members of our own workspace whom the configuration names. Anything unclear is nobody. */
export function createMembership(client: WebClient, accounts: Accounts, clock: () => Date) {
  const known = new Map<string, { readonly problem: string | null; readonly until: number }>()
  let workspace: string | null = null

  async function problemOf(user: string): Promise<string | null> {
    const cached = known.get(user)
    if (cached && cached.until > clock().getTime()) return cached.problem
    const { user: seen } = info.parse(await client.users.info({ user }))
    const problem = standing(seen)
    known.set(user, { problem, until: clock().getTime() + KNOWN_MS })
    return problem
  }

  return {
    /** Learns which workspace is ours, and returns its name. Throws a sentence when the token does not work. */
    async start(): Promise<string> {
      try {
        const { team_id: id, team = id } = own.parse(await client.auth.test())
        workspace = id
        return team
      } catch (error) {
        throw new Error(
          `Slack does not take SLACK_BOT_TOKEN: ${errorText(error)}. Check it, and that the app is installed.`,
        )
      }
    },
    async recognise(user: string, team: string | null): Promise<Recognised> {
      if (workspace !== null && team !== null && team !== workspace) {
        return { problem: 'You are here from another workspace (Slack Connect). Only members of this one decide.' }
      }
      const account = accounts.personOf('slack', user)
      if (account === null) {
        return {
          problem: `Patchwarden does not know you yet. Ask an operator to add your Slack member id, ${user}, to your entry under "people" in patchwarden.yaml.`,
        }
      }
      try {
        const problem = await problemOf(user)
        if (problem !== null) return { problem }
      } catch (error) {
        return { problem: `Slack did not say who you are (${errorText(error)}), so nothing was done. Try again.` }
      }
      return { person: { kind: 'person', id: account.id, name: account.name, via: 'slack' } }
    },
  }
}

function standing(user: z.infer<typeof info>['user']): string | null {
  if (user.deleted) return 'This account is deactivated.'
  if (user.is_bot || user.is_workflow_bot) return 'Bots and workflows do not decide; people do.'
  if (user.is_restricted || user.is_ultra_restricted) return 'Guests of the workspace do not decide.'
  if (user.is_stranger) return 'You are here from another workspace (Slack Connect). Only members of this one decide.'
  return null
}
