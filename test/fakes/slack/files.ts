/**
 * Files in three steps: an address, the bytes, the end, which shares them.
 * docs.slack.dev/reference/methods/files.getUploadURLExternal and files.completeUploadExternal,
 * docs.slack.dev/messaging/working-with-files. A message may show one once it is processed, which takes a while and is
 * asked for nowhere but in files.info (python-slack-sdk#1521, java-slack-sdk#1335), and where it was shared (#1349 there).
 */

import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Json, SlackFile, Workspace, World } from './world.ts'

const ALT_CHARACTERS = 1_000

export function startUpload(world: World, workspace: Workspace, body: Json): Json {
  if (world.uploadsDisabled) return { ok: false, error: 'file_uploads_disabled' }
  const length = Number(body.length)
  const name = String(body.filename ?? '')
  if (name === '' || !Number.isInteger(length) || length < 1) return { ok: false, error: 'invalid_arguments' }
  const alt = String(body.alt_txt ?? '')
  if (alt.length > ALT_CHARACTERS) return { ok: false, error: 'alt_txt_too_large' }
  const id = `F${randomBytes(5).toString('hex').toUpperCase()}`
  world.uploads.set(id, { workspace: workspace.id, name, length, alt, content: null })
  return { ok: true, upload_url: `/upload/${id}`, file_id: id }
}

/** Whether a message in the channel may show it. */
export function isShowable(world: World, channel: string, id: string): boolean {
  const shared = world.files.get(id)
  return shared !== undefined && shared.channel === channel && Date.now() - shared.at >= world.processingMs
}

/** The bytes, as they are. */
export async function receiveFile(
  world: World,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk))
  world.calls.push({ method: 'upload', body: { path }, at: Date.now() })
  const fault = world.faults.get('upload')?.shift()
  if (fault?.kind === 'status') return void response.writeHead(fault.status).end('upstream error')
  const upload = world.uploads.get(path.replace('/upload/', ''))
  const content = Buffer.concat(chunks)
  if (!upload || content.length !== upload.length) return void response.writeHead(400).end()
  upload.content = content
  response.end(`OK - ${content.length}`)
}

export function completeUpload(world: World, workspace: Workspace, body: Json): Json {
  const files: SlackFile[] = []
  for (const item of Array.isArray(body.files) ? body.files : []) {
    const { id, title = '' } = item as { readonly id: string; readonly title?: string }
    const upload = world.uploads.get(id)
    if (!upload || upload.workspace !== workspace.id || upload.content === null)
      return { ok: false, error: 'file_not_found' }
    files.push({ id, name: upload.name, title, alt: upload.alt, content: upload.content })
  }
  if (files.length === 0) return { ok: false, error: 'invalid_arguments' }
  const answer = { ok: true, files: files.map(({ id, title }) => ({ id, title })) }
  const channel = body.channel_id === undefined ? null : String(body.channel_id)
  for (const file of files) {
    world.uploads.delete(file.id)
    world.files.set(file.id, { file, channel, at: Date.now() })
  }
  if (channel === null) return answer
  if (!workspace.channels.has(channel)) return { ok: false, error: 'channel_not_found' }
  if (world.archived.has(channel)) return { ok: false, error: 'is_archived' }
  const thread = typeof body.thread_ts === 'string' ? body.thread_ts : null
  const shared = { workspace: workspace.id, channel, ts: world.nextTs(), thread, files }
  world.messages.push({
    ...shared,
    broadcast: false,
    text: String(body.initial_comment ?? ''),
    blocks: [],
    metadata: null,
    edits: 0,
  })
  return answer
}
