import { z } from 'zod'
import { readRealmId, writeRealmId } from '../../core/realm.ts'
import type { Accounts } from '../accounts.ts'
import type { Workspaces } from './workspaces.ts'

const opened = z.object({ channel: z.object({ id: z.string() }) })

/** The direct messages with a person; `null`: no account, or a workspace that does not count. */
export function createConversations(workspaces: Workspaces, accounts: Pick<Accounts, 'accountOf'>) {
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
    const { id } = opened.parse(await client.conversations.open({ users: user })).channel
    const place = writeRealmId({ realm: workspace, id })
    known.set(account, place)
    return place
  }
}
