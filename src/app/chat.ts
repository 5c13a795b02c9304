import type { Installation as SlackInstallation } from '@slack/bolt'
import type { Accounts } from '../chat/accounts.ts'
import type { Desk } from '../chat/desk.ts'
import { createDiscord } from '../chat/discord/connection.ts'
import type { ChatConnection, ChatPlatform, Posts } from '../chat/platform.ts'
import { createSlack } from '../chat/slack/connection.ts'
import { consoleUrl } from '../config/console-url.ts'
import type { Environment } from '../config/environment.ts'
import type { Config } from '../config/schema.ts'
import { drawPng } from '../integrations/picture/index.ts'
import type { Db } from '../store/connection.ts'
import type { Database } from '../store/database.ts'
import { tellChange } from '../store/notify.ts'
import { addConsoleMessage } from '../store/outbox.ts'
import { createSlackInstallations } from '../store/slack-installations.ts'
import type { WorkflowLog } from '../workflow/log.ts'

export interface ConnectionParts {
  readonly db: Db
  readonly desk: Desk
  readonly posts: Posts
  readonly accounts: Accounts
  readonly clock: () => Date
  readonly log: WorkflowLog
}

/** The chat platforms that there are secrets for. */
export function buildConnections(
  config: Config,
  environment: Environment,
  parts: ConnectionParts,
): readonly ChatConnection[] {
  const url = consoleUrl(config)
  const connections: ChatConnection[] = []
  if (environment.slack !== null) {
    const { access, apiUrl } = environment.slack
    const secret = access.mode === 'oauth' ? access.clientSecret : ''
    const installations = createSlackInstallations<SlackInstallation>(parts.db, secret, parts.clock)
    const places = placesOn(config, 'slack')
    const named = config.identity.slackWorkspaces
    connections.push(createSlack({ access, apiUrl, installations, ...parts, drawPng, named, places, consoleUrl: url }))
  }
  if (environment.discord !== null) {
    const places = placesOn(config, 'discord')
    connections.push(createDiscord({ ...environment.discord, ...parts, drawPng, places, consoleUrl: url }))
  }
  return connections
}

/** Channel ids of a platform by channel of the configuration. */
function placesOn(config: Config, platform: 'slack' | 'discord'): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(config.channels).flatMap(([id, channel]) => {
      const place = channel[platform]
      return place ? [[id, place] as const] : []
    }),
  )
}

/** The console keeps thread entries in the database, and tells open pages that something changed. */
export function consolePlatform({ db }: Pick<Database, 'db'>): ChatPlatform {
  return {
    name: 'console',
    async deliver({ id, channel, proposal, at, entry }) {
      if (entry !== null && proposal !== null) await addConsoleMessage(db, { id, channel, proposal, at, entry })
      await tellChange(db, { channel, proposal })
      return null
    },
  }
}
