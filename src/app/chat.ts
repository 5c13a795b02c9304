import type { Installation as SlackInstallation } from '@slack/bolt'
import type { ChatConnection, ChatPlatform } from '../chat/platform.ts'
import type { PlatformGiven } from '../chat/platform-kind.ts'
import { platformKinds } from '../chat/registry.ts'
import type { Troubles } from '../chat/troubles.ts'
import { consoleUrl } from '../config/console-url.ts'
import type { Config } from '../config/schema.ts'
import { type ChatPlatformName, chatPlatformNames } from '../core/chat-platforms.ts'
import type { Values } from '../core/variables.ts'
import { drawPng } from '../integrations/picture/index.ts'
import type { Db } from '../store/connection.ts'
import type { Database } from '../store/database.ts'
import { tellChange } from '../store/notify.ts'
import { addConsoleMessage } from '../store/outbox.ts'
import { createSlackInstallations } from '../store/slack-installations.ts'

type ConnectionParts = Pick<PlatformGiven, 'desk' | 'posts' | 'accounts' | 'clock' | 'log'> & {
  readonly db: Db
  readonly troublesOf: (platform: ChatPlatformName) => Troubles
}

/** Builds a connection to each chat platform whose secrets are set. It does not connect yet. */
export async function buildConnections(
  config: Config,
  values: Values,
  { db, troublesOf, ...parts }: ConnectionParts,
): Promise<readonly ChatConnection[]> {
  const given = {
    ...parts,
    values,
    slackWorkspaces: config.identity.slackWorkspaces,
    slackInstallations: (secret: string) => createSlackInstallations<SlackInstallation>(db, secret, parts.clock),
    consoleUrl: consoleUrl(config),
    drawPng,
  }
  const made = chatPlatformNames.map((name) =>
    platformKinds[name].connect({ ...given, troubles: troublesOf(name), places: placesOn(config, name) }),
  )
  return (await Promise.all(made)).filter((connection) => connection !== null)
}

/** The platform's channel id for each channel of the configuration that has one. */
function placesOn(config: Config, platform: ChatPlatformName): ReadonlyMap<string, string> {
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
