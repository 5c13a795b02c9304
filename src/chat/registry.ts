/** The list of chat platforms. Each has a folder and a line here. */

import type { ChatPlatformName } from '../core/chat-platforms.ts'
import { discord } from './discord/platform.ts'
import type { PlatformKind } from './platform-kind.ts'
import { slack } from './slack/platform.ts'

export const platformKinds: Readonly<Record<ChatPlatformName, PlatformKind>> = { slack, discord }
