import { WebAPIPlatformError, WebAPIRateLimitedError } from '@slack/web-api'
import { z } from 'zod'
import { errorText } from '../../core/error-text.ts'
import { readRealmId } from '../../core/realm.ts'
import type { Accounts } from '../accounts.ts'
import type { Card, ThreadEntry } from '../card.ts'
import type { Messaging, Posted, Spot, ThreadMessage } from '../messaging.ts'
import { createPictures, type DrawPng } from '../picture/sending.ts'
import { type Posts, TryLater } from '../platform.ts'
import { type Refusal, reachWithoutAnswer, refusalSentence, Undelivered } from '../reach.ts'
import { withAccounts } from '../rich-text.ts'
import { cardMessage, entryMessage, type SlackMessage, type Surroundings } from './card-blocks.ts'
import { createCardFiles, refusedFiles } from './card-files.ts'
import { createConversations } from './conversations.ts'
import { createPace, type PaceLimits } from './pace.ts'
import { slackRefusal } from './refusals.ts'
import { createUpload } from './upload.ts'
import type { Workspaces } from './workspaces.ts'

export interface SlackMessagingParts {
  readonly workspaces: Workspaces
  readonly posts: Posts
  /** The Slack channel id of a channel of the configuration; `null`: that channel is not on Slack. */
  readonly placeOf: (channel: string) => string | null
  readonly surroundings: Surroundings
  readonly accounts: Pick<Accounts, 'accountOf'>
  readonly pace: PaceLimits
  readonly drawPng: DrawPng
  readonly log: { warn(message: string): void }
}

/** What the functions of this file share. */
interface Slack {
  readonly workspaces: Workspaces
  readonly surroundings: Surroundings
  readonly accounts: SlackMessagingParts['accounts']
  readonly pace: ReturnType<typeof createPace>
  readonly cardFiles: ReturnType<typeof createCardFiles>
  readonly uploadPicture: ReturnType<typeof createUpload>
}

/** Our mark in each message's metadata. It finds the message again when Slack's answer was lost. */
const EVENT = 'patchwarden_message'
/** How many of the last messages are searched for a lost one. */
const LOOK_BACK = 50

const answered = z.object({ ts: z.string() })
const linked = z.object({ permalink: z.string() })
const listed = z.object({
  messages: z
    .array(
      z.object({
        ts: z.string(),
        metadata: z
          .object({ event_type: z.string(), event_payload: z.object({ key: z.string().optional() }) })
          .optional(),
      }),
    )
    .default([]),
})

/** Posts and edits with the Web API. */
export function createSlackMessaging(parts: SlackMessagingParts): Messaging<SlackMessage> {
  const { workspaces, posts, surroundings } = parts
  const pictures = createPictures('Slack', parts.drawPng, parts.log)
  const clientFor = (place: string) => workspaces.clientOf(readRealmId(place).realm)
  const slack: Slack = {
    workspaces,
    surroundings,
    accounts: parts.accounts,
    pace: createPace(parts.pace),
    cardFiles: createCardFiles({ posts, pictures }),
    uploadPicture: createUpload({ clientFor, posts, pictures }),
  }
  return {
    name: 'slack',
    title: 'Slack',
    placeOf: parts.placeOf,
    workspaceOf: (channel) => {
      const place = parts.placeOf(channel)
      if (place !== null) return readRealmId(place).realm ?? ''
      // Direct messages: with one workspace, they are in it.
      return workspaces.isOne ? '' : null
    },
    conversationWith: createConversations(workspaces, parts.accounts),
    cardContent: (card) => cardMessage(card, surroundings),
    aloneContent: (entry) => entryMessage(entry, surroundings),
    post: (spot, key, message) => post(slack, spot, key, message),
    find: (spot, key) => find(slack, spot, key),
    editCard: (posted, place, current) => editCard(slack, posted, place, current),
    // A Slack thread has no id of its own; the message's id names it.
    threadSpot: (place, card) => ({ place, thread: card }),
    say: (message, write) => say(slack, message, write),
    refusalOf,
    isGone,
    linkTo: (posted) => linkTo(slack, posted),
    problem,
  }
}

async function post(
  { workspaces, pace }: Slack,
  { place, thread }: Spot,
  key: string,
  { text, blocks, broadcast }: SlackMessage,
): Promise<string> {
  const { realm, id: channel } = readRealmId(place)
  const client = await workspaces.clientOf(realm)
  const message = {
    channel,
    text,
    blocks,
    unfurl_links: false,
    unfurl_media: false,
    metadata: { event_type: EVENT, event_payload: { key } },
  }
  const reply = broadcast === true ? ({ reply_broadcast: true } as const) : {}
  const whole = thread === null ? message : { ...message, thread_ts: thread, ...reply }
  return answered.parse(await pace.post(place, () => client.chat.postMessage(whole))).ts
}

async function find({ workspaces }: Slack, { place, thread }: Spot, key: string): Promise<string | null> {
  const { realm, id: channel } = readRealmId(place)
  const client = await workspaces.clientOf(realm)
  const where = { channel, include_all_metadata: true }
  const answer =
    thread === null
      ? await client.conversations.history({ ...where, limit: LOOK_BACK })
      : await client.conversations.replies({ ...where, ts: thread, limit: 1_000 })
  const message = listed
    .parse(answer)
    .messages.find(({ metadata }) => metadata?.event_type === EVENT && metadata.event_payload.key === key)
  return message?.ts ?? null
}

/** A picture is a separate message after its text. */
async function say(
  slack: Slack,
  { id, proposal, entry, place, card }: ThreadMessage,
  write: (content: SlackMessage) => Promise<void>,
): Promise<void> {
  const { surroundings, uploadPicture, cardFiles } = slack
  await write(entryMessage(await withMentions(slack, entry, place), surroundings))
  const { picture } = entry
  if (picture === undefined) return
  const file = await uploadPicture({ id, proposal, place, thread: card, picture })
  if (file !== null) await cardFiles.keep(proposal, place, picture, file)
}

/** The entry with the accounts of those whom it mentions, as far as they are members of the channel's workspace. */
async function withMentions({ workspaces, accounts }: Slack, entry: ThreadEntry, place: string): Promise<ThreadEntry> {
  const { loud } = entry
  if (loud === undefined) return entry
  const here = (await workspaces.realmOf(readRealmId(place).realm))?.id
  const accountOf = async (person: string) => {
    const written = await accounts.accountOf('slack', person)
    if (written === null) return null
    const { realm, id } = readRealmId(written)
    return (await workspaces.realmOf(realm))?.id === here ? id : null
  }
  return { ...entry, loud: await withAccounts(loud, accountOf) }
}

/**
 * Edits the card.
 *
 * @param without files that Slack has just refused. The card does not wait for its pictures.
 */
async function editCard(
  slack: Slack,
  posted: Posted,
  place: string,
  current: () => Promise<Card | null>,
  without: readonly string[] = [],
): Promise<number | null | 'elsewhere'> {
  const { workspaces, surroundings, pace, cardFiles } = slack
  // Waits for its turn before it reads the card, so that the card is current when it is sent.
  await pace.edit()
  const card = await current()
  if (card === null) return null
  const files = (await cardFiles.of(card)).filter(({ id }) => !without.includes(id))
  const message = cardMessage(card, surroundings, files)
  const shownAt = await placeOfCard(workspaces, posted.place, place)
  if (shownAt === null) return 'elsewhere'
  const { realm, id: channel } = readRealmId(shownAt)
  try {
    const client = await workspaces.clientOf(realm)
    await client.chat.update({ channel, ts: posted.message, ...message })
    cardFiles.shown(files)
    return null
  } catch (error) {
    const refused = refusedFiles(error, message)
    if (refused.length === 0) throw error
    const again = cardFiles.refused(refused)
    return (await editCard(slack, posted, place, current, [...without, ...refused])) ?? again
  }
}

/**
 * The channel of a posted card; `null`: its workspace does not count any more, but the workspace of the channel of
 * today counts.
 */
async function placeOfCard(workspaces: Workspaces, posted: string, now: string): Promise<string | null> {
  // A channel that was written without its workspace is the same channel with its workspace.
  if (readRealmId(now).id === posted) return now
  const counts = async (place: string) => (await workspaces.realmOf(readRealmId(place).realm)) !== null
  return (await counts(posted)) || !(await counts(now)) ? posted : null
}

function refusalOf(error: unknown): Refusal | null {
  if (error instanceof WebAPIPlatformError) return slackRefusal(error.data.error)
  return error instanceof WebAPIRateLimitedError ? slackRefusal('ratelimited') : null
}

function problem(error: unknown, place: string): unknown {
  if (error instanceof Undelivered) return error
  if (error instanceof WebAPIRateLimitedError) return new TryLater(error.retryAfter)
  const refused = refusalOf(error)
  if (refused !== null) return new Undelivered(refused.reach, refusalSentence('Slack', refused, place), error)
  return new Undelivered(reachWithoutAnswer(error), `Slack: ${errorText(error)}`, error)
}

/** https://docs.slack.dev/reference/methods/chat.getPermalink needs no scope. */
async function linkTo({ workspaces }: Slack, { place, message }: Posted): Promise<string | null> {
  const { realm, id: channel } = readRealmId(place)
  try {
    const client = await workspaces.clientOf(realm)
    return linked.parse(await client.chat.getPermalink({ channel, message_ts: message })).permalink
  } catch (error) {
    if (!(error instanceof WebAPIPlatformError)) throw error
    return null
  }
}

function isGone(error: unknown): boolean {
  return error instanceof WebAPIPlatformError && ['message_not_found', 'thread_not_found'].includes(error.data.error)
}
