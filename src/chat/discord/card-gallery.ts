import { type APIMessage, ComponentType, DiscordAPIError, type RawFile } from 'discord.js'
import { z } from 'zod'
import type { Card } from '../card.ts'
import { type Picture, pictureAlt } from '../picture/picture.ts'
import { type createPictures, markOf } from '../picture/sending.ts'
import { PICTURE_SECONDS, type Posts } from '../platform.ts'
import type { CardImage } from './card-components.ts'

export interface CardGalleryParts {
  readonly posts: Posts
  readonly pictures: ReturnType<typeof createPictures>
}

/** The attachments of a card after an edit: kept ones by id, and new files. */
export interface CardAttachments {
  readonly attachments: readonly { readonly id: string; readonly filename: string }[]
  readonly files: RawFile[]
}

interface CardPicture extends CardImage {
  readonly picture: Picture
}

const DISCORD = 'discord'
/** https://discord.com/developers/docs/topics/opcodes-and-status-codes#json */
const TOO_LARGE = 40_005
const MISSING_PERMISSIONS = 50_013
const INVALID_BODY = 50_035
const REFUSALS = 3

/** Ids of attachments, by file name. */
const kept = z.record(z.string(), z.string())

/**
 * The pictures of cards. A new picture is sent as a file. Later edits keep it by listing its id and name
 * (https://docs.discord.com/developers/reference#editing-message-attachments). We store which pictures a card has,
 * because Discord does not list attachments that a component shows (discord-api-docs#8277).
 */
export function createCardGallery({ posts, pictures }: CardGalleryParts) {
  const refusals = new Map<string, number>()

  function keyOf(message: string): string {
    return `card pictures ${message}`
  }

  async function keptBy(message: string): Promise<z.infer<typeof kept>> {
    const post = await posts.find(DISCORD, keyOf(message))
    return post?.message ? kept.parse(JSON.parse(post.message)) : {}
  }

  return {
    /** The pictures that the card should show, without those that Discord refused before. */
    of({ pictures: list }: Card): readonly CardPicture[] {
      return list
        .map((picture) => ({ picture, name: pictures.nameOf(picture, markOf(picture)), alt: pictureAlt(picture) }))
        .filter(({ name }) => (refusals.get(name) ?? 0) < REFUSALS)
    },
    /** What an edit must send to show these pictures. A picture that cannot be drawn is left out. */
    async attach(
      message: string,
      wanted: readonly CardPicture[],
    ): Promise<CardAttachments & { readonly images: readonly CardImage[] }> {
      const before = await keptBy(message)
      const images: CardImage[] = []
      const attachments: CardAttachments['attachments'][number][] = []
      const files: RawFile[] = []
      for (const { picture, name, alt } of wanted) {
        const id = before[name]
        const file = id === undefined ? await pictures.file(picture, markOf(picture)) : null
        if (id === undefined && file === null) continue
        images.push({ name, alt })
        attachments.push(id === undefined ? { id: String(files.length), filename: name } : { id, filename: name })
        if (file !== null) files.push({ name, data: Buffer.from(file.png), contentType: 'image/png' })
      }
      return { images, attachments, files }
    },
    /** Stores which pictures the card has now. */
    async keep(proposal: string, place: string, message: APIMessage, images: readonly CardImage[]): Promise<void> {
      const ids = imageIds(message)
      const now: Record<string, string> = {}
      for (const [index, { name }] of images.entries()) {
        const id = ids[index]
        if (id !== undefined) now[name] = id
        refusals.delete(name)
      }
      if (JSON.stringify(now) === JSON.stringify(await keptBy(message.id))) return
      await posts.begin(DISCORD, { key: keyOf(message.id), proposal, place })
      await posts.sent(DISCORD, keyOf(message.id), JSON.stringify(now))
    },
    /** Discord refused these pictures with `error`. Returns the seconds until the next try; `null`: there is none. */
    async refused(message: string, images: readonly CardImage[], error: DiscordAPIError): Promise<number | null> {
      // Discord may not have the attachments that we expected. So the next edit sends all files again.
      await posts.forget(DISCORD, keyOf(message))
      for (const { name } of images) {
        const count = error.code === INVALID_BODY ? (refusals.get(name) ?? 0) + 1 : REFUSALS
        refusals.set(name, count)
      }
      if (images.some(({ name }) => (refusals.get(name) ?? 0) < REFUSALS)) return PICTURE_SECONDS
      pictures.kept(refusalWords(error))
      return null
    },
  }
}

/** True if the same message may be accepted without its pictures. */
export function refusesPictures(error: unknown): error is DiscordAPIError {
  return error instanceof DiscordAPIError && [TOO_LARGE, MISSING_PERMISSIONS, INVALID_BODY].includes(Number(error.code))
}

export function refusalWords({ code, message }: DiscordAPIError): string {
  if (code === TOO_LARGE) return 'it refuses files of their size.'
  if (code === MISSING_PERMISSIONS) return 'the app may not attach files; give it the permission Attach Files.'
  return `it refuses them (${message}).`
}

/** The attachment ids of the pictures in the message's galleries, in their order. */
function imageIds({ components = [] }: APIMessage): readonly (string | undefined)[] {
  return components
    .flatMap((component) => (component.type === ComponentType.Container ? component.components : []))
    .flatMap((component) => (component.type === ComponentType.MediaGallery ? component.items : []))
    .map(({ media }) => media.attachment_id ?? /\/attachments\/\d+\/(\d+)\//.exec(media.url)?.[1])
}
