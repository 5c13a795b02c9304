/**
 * What Discord's error codes mean for a message:
 * https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
 */

import { type Refusal, refusal } from '../reach.ts'

const anew = (problem: string) => refusal('message', problem, 'anew')
const shorter = (problem: string) => refusal('message', problem, 'shorter')
const nobody = (problem: string) => refusal('message', problem, 'nothing')
const badToken = refusal(
  'platform',
  'cannot be used: DISCORD_BOT_TOKEN is not valid. Set the one from the page "Bot" of the app.',
)
const byItself = 'that ends by itself.'

const refusals: ReadonlyMap<number, Refusal> = new Map([
  // One message, or its thread.
  [10_008, anew('does not have the message any more: somebody deleted it.')],
  [50_005, anew('does not let the app change this message: it is of another app.')],
  [50_021, anew('does not let the app change this message: it is one of Discord itself.')],
  [50_083, anew('takes nothing in this thread: it is archived and locked.')],
  [160_005, anew('takes nothing in this thread: it is locked.')],
  [50_035, shorter('refuses the content of the message (50035).')],
  [50_006, shorter('refuses the message, because it is empty (50006).')],
  [40_005, shorter('refuses the message, because it is too large (40005).')],
  [50_045, shorter('refuses the message, because a file is too large (50045).')],
  [30_015, shorter('refuses the message, because it has too many files (30015).')],
  [200_000, shorter('refuses the message: AutoMod of the server blocks its content. Except the app from that rule.')],
  [240_000, shorter('refuses the message, because it takes a link in it for harmful (240000).')],
  [30_046, refusal('message', `lets older messages be changed only a few times in a while; ${byItself}`)],
  [
    50_013,
    refusal(
      'thread',
      'does not let the app write here: give it Send Messages, Create Public Threads and Send Messages in Threads in the channel.',
    ),
  ],
  // Cloudflare judges requests by their content, too.
  [40_333, refusal('thread', 'blocks the request (40333).')],
  [160_006, refusal('thread', 'opens no more threads in this server: archive some of the active ones.')],

  // One channel.
  [10_003, refusal('channel', 'does not exist: check its id in patchwarden.yaml.')],
  [50_001, refusal('channel', 'cannot be seen by the app: give it the permission View Channel there.')],
  [50_008, refusal('channel', 'is no text channel: give the team another one in patchwarden.yaml.')],
  [50_024, refusal('channel', 'is no text channel: give the team another one in patchwarden.yaml.')],
  [40_058, refusal('channel', 'is a forum: give the team a text channel in patchwarden.yaml.')],
  [50_009, refusal('channel', 'wants a higher level of verification than the app has.')],
  [20_016, refusal('channel', `has slow mode; ${byItself}`)],
  [20_028, refusal('channel', `gets too many messages; ${byItself}`)],

  // The server.
  [10_004, refusal('workspace', 'does not have the server any more, or the app was removed from it: invite it again.')],
  [20_029, refusal('workspace', `gets too many messages for this server; ${byItself}`)],

  // All of Discord.
  [40_001, badToken],
  [50_014, badToken],
  [10_002, refusal('platform', 'does not know the app any more: it was deleted.')],
  [40_002, refusal('platform', 'wants the account of the app to be verified.')],
  [40_004, refusal('platform', `takes no messages for now (40004); ${byItself}`)],
  [40_006, refusal('platform', `has switched this off for now (40006); ${byItself}`)],
  [40_062, refusal('platform', `limits the calls for now (40062); ${byItself}`)],
  [130_000, refusal('platform', `is overloaded (130000); ${byItself}`)],

  // Somebody who gets no direct messages from the app.
  [10_013, nobody('knows no such account.')],
  [20_009, nobody('does not let the app write to this account.')],
  [50_007, nobody('does not let the app write to this account: it takes no direct messages.')],
  [50_033, nobody('does not let the app write to this account.')],
  [50_278, nobody('does not let the app write to this account: they share no server.')],
])

/** A code that is not in the table holds back only its message. Code 0 comes with the status of HTTP alone. */
export function discordRefusal({ code, status, message }: Pick<DiscordError, 'code' | 'status' | 'message'>): Refusal {
  if (status === 401) return badToken
  return refusals.get(Number(code)) ?? refusal('message', `refuses the message (${message}).`)
}

interface DiscordError {
  readonly code: number | string
  readonly status: number
  readonly message: string
}

export const discordCodes: readonly number[] = [...refusals.keys()]
