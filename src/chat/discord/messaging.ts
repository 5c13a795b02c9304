import { createHash } from 'node:crypto'
import { type APIChannel, type APIMessage, DiscordAPIError, type RawFile, type REST, Routes } from 'discord.js'
import { errorText } from '../../core/error-text.ts'
import type { Accounts } from '../accounts.ts'
import type { Card } from '../card.ts'
import type { Messaging, Posted, ThreadMessage } from '../messaging.ts'
import type { Picture } from '../picture/picture.ts'
import { createPictures, type DrawPng } from '../picture/sending.ts'
import type { Posts } from '../platform.ts'
import { type Refusal, reachWithoutAnswer, refusalSentence, Undelivered } from '../reach.ts'
import { withAccounts } from '../rich-text.ts'
import { oneLine, shorten } from '../visible.ts'
import { aloneMessage, type CardImage, cardMessage, entryContent, noMentions } from './card-components.ts'
import { createCardGallery, refusalWords, refusesPictures } from './card-gallery.ts'
import { mentionedIn } from './markdown.ts'
import { discordRefusal } from './refusals.ts'

export interface DiscordMessagingParts {
  readonly rest: REST
  readonly posts: Posts
  /** The Discord channel id of a channel of the configuration; `null`: that channel is not on Discord. */
  readonly placeOf: (channel: string) => string | null
  readonly consoleUrl: string
  readonly accounts: Pick<Accounts, 'accountOf'>
  readonly drawPng: DrawPng
  readonly log: { warn(message: string): void }
}

/** A message, and a test that recognises it among messages that were posted before. */
interface Content {
  readonly body: Readonly<Record<string, unknown>>
  readonly files?: RawFile[]
  readonly isIt: (found: APIMessage) => boolean
}

/** What the functions of this file share. */
interface Discord extends DiscordMessagingParts {
  readonly pictures: ReturnType<typeof createPictures>
  readonly gallery: ReturnType<typeof createCardGallery>
}

/** How many of the last messages are searched for a lost one. */
const LOOK_BACK = 50
const WEEK_MINUTES = 10_080
/** https://discord.com/developers/docs/topics/opcodes-and-status-codes#json */
const UNKNOWN_CHANNEL = 10_003
const UNKNOWN_MESSAGE = 10_008
const THREAD_EXISTS = 160_004

/**
 * Posts and edits with Discord's API. A nonce made from the message's key prevents a second post. Discord forgets
 * nonces after a while, so after a crash we first look for the message.
 */
export function createDiscordMessaging(parts: DiscordMessagingParts): Messaging<Content> {
  const pictures = createPictures('Discord', parts.drawPng, parts.log)
  const discord: Discord = { ...parts, pictures, gallery: createCardGallery({ posts: parts.posts, pictures }) }
  return {
    name: 'discord',
    title: 'Discord',
    placeOf: parts.placeOf,
    conversationWith: (person) => conversationWith(parts, person),
    cardContent: (card) => ({
      body: { ...cardMessage(card, parts.consoleUrl) },
      isIt: ({ components = [] }) => JSON.stringify(components).includes(`:${card.proposal}:`),
    }),
    aloneContent(entry) {
      const body = aloneMessage(entry, parts.consoleUrl)
      return { body, isIt: ({ content }) => content === body.content }
    },
    post: ({ place }, key, content) => post(parts, place, key, content),
    find: ({ place }, _, content) => find(parts, place, content),
    editCard: (posted, _, current) => editCard(discord, posted, current),
    // A Discord thread has the id of the message where it began.
    threadSpot: (_, card) => ({ place: card, thread: null }),
    openThread: (place, card, name) => openThread(parts, place, card, name),
    say: (message, write) => say(discord, message, write),
    refusalOf,
    isGone: (error) =>
      error instanceof DiscordAPIError && (error.code === UNKNOWN_MESSAGE || error.code === UNKNOWN_CHANNEL),
    linkTo: (posted) => linkTo(parts, posted),
    problem,
  }
}

function refusalOf(error: unknown): Refusal | null {
  return error instanceof DiscordAPIError ? discordRefusal(error) : null
}

function problem(error: unknown, place: string): unknown {
  if (error instanceof Undelivered) return error
  const refused = refusalOf(error)
  if (refused !== null) return new Undelivered(refused.reach, refusalSentence('Discord', refused, place), error)
  return new Undelivered(reachWithoutAnswer(error), `Discord: ${errorText(error)}`, error)
}

async function linkTo({ rest }: DiscordMessagingParts, { place, message }: Posted): Promise<string | null> {
  try {
    const channel = (await rest.get(Routes.channel(place))) as APIChannel
    const guild = 'guild_id' in channel && channel.guild_id ? channel.guild_id : '@me'
    return `https://discord.com/channels/${guild}/${place}/${message}`
  } catch (error) {
    if (!(error instanceof DiscordAPIError)) throw error
    return null
  }
}

/** The direct-message channel of a person; `null`: the person is not on Discord. */
async function conversationWith({ rest, accounts }: DiscordMessagingParts, person: string): Promise<string | null> {
  const user = await accounts.accountOf('discord', person)
  if (user === null) return null
  const channel = (await rest.post(Routes.userChannels(), { body: { recipient_id: user } })) as { id: string }
  return channel.id
}

async function post(
  { rest }: DiscordMessagingParts,
  place: string,
  key: string,
  { body: content, files }: Content,
): Promise<string> {
  const nonce = createHash('sha256').update(`${place} ${key}`).digest('hex').slice(0, 24)
  const body = { ...content, nonce, enforce_nonce: true }
  const posted = await rest.post(Routes.channelMessages(place), { body, ...(files ? { files } : {}) })
  return String((posted as APIMessage).id)
}

async function find({ rest }: DiscordMessagingParts, place: string, { isIt }: Content): Promise<string | null> {
  const query = new URLSearchParams({ limit: String(LOOK_BACK) })
  const messages = (await rest.get(Routes.channelMessages(place), { query })) as readonly APIMessage[]
  return messages.find(isIt)?.id ?? null
}

async function openThread({ rest }: DiscordMessagingParts, place: string, card: string, name: string): Promise<void> {
  const body = { name: shorten(oneLine(name), 100), auto_archive_duration: WEEK_MINUTES }
  try {
    await rest.post(Routes.threads(place, card), { body })
  } catch (error) {
    if (!(error instanceof DiscordAPIError) || error.code !== THREAD_EXISTS) throw error
  }
}

/** Posts the text with its picture. If Discord refuses the picture, posts only the text. */
async function say(
  { pictures, accounts }: Discord,
  { id, entry: told }: ThreadMessage,
  write: (content: Content) => Promise<void>,
): Promise<void> {
  const loud = await withAccounts(told.loud ?? [], (person) => accounts.accountOf('discord', person))
  const entry = told.loud === undefined ? told : { ...told, loud }
  const content = entryContent(entry)
  const users = mentionedIn(loud)
  const mentions = users.length === 0 ? noMentions : { parse: [], users }
  const text: Content = { body: { content, allowed_mentions: mentions }, isIt: (found) => found.content === content }
  const whole = entry.picture === undefined ? text : await withPicture(pictures, text, entry.picture, id)
  try {
    await write(whole)
  } catch (error) {
    if (!refusesPictures(error) || whole === text) throw error
    await write(text)
    pictures.kept(refusalWords(error))
  }
}

async function withPicture(
  pictures: Discord['pictures'],
  text: Content,
  picture: Picture,
  id: number,
): Promise<Content> {
  const file = await pictures.file(picture, id)
  if (file === null) return text
  const { name, png, alt } = file
  const attachments = [{ id: '0', filename: name, description: alt }]
  const files = [{ name, data: Buffer.from(png), contentType: 'image/png' }]
  return { ...text, body: { ...text.body, attachments }, files }
}

/** Edits the card. If Discord refuses its pictures, the card is sent without them. */
async function editCard(
  { rest, consoleUrl, gallery }: Discord,
  { place, message }: Posted,
  current: () => Promise<Card | null>,
): Promise<number | null> {
  const card = await current()
  if (card === null) return null
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
