/** Embeds and their limits. Discord: resources/message#embed-object-embed-limits. */

import { child, type Form, forms, integer, text, wrong } from './form.ts'
import { asText, type Json, objects } from './json.ts'

export function checkEmbeds(at: Form): void {
  const embeds = forms(at, 'embeds', { max: 10 })
  let size = 0
  for (const embed of embeds) {
    checkEmbed(embed)
    size += embedSize(embed.value)
  }
  if (size > 6000) wrong(at, 'embeds', 'MAX_EMBED_SIZE_EXCEEDED', 'Embed size exceeds maximum size of 6000')
}

function checkEmbed(embed: Form): void {
  text(embed, 'title', { max: 256 })
  text(embed, 'description', { max: 4096 })
  integer(embed, 'color', { min: 0, max: 0xffffff })
  checkUrl(embed, 'url')
  const footer = child(embed, 'footer', false)
  if (footer) text(footer, 'text', { max: 2048, required: true })
  const author = child(embed, 'author', false)
  if (author) text(author, 'name', { max: 256, required: true })
  for (const field of forms(embed, 'fields', { max: 25 })) {
    text(field, 'name', { min: 1, max: 256, required: true })
    text(field, 'value', { min: 1, max: 1024, required: true })
  }
}

/** Title, description, field names and values, footer and author of one embed. */
function embedSize(embed: Json): number {
  const parts = [embed.title, embed.description]
  for (const field of objects(embed.fields)) parts.push(field.name, field.value)
  for (const [part] of [objects([embed.footer]), objects([embed.author])]) parts.push(part?.text, part?.name)
  return parts.reduce<number>((sum, part) => sum + asText(part).length, 0)
}

export function checkUrl(at: Form, key: string, schemes: readonly string[] = ['http:', 'https:'], max = 2048): void {
  const value = text(at, key, { max })
  if (value === undefined || value === '') return
  const scheme = /^[a-z]+:/.exec(value)?.[0] ?? ''
  if (!schemes.includes(scheme)) {
    const names = schemes.map((name) => `'${name.replace(':', '')}'`).join(', ')
    wrong(
      at,
      key,
      'URL_TYPE_INVALID_SCHEME',
      `Scheme "${scheme.replace(':', '')}" is not supported. Scheme must be one of (${names}).`,
    )
    return
  }
  if (!URL.canParse(value)) wrong(at, key, 'URL_TYPE_INVALID_URL', 'Not a well formed URL.')
}
