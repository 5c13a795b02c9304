/**
 * All chat platforms. A new one needs a line here, a folder in `src/chat/`, a line in its `registry.ts`, and settings.
 */
export const chatPlatforms = {
  slack: { title: 'Slack', accountId: 'member id' },
  discord: { title: 'Discord', accountId: 'user id' },
} as const satisfies Readonly<Record<string, ChatPlatformWords>>

interface ChatPlatformWords {
  /** The name that people use for the platform. */
  readonly title: string
  /** The platform's own term for the id of an account. */
  readonly accountId: string
}

export type ChatPlatformName = keyof typeof chatPlatforms

/** The order in which the platforms are listed. */
export const chatPlatformNames = Object.keys(chatPlatforms) as readonly ChatPlatformName[]

export function isChatPlatform(name: string): name is ChatPlatformName {
  return chatPlatformNames.some((known) => known === name)
}
