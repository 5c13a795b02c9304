/** What a chat platform says about itself in its folder's `platform.ts`. Other code uses the list of platforms. */

import type { InstallationStore } from '@slack/bolt'
import type { Values, Variables } from '../core/variables.ts'
import type { Accounts } from './accounts.ts'
import type { Desk } from './desk.ts'
import type { DrawPng } from './picture/sending.ts'
import type { ChatConnection, Posts } from './platform.ts'
import type { Installations } from './slack/workspaces.ts'
import type { Troubles } from './troubles.ts'

/** The parts that `connect` gets. */
export interface PlatformGiven {
  /** The environment variables that are set. They hold secrets. */
  readonly values: Values
  readonly desk: Desk
  readonly posts: Posts
  readonly accounts: Accounts
  /** The platform's channels, by channel of the configuration. */
  readonly places: ReadonlyMap<string, string>
  /** identity.slackWorkspaces: workspaces that the operator named. */
  readonly slackWorkspaces: readonly string[]
  /** Storage for the tokens that Slack workspaces give when they install the app. It is encrypted with the secret. */
  slackInstallations(secret: string): Installations & InstallationStore
  readonly consoleUrl: string
  readonly drawPng: DrawPng
  readonly clock: () => Date
  readonly troubles: Troubles
  readonly log: { info(message: string): void; warn(message: string): void }
}

export interface PlatformKind {
  readonly variables: Variables
  /** True if the variables say how to connect. */
  isUsed(values: Values): boolean
  /** Loads the platform's client library and makes the connection, not yet open; `null`: the platform is not used. */
  connect(given: PlatformGiven): Promise<ChatConnection | null>
}
