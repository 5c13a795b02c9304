import { WebAPIPlatformError } from '@slack/web-api'
import { z } from 'zod'
import { errorText } from '../../core/error-text.ts'
import { writeRealmId } from '../../core/realm.ts'
import type { Account } from '../accounts.ts'
import type { Troubles } from '../troubles.ts'
import { slackRefusal } from './refusals.ts'
import type { Workspaces } from './workspaces.ts'

const KNOWN_MS = 60_000

const info = z.object({
  user: z.object({
    team_id: z.string(),
    name: z.string().default(''),
    deleted: z.boolean().default(false),
    is_bot: z.boolean().default(false),
    is_restricted: z.boolean().default(false),
    is_ultra_restricted: z.boolean().default(false),
    is_stranger: z.boolean().default(false),
    is_workflow_bot: z.boolean().default(false),
    is_email_confirmed: z.boolean().default(false),
    profile: z.object({ email: z.string().nullish() }).default({}),
  }),
})
type SlackUser = z.infer<typeof info>['user']

export type Recognised = { readonly account: Account } | { readonly problem: string }

const ELSEWHERE =
  'You are here from another workspace (Slack Connect). Only members of a workspace that the operator of Patchwarden named decide.'

/**
 * Recognises full members of the workspaces that count. In doubt, an account is nobody. A user id is unique only inside
 * its workspace (docs.slack.dev/reference/objects/user-object), so we ask that workspace about the user. We compare the
 * user's `team_id`, because `is_stranger` is false for people who share a channel with the app
 * (docs.slack.dev/apis/slack-connect).
 */
export function createMembership(workspaces: Workspaces, clock: () => Date, troubles: Troubles) {
  const known = new Map<string, { readonly seen: SlackUser; readonly until: number }>()

  async function look(user: string, workspace: string): Promise<SlackUser> {
    const whole = writeRealmId({ realm: workspace, id: user })
    const cached = known.get(whole)
    if (cached && cached.until > clock().getTime()) return cached.seen
    const client = await workspaces.clientOf(workspace)
    const { user: seen } = info.parse(await client.users.info({ user }))
    known.set(whole, { seen, until: clock().getTime() + KNOWN_MS })
    return seen
  }

  return {
    /** @param workspace the user's workspace, as the request says; `null`: the request does not say it */
    async recognise(user: string, workspace: string | null): Promise<Recognised> {
      try {
        const realm = workspace === null ? null : await workspaces.realmOf(workspace)
        if (realm === null) return { problem: ELSEWHERE }
        const seen = await look(user, realm.id)
        troubles.end('members')
        const problem = seen.team_id === realm.id ? standing(seen) : ELSEWHERE
        if (problem !== null) return { problem }
        const verifiedEmail = seen.is_email_confirmed ? (seen.profile.email ?? null) : null
        return { account: { platform: 'slack', id: user, realm, label: seen.name || user, verifiedEmail } }
      } catch (error) {
        noteRefusal(error, troubles)
        return { problem: `Slack did not say who you are (${errorText(error)}), so nothing was done. Try again.` }
      }
    },
  }
}

/** What Slack says of a single user is for that user; the rest is for the operator, because nobody can act. */
function noteRefusal(error: unknown, troubles: Troubles): void {
  const code = error instanceof WebAPIPlatformError ? error.data.error : null
  if (code !== null && slackRefusal(code).reach === 'message') return
  const why = code === 'missing_scope' ? LACKING : `${errorText(error).replace(/[.]?$/, '.')}`
  troubles.begin('members', `Slack does not say who clicks (users.info), so nobody can act there: ${why}`)
}

const LACKING = 'the app lacks the scope users:read. Install it again from manifests/slack.yaml.'

function standing(user: SlackUser): string | null {
  if (user.deleted) return 'This account is deactivated.'
  if (user.is_bot || user.is_workflow_bot) return 'Bots and workflows do not decide; people do.'
  if (user.is_restricted || user.is_ultra_restricted) return 'Guests of the workspace do not decide.'
  return user.is_stranger ? ELSEWHERE : null
}
