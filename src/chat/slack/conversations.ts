import { WebAPIPlatformError, WebAPIRateLimitedError } from '@slack/web-api'
import { z } from 'zod'
import { readRealmId, writeRealmId } from '../../core/realm.ts'
import type { Accounts } from '../accounts.ts'
import { TryLater } from '../platform.ts'
import { slackProblem } from './problem.ts'
import type { Workspaces } from './workspaces.ts'

const opened = z.object({ channel: z.object({ id: z.string() }) })

/** The direct messages with a person; `null`: no account, a workspace that does not count, or Slack refuses. */
export function createConversations(
  workspaces: Workspaces,
  accounts: Pick<Accounts, 'accountOf'>,
  log: { warn(message: string): void },
) {
  /** Conversations that are already open, by account. */
  const known = new Map<string, string>()

  return async (person: string): Promise<string | null> => {
    const written = await accounts.accountOf('slack', person)
    if (written === null) return null
    const { realm, id: user } = readRealmId(written)
    const workspace = (await workspaces.realmOf(realm))?.id
    if (workspace === undefined) return null
    const account = writeRealmId({ realm: workspace, id: user })
    const before = known.get(account)
    if (before !== undefined) return before
    const client = await workspaces.clientOf(workspace)
    try {
      const { id } = opened.parse(await client.conversations.open({ users: user })).channel
      const place = writeRealmId({ realm: workspace, id })
      known.set(account, place)
      return place
    } catch (error) {
      if (error instanceof WebAPIRateLimitedError) throw new TryLater(error.retryAfter)
      if (!(error instanceof WebAPIPlatformError)) throw error
      // Trying again would not help. The thread and the console show the same.
      log.warn(`Slack opens no direct message with ${person} (${account}): ${slackProblem(error)}`)
      return null
    }
  }
}
