import { createHash } from 'node:crypto'
import { type APIMessage, DiscordAPIError, type RawFile, type REST, Routes } from 'discord.js'
import type { Accounts } from '../accounts.ts'
import type { Card, ThreadEntry } from '../card.ts'
import type { Desk } from '../desk.ts'
import type { Picture } from '../picture/picture.ts'
import { createPictures, type DrawPng } from '../picture/sending.ts'
import { addressee, type ChatPlatform, type OutgoingMessage, PICTURE_SECONDS, type Posts } from '../platform.ts'
import { oneLine, shorten } from '../visible.ts'
import { aloneMessage, type CardImage, cardMessage, entryContent, noMentions } from './card-components.ts'
import { createCardGallery, refusalWords, refusesPictures } from './card-gallery.ts'

export interface DiscordDeliveryParts {
  readonly rest: REST
  readonly desk: Desk
  readonly posts: Posts
  /** Discord channel id of a channel of the configuration; `null`: it is not on Discord. */
  readonly placeOf: (channel: string) => string | null
  readonly consoleUrl: string
  readonly accounts: Pick<Accounts, 'accountOf'>
  readonly drawPng: DrawPng
  readonly log: { warn(message: string): void }
  /** Called before each message: a token that was refused once is tried again. */
  readonly renew: () => void
}

/** The body of a message, and what is attached to it. */
type Content = Readonly<Record<string, unknown>> & { readonly files?: RawFile[] }

const DISCORD = 'discord'
/** A lost message is among the last ones. */
const LOOK_BACK = 50
const WEEK_MINUTES = 10_080
/** https://discord.com/developers/docs/topics/opcodes-and-status-codes#json */
const UNKNOWN_CHANNEL = 10_003
const UNKNOWN_MESSAGE = 10_008
const THREAD_EXISTS = 160_004
const CANNOT_MESSAGE = 50_007

/**
 * Posts and edits through Discord's API. A nonce made of the message's key keeps a repeated post from being two; what a
 * crash left open longer than Discord remembers nonces is looked for first.
 */
export function createDiscordDelivery(parts: DiscordDeliveryParts): ChatPlatform {
  const { rest, desk, posts, placeOf, consoleUrl } = parts
  const pictures = createPictures('Discord', parts.drawPng, parts.log)
  const gallery = createCardGallery({ posts, pictures })

  async function deliver(message: OutgoingMessage): Promise<number | null> {
    parts.renew()
    const person = addressee(message.channel)
    const place = person === null ? placeOf(message.channel) : await conversationWith(person)
    if (place === null) return null
    const { id, proposal, entry } = message
    try {
      if (entry === null) return proposal === null ? null : await showCard(proposal, place)
      if (person === null && proposal !== null) {
        await addEntry(id, proposal, entry, place)
        return entry.picture === undefined ? null : PICTURE_SECONDS
      }
      const content = aloneMessage(entry, consoleUrl)
      const mark = (found: APIMessage) => found.content === content.content
      await once(`entry ${id}`, proposal, place, mark, content)
      return null
    } catch (error) {
      throw error instanceof DiscordAPIError ? new Error(discordProblem(error, place)) : error
    }
  }

  /** The direct messages with a person; `null` where they are not on Discord, or take none from us. */
  async function conversationWith(person: string): Promise<string | null> {
    const user = await parts.accounts.accountOf(DISCORD, person)
    if (user === null) return null
    try {
      const channel = (await rest.post(Routes.userChannels(), { body: { recipient_id: user } })) as { id: string }
      return channel.id
    } catch (error) {
      if (!(error instanceof DiscordAPIError) || error.status === 401) throw error
      // Nothing that waiting would mend; the thread and the console say the same.
      parts.log.warn(`Discord opens no direct message with ${person} (${user}): ${error.message}`)
      return null
    }
  }

  async function addEntry(id: number, proposal: string, entry: ThreadEntry, place: string): Promise<void> {
    const content = entryContent(entry)
    const text: Content = { content, allowed_mentions: noMentions }
    const whole = entry.picture === undefined ? text : await withPicture(text, entry.picture, id)
    for (const attempt of ['first', 'last'] as const) {
      const thread = await threadOf(proposal, place)
      if (thread === null) return
      const mark = (message: APIMessage) => message.content === content
      try {
        await onceWithout(`entry ${id}`, proposal, thread, mark, whole, text)
        return
      } catch (error) {
        if (attempt === 'last' || !isGone(error)) throw error
        await posts.forget(DISCORD, `thread ${thread}`)
      }
    }
  }

  async function withPicture(text: Content, picture: Picture, id: number): Promise<Content> {
    const file = await pictures.file(picture, id)
    if (file === null) return text
    const { name, png, alt } = file
    const attachments = [{ id: '0', filename: name, description: alt }]
    return { ...text, attachments, files: [{ name, data: Buffer.from(png), contentType: 'image/png' }] }
  }

  /** As `once`; where Discord does not take the picture, the text alone. */
  async function onceWithout(
    key: string,
    proposal: string,
    place: string,
    mark: (message: APIMessage) => boolean,
    whole: Content,
    text: Content,
  ): Promise<void> {
    try {
      await once(key, proposal, place, mark, whole)
    } catch (error) {
      if (!refusesPictures(error) || whole === text) throw error
      await once(key, proposal, place, mark, text)
      pictures.kept(refusalWords(error))
    }
  }

  /** The thread of the card, which has the card's own id. */
  async function threadOf(proposal: string, place: string): Promise<string | null> {
    for (const attempt of ['first', 'last'] as const) {
      const card = await cardOf(proposal, place)
      if (card === null) return null
      const key = `thread ${card}`
      if ((await posts.find(DISCORD, key)) !== null) return card
      const title = (await desk.card(proposal, null))?.title ?? ''
      const body = { name: shorten(oneLine(`${proposal} ${title}`), 100), auto_archive_duration: WEEK_MINUTES }
      try {
        await rest.post(Routes.threads(place, card), { body })
      } catch (error) {
        const there = error instanceof DiscordAPIError && error.code === THREAD_EXISTS
        if (!there && (attempt === 'last' || !isGone(error))) throw error
        if (!there) {
          // Somebody deleted the card: a proposal without it would be out of sight.
          await posts.forget(DISCORD, `card ${proposal}`)
          continue
        }
      }
      await posts.begin(DISCORD, { key, proposal, place })
      await posts.sent(DISCORD, key, card)
      return card
    }
    return null
  }

  /** The card's message; posted now, without pictures, if it is not there yet. `null`: there is no such proposal. */
  async function cardOf(proposal: string, place: string): Promise<string | null> {
    const key = `card ${proposal}`
    const known = await posts.find(DISCORD, key)
    if (known?.message) return known.message
    const card = await desk.card(proposal, null)
    if (card === null) return null
    const mark = (message: APIMessage) => JSON.stringify(message.components ?? []).includes(`:${proposal}:`)
    return once(key, proposal, place, mark, cardMessage(card, consoleUrl))
  }

  async function showCard(proposal: string, place: string): Promise<number | null> {
    const key = `card ${proposal}`
    const known = await posts.find(DISCORD, key)
    if (!known?.message) {
      await cardOf(proposal, place)
      return null
    }
    const card = await desk.card(proposal, null)
    if (card === null) return null
    try {
      return await editCard(card, known.place, known.message)
    } catch (error) {
      if (!isGone(error)) throw error
      parts.log.warn(`Somebody deleted the card of ${proposal} in Discord; it is posted again.`)
      await posts.forget(DISCORD, key)
      await cardOf(proposal, place)
      return PICTURE_SECONDS
    }
  }

  /** Where Discord does not take its pictures, the card goes without. */
  async function editCard(card: Card, place: string, message: string): Promise<number | null> {
    const { images, attachments, files } = await gallery.attach(message, gallery.of(card))
    const edit = async (shown: readonly CardImage[], what: { attachments: readonly object[]; files: RawFile[] }) => {
      const body = { ...cardMessage(card, consoleUrl, shown), attachments: what.attachments }
      const edited = await rest.patch(Routes.channelMessage(place, message), { body, files: what.files })
      await gallery.keep(card.proposal, place, edited as APIMessage, shown)
    }
    try {
      await edit(images, { attachments, files })
      return null
    } catch (error) {
      if (!refusesPictures(error) || images.length === 0) throw error
      await edit([], { attachments: [], files: [] })
      return gallery.refused(message, images, error)
    }
  }

  async function once(
    key: string,
    proposal: string | null,
    place: string,
    mark: (message: APIMessage) => boolean,
    content: Content,
  ): Promise<string> {
    const known = await posts.find(DISCORD, key)
    if (known?.message) return known.message
    const earlier = known === null ? null : await search(place, mark)
    if (known === null) await posts.begin(DISCORD, { key, proposal, place })
    const message = earlier ?? (await post(key, place, content))
    await posts.sent(DISCORD, key, message)
    return message
  }

  async function post(key: string, place: string, { files, ...content }: Content): Promise<string> {
    const nonce = createHash('sha256').update(`${place} ${key}`).digest('hex').slice(0, 24)
    try {
      const body = { ...content, nonce, enforce_nonce: true }
      return String(
        ((await rest.post(Routes.channelMessages(place), { body, ...(files ? { files } : {}) })) as APIMessage).id,
      )
    } catch (error) {
      // Discord said no, so it certainly did not arrive.
      if (!(error instanceof DiscordAPIError)) throw error
      await posts.forget(DISCORD, key)
      if (error.code !== CANNOT_MESSAGE) throw error
      parts.log.warn(
        'Somebody takes no direct messages from the app on Discord; the thread and the console say the same.',
      )
      return ''
    }
  }

  async function search(place: string, mark: (message: APIMessage) => boolean): Promise<string | null> {
    const query = new URLSearchParams({ limit: String(LOOK_BACK) })
    const messages = (await rest.get(Routes.channelMessages(place), { query })) as readonly APIMessage[]
    return messages.find(mark)?.id ?? null
  }

  return { name: DISCORD, deliver }
}

function isGone(error: unknown): boolean {
  return error instanceof DiscordAPIError && (error.code === UNKNOWN_MESSAGE || error.code === UNKNOWN_CHANNEL)
}

const mends: Readonly<Record<number, string>> = {
  0: 'cannot be reached: DISCORD_BOT_TOKEN is not valid. Set the one from the page "Bot" of the app.',
  [UNKNOWN_CHANNEL]: 'does not exist: check its id in patchwarden.yaml.',
  50001: 'cannot be seen by the app: give it the permission View Channel there.',
  50013: 'does not let the app write: give it Send Messages, Create Public Threads and Send Messages in Threads there.',
  50083: 'has an archived thread that is locked: unlock it.',
}

/** What is wrong and how to mend it, as a sentence. */
export function discordProblem(error: DiscordAPIError, place: string): string {
  return `Discord channel ${place} ${mends[Number(error.code)] ?? `refuses the message (${error.message}).`}`
}
