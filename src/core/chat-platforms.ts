/** The chat platforms that there are. One more is a line here, a folder under `src/chat/` with its line in `src/chat/registry.ts`, and its settings. */
export const chatPlatforms = {
  slack: { title: 'Slack', accountId: 'member id' },
  discord: { title: 'Discord', accountId: 'user id' },
} as const satisfies Readonly<Record<string, ChatPlatformWords>>

interface ChatPlatformWords {
  /** The name that people use for it. */
  readonly title: string
  /** How the platform calls the id of an account. */
  readonly accountId: string
}

export type ChatPlatformName = keyof typeof chatPlatforms

/** In the order in which they are listed. */
export const chatPlatformNames = Object.keys(chatPlatforms) as readonly ChatPlatformName[]

export function isChatPlatform(name: string): name is ChatPlatformName {
  return chatPlatformNames.some((known) => known === name)
}
