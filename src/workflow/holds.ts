/** Which messages wait after an error: exactly those that it reaches. Pure. */

import { addressee } from '../chat/platform.ts'
import type { Reach } from '../chat/reach.ts'
import type { WaitingMessage } from '../store/outbox.ts'

/** What rests after an error. */
export interface Hold {
  readonly kind: 'message' | 'card' | 'thread' | 'channel' | 'workspace' | 'platform'
  readonly channel?: string
  readonly proposal?: string
  readonly id?: number
  readonly workspace?: string
}

type Message = Pick<WaitingMessage, 'id' | 'channel' | 'proposal' | 'entry'>
type WorkspaceOf = ((channel: string) => string | null) | undefined

/** What an error at this message holds back. If the workspace is not known, it is the channel. */
export function holdOf(reach: Reach, message: Message, workspaceOf: WorkspaceOf): Hold {
  const { id, channel, proposal, entry } = message
  const workspace = workspaceOf?.(channel) ?? null
  switch (reach) {
    case 'platform':
      return { kind: 'platform' }
    case 'workspace':
      return workspace === null ? { kind: 'channel', channel } : { kind: 'workspace', workspace }
    case 'channel':
      return { kind: 'channel', channel }
    case 'thread':
    case 'message':
      if (entry === null && proposal !== null) return { kind: 'card', channel, proposal }
      if (reach === 'message') return { kind: 'message', id }
      // Outside a thread, the conversation is the channel.
      return proposal === null || addressee(channel) !== null
        ? { kind: 'channel', channel }
        : { kind: 'thread', channel, proposal }
  }
}

/** Everything that would hold this message back. */
export function holdsOf(message: Message, workspaceOf: WorkspaceOf): readonly Hold[] {
  const reaches = ['message', 'thread', 'channel', 'workspace', 'platform'] as const
  return reaches.map((reach) => holdOf(reach, message, workspaceOf))
}

export function holdKey({ kind, channel, proposal, id, workspace }: Hold): string {
  return JSON.stringify([kind, channel, proposal, id, workspace])
}
