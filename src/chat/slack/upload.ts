import { WebAPIPlatformError, WebAPIRateLimitedError, type WebClient } from '@slack/web-api'
import { z } from 'zod'
import { errorText } from '../../core/error-text.ts'
import { readRealmId } from '../../core/realm.ts'
import type { Picture } from '../picture/picture.ts'
import type { createPictures } from '../picture/sending.ts'
import type { Posts } from '../platform.ts'

export interface UploadParts {
  readonly clientFor: (place: string) => Promise<WebClient>
  readonly posts: Posts
  readonly pictures: ReturnType<typeof createPictures>
}

export interface PictureMessage {
  /** The id of the message in the outbox. */
  readonly id: number
  readonly proposal: string
  readonly place: string
  /** The id of the card's message. */
  readonly thread: string
  readonly picture: Picture
}

const SLACK = 'slack'
const UPLOAD_MS = 15_000
/** After this many tries the picture is dropped, so that it does not hold back later messages. */
const TRIES = 3

const ticket = z.object({ upload_url: z.url(), file_id: z.string() })
const shared = z.object({
  messages: z
    .array(z.object({ files: z.array(z.object({ id: z.string(), name: z.string().nullish() })).optional() }))
    .default([]),
})

/**
 * Uploads pictures into threads: https://docs.slack.dev/messaging/working-with-files. A picture is a separate message
 * after its text; in a block it would have to wait until Slack has processed the file. Its file name carries our mark,
 * which finds the picture again when Slack's answer was lost. Returns the id of the file; `null`: there is none.
 */
export function createUpload({ clientFor, posts, pictures }: UploadParts) {
  const tries = new Map<number, number>()

  return async (message: PictureMessage): Promise<string | null> => {
    const key = `picture ${message.id}`
    const known = await posts.find(SLACK, key)
    if (known?.message) return known.message
    try {
      const file = (known === null ? null : await find(message)) ?? (await upload(message, key))
      if (file !== null) await posts.sent(SLACK, key, file)
      tries.delete(message.id)
      return file
    } catch (error) {
      if (error instanceof WebAPIRateLimitedError) throw error
      if (error instanceof WebAPIPlatformError) {
        await posts.forget(SLACK, key)
        pictures.kept(uploadProblem(error.data.error))
      } else {
        const count = (tries.get(message.id) ?? 0) + 1
        tries.set(message.id, count)
        if (count < TRIES) throw error
        pictures.kept(`an upload failed ${TRIES} times (${errorText(error)}).`)
      }
    }
    tries.delete(message.id)
    return null
  }

  /** Returns the id of the file; `null`: the picture cannot be drawn. */
  async function upload({ id, proposal, place, thread, picture }: PictureMessage, key: string): Promise<string | null> {
    const file = await pictures.file(picture, id)
    if (file === null) return null
    const client = await clientFor(place)
    // Slack's documentation calls it alt_txt; the client's type has another name.
    const wanted = { filename: file.name, length: file.png.length, alt_txt: file.alt }
    const { upload_url: url, file_id: fileId } = ticket.parse(await client.files.getUploadURLExternal(wanted))
    const sent = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body: new Uint8Array(file.png),
      signal: AbortSignal.timeout(UPLOAD_MS),
    })
    await sent.body?.cancel()
    if (!sent.ok) throw new Error(`Slack took no file, with the status ${sent.status}.`)
    // From here on the picture may have arrived, even if the answer is lost.
    await posts.begin(SLACK, { key, proposal, place })
    await client.files.completeUploadExternal({
      files: [{ id: fileId, title: file.name }],
      channel_id: readRealmId(place).id,
      thread_ts: thread,
    })
    return fileId
  }

  async function find({ id, place, thread, picture }: PictureMessage): Promise<string | null> {
    const client = await clientFor(place)
    const where = { channel: readRealmId(place).id, ts: thread, limit: 1_000 }
    const { messages } = shared.parse(await client.conversations.replies(where))
    const name = pictures.nameOf(picture, id)
    return messages.flatMap(({ files = [] }) => files).find((file) => file.name === name)?.id ?? null
  }
}

const problems: Readonly<Record<string, string>> = {
  missing_scope: 'the app lacks the scope files:write; install it again from manifests/slack.yaml.',
  file_uploads_disabled: 'the workspace does not allow uploads.',
  file_upload_size_restricted: 'the workspace does not allow files of their size.',
}

function uploadProblem(code: string): string {
  return problems[code] ?? `it refuses uploads (${code}).`
}
