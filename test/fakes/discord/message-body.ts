/**
 * The body of a message to post or edit.
 * Discord: resources/message#create-message, #edit-message, reference#uploading-files; in interactions
 * interactions/receiving-and-responding#interaction-response-object-messages.
 */

import { ApiError, refuse } from './api-error.ts'
import { checkComponents, componentsV2, everyComponent, withIds } from './components.ts'
import { checkEmbeds } from './embeds.ts'
import { type Form, form, formErrors, forms, integer, text, wrong, yes } from './form.ts'
import { asText, isObject, type Json, objects } from './json.ts'
import { maximumFileBytes, maximumFiles } from './limits.ts'
import { type AllowedMentions, readAllowedMentions } from './mentions.ts'
import type { Attachment, Message } from './world.ts'

export interface UploadedFile {
  readonly field: string
  readonly name: string
  readonly type: string
  readonly content: Buffer
}

export interface MessageDraft {
  readonly content: string
  readonly embeds: readonly Json[]
  readonly components: readonly Json[]
  readonly flags: number
  readonly attachments: readonly Attachment[]
  readonly allowed: AllowedMentions
  readonly nonce: string | number | null
  readonly enforceNonce: boolean
  readonly replyTo: string | null
}

export interface DraftSource {
  /** Where in the request the message is: `data` in an interaction callback. */
  readonly path: readonly string[]
  readonly files: readonly UploadedFile[]
  /** The message that is edited. */
  readonly current: Message | null
  /** Whether the ephemeral flag can be given. */
  readonly interaction: boolean
  readonly id: () => string
}

const suppressEmbeds = 4
const ephemeral = 64
const suppressNotifications = 4096

export function readMessage(body: unknown, source: DraftSource): MessageDraft {
  const { current } = source
  const at = form(body, source.path, formErrors())
  const given = integer(at, 'flags', { min: 0 })
  const settable = suppressEmbeds | componentsV2 | suppressNotifications | (source.interaction ? ephemeral : 0)
  const kept = current ? current.flags & (componentsV2 | ephemeral) : 0
  const flags = given === undefined ? (current?.flags ?? 0) : (given & settable) | kept
  const v2 = (flags & componentsV2) !== 0

  text(at, 'content', { max: 2000 })
  checkEmbeds(at)
  checkFiles(at, source.files)
  checkComponents(at, { v2, files: namesToShow(at, source) })
  const allowed = readAllowedMentions(at)
  const draft: MessageDraft = {
    content: at.value.content === undefined ? (current?.content ?? '') : asText(at.value.content).trim(),
    embeds: at.value.embeds === undefined ? (current?.embeds ?? []) : objects(at.value.embeds),
    components: at.value.components === undefined ? (current?.components ?? []) : objects(at.value.components),
    flags,
    attachments: keptAttachments(at, source),
    allowed,
    nonce: readNonce(at),
    enforceNonce: yes(at, 'enforce_nonce') === true,
    replyTo: isObject(at.value.message_reference) ? asText(at.value.message_reference.message_id) || null : null,
  }
  checkVersion(at, draft, v2)
  at.errors.check()
  if (isEmpty(draft)) throw refuse('emptyMessage')
  return { ...draft, components: withIds(draft.components) }
}

/** Content and embeds have no place next to Components V2. */
function checkVersion(at: Form, draft: MessageDraft, v2: boolean): void {
  if (!v2) {
    const top = draft.components.some((component) => component.type !== 1)
    if (top && at.value.components === undefined)
      wrong(at, 'flags', 'MESSAGE_COMPONENTS_V2_FLAG_REQUIRED', 'These components need IS_COMPONENTS_V2')
    return
  }
  for (const key of ['content', 'embeds', 'poll', 'sticker_ids'] as const) {
    const used = key === 'content' || key === 'embeds' ? draft[key].length > 0 : isPresent(at.value[key])
    if (used)
      wrong(
        at,
        key,
        'MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2',
        `The '${key}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2`,
      )
  }
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0)
}

function isEmpty(draft: MessageDraft): boolean {
  const parts = [draft.content, draft.embeds, draft.attachments, everyComponent(draft.components)]
  return parts.every((part) => part.length === 0)
}

function readNonce(at: Form): string | number | null {
  const { nonce } = at.value
  if (nonce === undefined || nonce === null) return null
  if (typeof nonce === 'number' && Number.isInteger(nonce)) return nonce
  return text(at, 'nonce', { max: 25 }) ?? null
}

function checkFiles(at: Form, files: readonly UploadedFile[]): void {
  if (files.some((file) => file.content.length > maximumFileBytes)) throw refuse('tooLarge')
  if (files.length > maximumFiles)
    wrong(at, 'attachments', 'BASE_TYPE_MAX_LENGTH', `Must be ${maximumFiles} or fewer in length.`)
  const descriptions = forms(at, 'attachments', { max: maximumFiles })
  for (const item of descriptions) {
    text(item, 'description', { max: 1024 })
    text(item, 'filename', { max: 1024 })
  }
}

/**
 * What `attachment://name` may name: a file of the request or, in an edit, one that it keeps and names again. By its id
 * alone none is found.
 */
function namesToShow(at: Form, source: DraftSource): readonly string[] {
  const old = source.current?.attachments ?? []
  const named = objects(at.value.attachments).flatMap(({ id, filename }) =>
    old.some((one) => one.id === id && one.name === filename) ? [asText(filename)] : [],
  )
  return [...newFiles(at, source).map(({ file }) => file.name), ...named]
}

/** "When making a PATCH request, only files listed in the attachments parameter will be appended". */
function newFiles(at: Form, { files, current }: DraftSource) {
  const listed = objects(at.value.attachments)
  return files.flatMap((file) => {
    const index = /^files\[(\d+)\]$/.exec(file.field)?.[1]
    const described = listed.find((item) => index !== undefined && String(item.id) === index)
    const dropped = current !== null && at.value.attachments !== undefined && described === undefined
    return dropped ? [] : [{ file, described }]
  })
}

function keptAttachments(at: Form, source: DraftSource): readonly Attachment[] {
  const described = objects(at.value.attachments)
  const old = source.current?.attachments ?? []
  // Naming attachments drops every old one that is not among them.
  const kept =
    at.value.attachments === undefined ? old : old.filter((one) => described.some((item) => item.id === one.id))
  const added = newFiles(at, source).map(({ file, described }) => ({
    id: source.id(),
    name: file.name,
    description: asText(described?.description) || null,
    type: file.type,
    content: file.content,
  }))
  return [...kept, ...added]
}

/** 400 in the shape of 50035 for a single field. */
export function invalid(path: readonly (string | number)[], code: string, message: string): ApiError {
  const errors = formErrors()
  errors.add(path, code, message)
  try {
    errors.check()
  } catch (error) {
    if (error instanceof ApiError) return error
  }
  return new ApiError(400, { message: 'Invalid Form Body', code: 50035 })
}
