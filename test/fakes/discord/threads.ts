/** Starting a thread. Discord: resources/channel#start-thread-from-message, topics/threads. */

import { refuse } from './api-error.ts'
import { nobody } from './mentions.ts'
import { channelPayload } from './payloads.ts'
import { type Channel, intent, type Message, type World } from './world.ts'

interface ThreadStart {
  /** The id of the message it starts from, or a new one. */
  readonly id: string
  readonly name: string
  readonly minutes: number
  readonly type: 11 | 12
}

export function startThread(world: World, parent: Channel, start: ThreadStart): Channel {
  const active = [...world.channels.values()].filter((one) => one.thread && !one.thread.archived)
  if (active.length >= world.limits.activeThreads) throw refuse('tooManyThreads')
  const channel: Channel = {
    id: start.id,
    type: start.type,
    guildId: parent.guildId,
    parentId: parent.id,
    recipientId: null,
    name: start.name,
    overwrites: new Map(),
    messages: new Map(),
    thread: {
      ownerId: world.botId,
      archived: false,
      locked: false,
      autoArchiveMinutes: start.minutes,
      archiveChangedAt: world.now(),
      activeAt: world.now(),
      members: new Map([[world.botId, world.now()]]),
      totalSent: 0,
    },
  }
  world.channels.set(channel.id, channel)
  if (parent.messages.has(start.id)) putStarter(world, channel)
  const data = { ...channelPayload(world, channel, world.botId), newly_created: true }
  world.dispatch({ name: 'THREAD_CREATE', data, intent: intent.guilds })
  return channel
}

/** The first message of a thread points to the one it started from (type 21); it is nobody's to edit. */
function putStarter(world: World, channel: Channel): void {
  const starter: Message = {
    id: world.id(),
    channelId: channel.id,
    authorId: world.botId,
    type: 21,
    content: '',
    embeds: [],
    components: [],
    flags: 0,
    attachments: [],
    nonce: null,
    createdAt: world.now(),
    editedAt: null,
    mentions: nobody,
    notified: nobody,
    replyTo: null,
    ephemeralFor: null,
    interactionId: null,
    loading: false,
  }
  channel.messages.set(starter.id, starter)
}
