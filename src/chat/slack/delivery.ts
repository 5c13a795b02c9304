import { WebAPIPlatformError, WebAPIRateLimitedError, type WebClient } from '@slack/web-api'
import { z } from 'zod'
import type { ThreadEntry } from '../card.ts'
import type { Desk } from '../desk.ts'
import { type ChatPlatform, type OutgoingMessage, type Posts, TryLater } from '../platform.ts'
import { cardMessage, entryMessage, type SlackMessage, type Surroundings } from './card-blocks.ts'
import { createPace, type PaceLimits } from './pace.ts'

export interface SlackDeliveryParts {
  readonly client: WebClient
  readonly desk: Desk
  readonly posts: Posts
  /** Slack channel id of a channel of the configuration; `null`: it is not on Slack. */
  readonly placeOf: (channel: string) => string | null
  readonly surroundings: Surroundings
  readonly pace: PaceLimits
}

const SLACK = 'slack'
/** Our mark on each message, by which it is found again when an answer was lost. */
const EVENT = 'patchwarden_message'
/** A lost message is among the last ones. */
const LOOK_BACK = 50

const posted = z.object({ ts: z.string() })
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
  const { client, desk, posts, placeOf, surroundings } = parts
  const pace = createPace(parts.pace)

  async function deliver(message: OutgoingMessage): Promise<void> {
    const place = placeOf(message.channel)
    if (place === null) return
    try {
      if (message.entry === null) await showCard(message.proposal, place)
      else await addEntry(message, message.entry, place)
    } catch (error) {
      if (error instanceof WebAPIRateLimitedError) throw new TryLater(error.retryAfter)
      if (error instanceof WebAPIPlatformError) throw new Error(sentence(error, place))
      throw error
    }
  }

  async function addEntry({ id, proposal }: OutgoingMessage, entry: ThreadEntry, place: string): Promise<void> {
    for (const attempt of ['first', 'last'] as const) {
      const thread = await cardOf(proposal, place)
      if (thread === null) return
      try {
        await once(`entry ${id}`, proposal, place, thread, () => entryMessage(entry))
        return
      } catch (error) {
        if (attempt === 'last' || !isGone(error)) throw error
        await posts.forget(SLACK, `card ${proposal}`)
      }
    }
  }

  /** The card's message; posted now if it is not there yet. `null`: there is no such proposal. */
  async function cardOf(proposal: string, place: string): Promise<string | null> {
    const key = `card ${proposal}`
    const known = await posts.find(SLACK, key)
    if (known?.message) return known.message
    const card = await desk.card(proposal, null)
    if (card === null) return null
    return once(key, proposal, place, null, () => cardMessage(card, surroundings))
  }

  async function showCard(proposal: string, place: string): Promise<void> {
    const key = `card ${proposal}`
    const known = await posts.find(SLACK, key)
    if (!known?.message) {
      await cardOf(proposal, place)
      return
    }
    const card = await desk.card(proposal, null)
    if (card === null) return
    const { text, blocks } = cardMessage(card, surroundings)
    try {
      await pace.edit()
      await client.chat.update({ channel: known.place, ts: known.message, text, blocks })
    } catch (error) {
      if (!isGone(error)) throw error
      // Somebody deleted it: a proposal without its card would be out of sight.
      await posts.forget(SLACK, key)
      await cardOf(proposal, place)
    }
  }

  /** Posts under a key, once: what may have arrived before a crash is looked for first. */
  async function once(
    key: string,
    proposal: string,
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
    await pace.post(place)
    try {
      const answer = await client.chat.postMessage({
        channel: place,
        text,
        blocks,
        unfurl_links: false,
        unfurl_media: false,
        metadata: { event_type: EVENT, event_payload: { key } },
        ...(thread === null ? {} : { thread_ts: thread }),
      })
      return posted.parse(answer).ts
    } catch (error) {
      // Slack said no, so it certainly did not arrive; after anything else it is looked for before it is posted again.
      if (error instanceof WebAPIPlatformError || error instanceof WebAPIRateLimitedError)
        await posts.forget(SLACK, key)
      throw error
    }
  }

  async function search(key: string, place: string, thread: string | null): Promise<string | null> {
    const where = { channel: place, include_all_metadata: true }
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

function sentence(error: WebAPIPlatformError, place: string): string {
  const { error: code } = error.data
  return `Slack channel ${place} ${mends[code] ?? `refuses the message (${code}).`}`
}
