/**
 * Message components, legacy and V2: which may stand where, how many, how long.
 * Discord: components/reference; the 4,000 characters of all text displays: PR discord-api-docs#8562 and the API's own
 * COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED; the 500 for some 10 kB of text: discord-api-docs#8554.
 */

import { ApiError } from './api-error.ts'
import { attachmentUrl } from './attachment-url.ts'
import { checkUrl } from './embeds.ts'
import { child, choice, type Form, forms, integer, list, text, wrong, yes } from './form.ts'
import { asNumber, asText, isObject, type Json, objects } from './json.ts'
import type { Attachment } from './world.ts'

export const componentsV2 = 1 << 15

const selects = [3, 5, 6, 7, 8]
const layoutV2 = [1, 9, 10, 12, 13, 14, 17]
const inContainer = [1, 9, 10, 12, 13, 14]

export interface ComponentContext {
  readonly v2: boolean
  /** Names of the files that come with the message, for `attachment://name`. */
  readonly files: readonly string[]
}

/** Checks `components` of a message body. */
export function checkComponents(at: Form, context: ComponentContext): void {
  const top = forms(at, 'components', context.v2 ? { max: 40 } : { max: 5 })
  for (const component of top) checkOne(component, context.v2 ? layoutV2 : [1], context)
  const all = everyComponent(at.value.components)
  checkUnique(top)
  if (context.v2 && all.length > 40)
    wrong(
      at,
      'components',
      'COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED',
      'The total number of components cannot exceed 40',
    )
  const texts = all.filter((component) => component.type === 10).map((component) => asText(component.content))
  const length = texts.reduce((sum, content) => sum + content.length, 0)
  if (length > 4000)
    wrong(
      at,
      'components',
      'COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED',
      'Components displayable text size exceeds maximum size of 4000',
    )
  else if (texts.reduce((sum, content) => sum + Buffer.byteLength(content) + 12, 0) > 10_170)
    throw new ApiError(500, { message: '500: Internal Server Error', code: 0 })
}

/** A component tree, flat: rows, containers and accessories count as well as what they hold. */
export function everyComponent(components: unknown): readonly Json[] {
  const found: Json[] = []
  for (const component of objects(components)) {
    found.push(component)
    found.push(...everyComponent(component.components))
    found.push(...everyComponent([component.accessory, component.component]))
  }
  return found
}

function checkOne(component: Form, allowed: readonly number[], context: ComponentContext): void {
  const type = asNumber(component.value.type)
  if (!allowed.includes(type)) {
    const types = allowed.length === 1 ? `${allowed[0]},` : allowed.join(', ')
    wrong(component, '', 'UNION_TYPE_CHOICES', `Value of field "type" must be one of (${types}).`)
    return
  }
  integer(component, 'id', { min: 0, max: 2 ** 31 - 1 })
  if (type === 1) checkRow(component, context)
  else if (type === 2) checkButton(component)
  else if (selects.includes(type)) checkSelect(component, 'message')
  else if (type === 9) checkSection(component, context)
  else if (type === 10) text(component, 'content', { min: 1, max: 4000, required: true })
  else if (type === 11) checkMedia(component, 'media', context)
  else if (type === 12) checkGallery(component, context)
  else if (type === 13) checkMedia(component, 'file', context)
  else if (type === 14) choice(component, 'spacing', [1, 2], false)
  else if (type === 17) checkContainer(component, context)
}

function checkRow(row: Form, context: ComponentContext): void {
  const children = forms(row, 'components', { min: 1, max: 5, required: true })
  let width = 0
  for (const item of children) {
    checkOne(item, [2, ...selects], context)
    width += item.value.type === 2 ? 1 : 5
    if (width > 5)
      wrong(item, '', 'COMPONENT_LAYOUT_WIDTH_EXCEEDED', 'The specified component exceeds the maximum width')
  }
}

function checkButton(button: Form): void {
  const style = choice(button, 'style', [1, 2, 3, 4, 5, 6])
  const label = text(button, 'label', { max: 80 })
  const customId = text(button, 'custom_id', { min: 1, max: 100 })
  yes(button, 'disabled')
  checkEmoji(button)
  if (style === 6) {
    text(button, 'sku_id', { required: true })
    return
  }
  if (!label && !isObject(button.value.emoji))
    wrong(button, '', 'BUTTON_COMPONENT_LABEL_OR_EMOJI_REQUIRED', 'A button must have a label or an emoji')
  if (style === 5) {
    if (button.value.url === undefined) wrong(button, 'url', 'BASE_TYPE_REQUIRED', 'A url is required')
    checkUrl(button, 'url', ['http:', 'https:', 'discord:'], 512)
    if (customId !== undefined)
      wrong(button, '', 'BUTTON_COMPONENT_CUSTOM_ID_AND_URL', 'A custom id and url cannot both be specified')
    return
  }
  if (button.value.url !== undefined && button.value.url !== null)
    wrong(button, '', 'BUTTON_COMPONENT_CUSTOM_ID_AND_URL', 'A custom id and url cannot both be specified')
  if (customId === undefined)
    wrong(button, 'custom_id', 'BUTTON_COMPONENT_CUSTOM_ID_REQUIRED', 'A custom id is required')
}

function checkEmoji(at: Form): void {
  const emoji = child(at, 'emoji', false)
  if (!emoji) return
  const { id, name } = emoji.value
  if (typeof id === 'string' && id !== '') return
  if (typeof name !== 'string' || !/\p{Extended_Pictographic}|\p{Regional_Indicator}|\u20e3/u.test(name))
    wrong(emoji, 'name', 'BUTTON_COMPONENT_INVALID_EMOJI', 'Invalid emoji')
}

/** A select of a message, or of a modal, where it may be left empty and cannot be disabled. */
export function checkSelect(select: Form, where: 'message' | 'modal'): void {
  text(select, 'custom_id', { min: 1, max: 100, required: true })
  text(select, 'placeholder', { max: 150 })
  const min = integer(select, 'min_values', { min: 0, max: 25 }) ?? 1
  const max = integer(select, 'max_values', { min: 1, max: 25 }) ?? 1
  if (where === 'modal' && select.value.disabled === true)
    wrong(select, 'disabled', 'COMPONENT_DISABLED_IN_MODAL', 'Components in a modal cannot be disabled')
  if (where === 'modal' && min === 0 && select.value.required !== false)
    wrong(select, 'min_values', 'SELECT_COMPONENT_MIN_VALUES_REQUIRED', 'Must be at least 1 when required')
  if (min > max) wrong(select, 'min_values', 'SELECT_COMPONENT_MIN_VALUES_TOO_LARGE', 'Cannot be above max_values')
  if (select.value.type !== 3) {
    list(select, 'default_values', { max: 25 })
    return
  }
  const options = forms(select, 'options', { min: 1, max: 25, required: true })
  if (max > options.length)
    wrong(select, 'max_values', 'SELECT_COMPONENT_MAX_VALUES_TOO_LARGE', 'Cannot be above the number of options')
  checkOptions(options)
}

export function checkOptions(options: readonly Form[]): void {
  const values = new Set<string>()
  for (const option of options) {
    text(option, 'label', { min: 1, max: 100, required: true })
    const value = text(option, 'value', { min: 1, max: 100, required: true })
    text(option, 'description', { max: 100 })
    checkEmoji(option)
    if (value !== undefined && values.has(value))
      wrong(option, '', 'SELECT_COMPONENT_OPTION_VALUE_DUPLICATED', 'The specified option value is already used')
    if (value !== undefined) values.add(value)
  }
}

function checkSection(section: Form, context: ComponentContext): void {
  const texts = forms(section, 'components', { min: 1, max: 3, required: true })
  for (const item of texts) checkOne(item, [10], context)
  const accessory = child(section, 'accessory', true)
  if (accessory) checkOne(accessory, [2, 11], context)
}

function checkGallery(gallery: Form, context: ComponentContext): void {
  for (const item of forms(gallery, 'items', { min: 1, max: 10, required: true })) checkMedia(item, 'media', context)
}

function checkMedia(at: Form, key: 'media' | 'file', context: ComponentContext): void {
  text(at, 'description', { min: 1, max: 1024 })
  const media = child(at, key, true)
  if (!media) return
  const url = asText(media.value.url)
  if (url === '') wrong(media, 'url', 'BASE_TYPE_REQUIRED', 'This field is required')
  else checkUrl(media, 'url', key === 'file' ? ['attachment:'] : ['http:', 'https:', 'attachment:'])
  const name = url.startsWith('attachment://') ? url.slice('attachment://'.length) : null
  if (name !== null && !context.files.includes(name))
    wrong(
      media,
      'url',
      'UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND',
      'The referenced attachment was not found',
    )
}

function checkContainer(container: Form, context: ComponentContext): void {
  integer(container, 'accent_color', { min: 0, max: 0xffffff })
  for (const item of forms(container, 'components', { min: 1, max: 40, required: true }))
    checkOne(item, inContainer, context)
}

/** Notes every component whose `custom_id` or own `id` another one before it has. */
export function checkUnique(top: readonly Form[]): void {
  const seen = new Set<unknown>()
  const ids = new Set<unknown>()
  function visit(at: Form): void {
    const { custom_id: customId, id } = at.value
    if (customId !== undefined && customId !== null && seen.has(customId))
      wrong(at, 'custom_id', 'COMPONENT_CUSTOM_ID_DUPLICATED', 'Component custom id cannot be duplicated')
    seen.add(customId)
    if (typeof id === 'number' && id !== 0 && ids.has(id))
      wrong(at, 'id', 'COMPONENT_ID_DUPLICATED', 'Component id cannot be duplicated')
    ids.add(id)
    objects(at.value.components).forEach((value, index) => {
      visit({ ...at, value, path: [...at.path, 'components', index] })
    })
    for (const key of ['accessory', 'component']) {
      const value = at.value[key]
      if (isObject(value)) visit({ ...at, value, path: [...at.path, key] })
    }
  }
  top.forEach(visit)
}

/** As stored: every component has an id; those left out are counted up, skipping the given ones. */
export function withIds(components: readonly Json[]): readonly Json[] {
  const taken = new Set(everyComponent(components).map((component) => component.id))
  let last = 0
  function next(): number {
    do last += 1
    while (taken.has(last))
    return last
  }
  function numbered(component: Json): Json {
    const own: Json = { ...component, id: asNumber(component.id) || next() }
    if (Array.isArray(component.components)) own.components = objects(component.components).map(numbered)
    for (const key of ['accessory', 'component']) {
      const inner = component[key]
      if (isObject(inner)) own[key] = numbered(inner)
    }
    return own
  }
  return components.map(numbered)
}

/** As stored: what is shown of an attachment has its address and its id. components/reference#unfurled-media-item */
export function withMedia(
  components: readonly Json[],
  attachments: readonly Attachment[],
  channel: string,
): readonly Json[] {
  function resolved(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(resolved)
    if (!isObject(value)) return value
    const one = attachments.find(({ name }) => value.url === `attachment://${name}`)
    if (one) return { url: attachmentUrl(channel, one), attachment_id: one.id, content_type: one.type }
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolved(item)]))
  }
  return objects(resolved(components))
}
