/** What a chat platform says of itself, in `platform.ts` of its folder: everything else asks the list of platforms. */

import type { InstallationStore } from '@slack/bolt'
import type { Values, Variables } from '../core/variables.ts'
import type { Accounts } from './accounts.ts'
import type { Desk } from './desk.ts'
import type { DrawPng } from './picture/sending.ts'
import type { ChatConnection, Posts } from './platform.ts'
import type { Installations } from './slack/workspaces.ts'

/** What `connect` is given. */
export interface PlatformGiven {
  /** The variables of the environment that are set. Secrets. */
  readonly values: Values
  readonly desk: Desk
  readonly posts: Posts
  readonly accounts: Accounts
  /** The channels of the platform by channel of the configuration. */
  readonly places: ReadonlyMap<string, string>
  /** identity.slackWorkspaces: the workspaces that the operator named. */
  readonly slackWorkspaces: readonly string[]
  /** Where Slack keeps what it is given by workspaces that install the app, sealed with the secret. */
  slackInstallations(secret: string): Installations & InstallationStore
  readonly consoleUrl: string
  readonly drawPng: DrawPng
  readonly clock: () => Date
  readonly log: { info(message: string): void; warn(message: string): void }
}

export interface PlatformKind {
  readonly variables: Variables
  /** Whether the variables say how to connect. */
  isUsed(values: Values): boolean
  /** Makes the connection where it is used, without connecting. The client of the platform is loaded only then. */
  connect(given: PlatformGiven): Promise<ChatConnection | null>
}
