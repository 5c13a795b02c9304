import { WebAPIPlatformError, WebAPIRateLimitedError } from '@slack/web-api'
import { z } from 'zod'
import { errorText } from '../../core/error-text.ts'
import { readRealmId, writeRealmId } from '../../core/realm.ts'
import type { Accounts } from '../accounts.ts'
import type { ThreadEntry } from '../card.ts'
import type { Desk } from '../desk.ts'
import { createPictures, type DrawPng } from '../picture/sending.ts'
import {
  addressee,
  type ChatPlatform,
  type OutgoingMessage,
  PICTURE_SECONDS,
  type Posts,
  TryLater,
} from '../platform.ts'
import { cardMessage, entryMessage, type SlackMessage, type Surroundings } from './card-blocks.ts'
import { createCardFiles, refusedFiles } from './card-files.ts'
import { createPace, type PaceLimits } from './pace.ts'
import { createUpload, type PictureMessage } from './upload.ts'
import type { Workspaces } from './workspaces.ts'

export interface SlackDeliveryParts {
  readonly workspaces: Workspaces
  readonly desk: Desk
  readonly posts: Posts
  /** Slack channel id of a channel of the configuration; `null`: it is not on Slack. */
  readonly placeOf: (channel: string) => string | null
  readonly surroundings: Surroundings
  readonly accounts: Pick<Accounts, 'accountOf'>
  readonly pace: PaceLimits
  readonly drawPng: DrawPng
  readonly log: { warn(message: string): void }
}

const SLACK = 'slack'
/** Our mark on each message, by which it is found again when an answer was lost. */
const EVENT = 'patchwarden_message'
/** A lost message is among the last ones. */
const LOOK_BACK = 50

const posted = z.object({ ts: z.string() })
const opened = z.object({ channel: z.object({ id: z.string() }) })
const found = z.object({
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

/** Posts and edits through the Web API. Each message is posted once, whatever is lost in between. */
export function createSlackDelivery(parts: SlackDeliveryParts): ChatPlatform {
  const { workspaces, desk, posts, placeOf, surroundings } = parts
  const pace = createPace(parts.pace)
  /** Direct messages that were opened already, by user and workspace. */
  const conversations = new Map<string, string>()
  const clientFor = (place: string) => workspaces.clientOf(readRealmId(place).realm)
  const pictures = createPictures('Slack', parts.drawPng, parts.log)
  const uploadPicture = createUpload({ clientFor, posts, pictures })
  const cardFiles = createCardFiles({ posts, pictures })

  async function deliver(message: OutgoingMessage): Promise<number | null> {
    const person = addressee(message.channel)
    const place = person === null ? placeOf(message.channel) : await conversationWith(person)
    if (place === null) return null
    const { id, proposal, entry } = message
    try {
      if (entry === null) return proposal === null ? null : await showCard(proposal, place)
      if (person === null && proposal !== null) return await addEntry(id, proposal, entry, place)
      await once(`entry ${id}`, proposal, place, null, () => entryMessage(entry, surroundings))
      return null
    } catch (error) {
      if (error instanceof WebAPIRateLimitedError) throw new TryLater(error.retryAfter)
      if (error instanceof WebAPIPlatformError) throw new Error(sentence(error, place))
      throw error
    }
  }

  /** The direct messages with a person, in the workspace of their account; `null` where they are in none that counts. */
  async function conversationWith(person: string): Promise<string | null> {
    const written = await parts.accounts.accountOf(SLACK, person)
    if (written === null) return null
    const { realm, id: user } = readRealmId(written)
    const workspace = (await workspaces.realmOf(realm))?.id
    if (workspace === undefined) return null
    const account = writeRealmId({ realm: workspace, id: user })
    const known = conversations.get(account)
    if (known !== undefined) return known
    const client = await workspaces.clientOf(workspace)
    try {
      const { id } = opened.parse(await client.conversations.open({ users: user })).channel
      const place = writeRealmId({ realm: workspace, id })
      conversations.set(account, place)
      return place
    } catch (error) {
      if (error instanceof WebAPIRateLimitedError) throw new TryLater(error.retryAfter)
      if (!(error instanceof WebAPIPlatformError)) throw error
      // Nothing that waiting would mend; the thread and the console say the same.
      parts.log.warn(`Slack opens no direct message with ${person} (${account}): ${slackProblem(error)}`)
      return null
    }
  }

  async function addEntry(id: number, proposal: string, entry: ThreadEntry, place: string): Promise<number | null> {
    for (const attempt of ['first', 'last'] as const) {
      const thread = await cardOf(proposal, place)
      if (thread === null) return null
      try {
        await once(`entry ${id}`, proposal, place, thread, () => entryMessage(entry, surroundings))
        if (entry.picture) await addPicture({ id, proposal, place, thread, picture: entry.picture })
        return entry.picture || attempt === 'last' ? PICTURE_SECONDS : null
      } catch (error) {
        if (attempt === 'last' || !isGone(error)) throw error
        await posts.forget(SLACK, `card ${proposal}`)
      }
    }
    return null
  }

  async function addPicture(message: PictureMessage): Promise<void> {
    const file = await uploadPicture(message)
    if (file !== null) await cardFiles.keep(message.proposal, message.place, message.picture, file)
  }

  /** The card's message; posted now, without pictures, if it is not there yet. `null`: there is no such proposal. */
  async function cardOf(proposal: string, place: string): Promise<string | null> {
    const key = `card ${proposal}`
    const known = await posts.find(SLACK, key)
    if (known?.message) return known.message
    const card = await desk.card(proposal, null)
    if (card === null) return null
    return once(key, proposal, place, null, () => cardMessage(card, surroundings))
  }

  /** @param without files that it was just refused for: no card waits for its pictures */
  async function showCard(proposal: string, place: string, without: readonly string[] = []): Promise<number | null> {
    const key = `card ${proposal}`
    const known = await posts.find(SLACK, key)
    if (!known?.message) {
      await cardOf(proposal, place)
      return null
    }
    // First the turn, then the card: it shows what is so when it is sent.
    await pace.edit()
    const card = await desk.card(proposal, null)
    if (card === null) return null
    const files = (await cardFiles.of(card)).filter(({ id }) => !without.includes(id))
    const message = cardMessage(card, surroundings, files)
    const shownAt = await placeOfCard(known.place, place)
    if (shownAt === null) return postAnew(proposal, place)
    try {
      const client = await clientFor(shownAt)
      await client.chat.update({ channel: readRealmId(shownAt).id, ts: known.message, ...message })
      cardFiles.shown(files)
      return null
    } catch (error) {
      const refused = refusedFiles(error, message)
      if (refused.length > 0) {
        const again = cardFiles.refused(refused)
        return (await showCard(proposal, place, [...without, ...refused])) ?? again
      }
      if (!isGone(error)) throw error
      // A proposal without its card would be out of sight.
      parts.log.warn(`Somebody deleted the card of ${proposal} in Slack; it is posted again.`)
      return postAnew(proposal, place)
    }
  }

  async function postAnew(proposal: string, place: string): Promise<number> {
    await posts.forget(SLACK, `card ${proposal}`)
    await cardOf(proposal, place)
    return PICTURE_SECONDS
  }

  /** Where a card that was posted is; `null`: in a workspace that does not count any more, while the channel of now does. */
  async function placeOfCard(posted: string, now: string): Promise<string | null> {
    // A channel that was written alone is the same with its workspace before it.
    if (readRealmId(now).id === posted) return now
    const counts = async (place: string) => (await workspaces.realmOf(readRealmId(place).realm)) !== null
    return (await counts(posted)) || !(await counts(now)) ? posted : null
  }

  /** Posts under a key, once: what may have arrived before a crash is looked for first. */
  async function once(
    key: string,
    proposal: string | null,
    place: string,
    thread: string | null,
    content: () => SlackMessage,
  ): Promise<string> {
    const known = await posts.find(SLACK, key)
    if (known?.message) return known.message
    const earlier = known === null ? null : await search(key, place, thread)
    if (known === null) await posts.begin(SLACK, { key, proposal, place })
    const ts = earlier ?? (await post(key, place, thread, content()))
    await posts.sent(SLACK, key, ts)
    return ts
  }

  async function post(
    key: string,
    place: string,
    thread: string | null,
    { text, blocks }: SlackMessage,
  ): Promise<string> {
    const client = await clientFor(place)
    const message = {
      channel: readRealmId(place).id,
      text,
      blocks,
      unfurl_links: false,
      unfurl_media: false,
      metadata: { event_type: EVENT, event_payload: { key } },
      ...(thread === null ? {} : { thread_ts: thread }),
    }
    try {
      const answer = await pace.post(place, () => client.chat.postMessage(message))
      return posted.parse(answer).ts
    } catch (error) {
      // Slack said no, so it certainly did not arrive; after anything else it is looked for before it is posted again.
      if (error instanceof WebAPIPlatformError || error instanceof WebAPIRateLimitedError)
        await posts.forget(SLACK, key)
      throw error
    }
  }

  async function search(key: string, place: string, thread: string | null): Promise<string | null> {
    const client = await clientFor(place)
    const where = { channel: readRealmId(place).id, include_all_metadata: true }
    const answer =
      thread === null
        ? await client.conversations.history({ ...where, limit: LOOK_BACK })
        : await client.conversations.replies({ ...where, ts: thread, limit: 1_000 })
    const message = found
      .parse(answer)
      .messages.find(({ metadata }) => metadata?.event_type === EVENT && metadata.event_payload.key === key)
    return message?.ts ?? null
  }

  return { name: SLACK, deliver }
}

function isGone(error: unknown): boolean {
  return error instanceof WebAPIPlatformError && ['message_not_found', 'thread_not_found'].includes(error.data.error)
}

const mends: Readonly<Record<string, string>> = {
  channel_not_found:
    'does not exist, or the app cannot see it: check its id and invite the app (/invite @Patchwarden).',
  not_in_channel: 'is one that the app is not in: invite it (/invite @Patchwarden).',
  is_archived: 'is archived: unarchive it, or give the team another channel in patchwarden.yaml.',
  missing_scope: 'cannot be used, because the app lacks a scope: install it again from manifests/slack.yaml.',
  invalid_auth: 'cannot be reached: SLACK_BOT_TOKEN is not valid.',
  token_revoked: 'cannot be reached: SLACK_BOT_TOKEN was revoked. Install the app again and set the new token.',
  account_inactive:
    'cannot be reached: the app was removed from the workspace. Install it again and set the new token.',
}

/** What an error of Slack means, as a sentence. */
export function slackProblem(error: unknown): string {
  if (!(error instanceof WebAPIPlatformError)) return errorText(error)
  const { error: code } = error.data
  const mend = mends[code]
  return mend === undefined ? `it refuses (${code}).` : `the channel ${mend}`
}

function sentence(error: WebAPIPlatformError, place: string): string {
  const { error: code } = error.data
  return `Slack channel ${place} ${mends[code] ?? `refuses the message (${code}).`}`
}
