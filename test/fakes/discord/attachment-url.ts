import type { Attachment } from './world.ts'

/** reference#signed-attachment-cdn-urls, without the signature. */
export function attachmentUrl(channel: string, { id, name }: Attachment): string {
  return `https://cdn.discordapp.com/attachments/${channel}/${id}/${name}`
}
