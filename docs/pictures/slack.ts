/** Slack's blocks as HTML, as far as the cards use them. */

import { escapeHtml, imageHtml } from './page.ts'

type Json = Readonly<Record<string, unknown>>

/** @param fileOf what Slack holds under the id of a file */
export function slackHtml(
  card: readonly Json[],
  thread: readonly (readonly Json[])[],
  fileOf: (id: string) => Buffer | undefined,
): string {
  const html = (item: Json) => block(item, fileOf)
  const entries = thread.map((blocks) => `<div>${blocks.map(html).join('')}</div>`).join('')
  return `${card.map(html).join('')}<div class="thread">${entries}</div>`
}

function block(item: Json, fileOf: (id: string) => Buffer | undefined): string {
  switch (item.type) {
    case 'image':
      return imageHtml(fileOf(String((item.slack_file as Json).id)), String(item.alt_text))
    case 'section':
      return `<div class="section">${mrkdwn(textOf(item.text))}</div>`
    case 'context':
      return `<div class="context">${list(item.elements)
        .map((part) => `<span>${mrkdwn(textOf(part))}</span>`)
        .join('')}</div>`
    case 'actions':
      return `<div class="row">${list(item.elements).map(button).join('')}</div>`
    default:
      return ''
  }
}

function button(item: Json): string {
  if (item.type === 'overflow') return '<span>⋯</span>'
  return `<span class="${typeof item.style === 'string' ? item.style : ''}">${escapeHtml(textOf(item.text))}</span>`
}

function list(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value : []
}

function textOf(value: unknown): string {
  const text = (value as { readonly text?: unknown } | null)?.text
  return typeof text === 'string' ? text : ''
}

/** The marks that the cards use; what is escaped stays escaped. */
function mrkdwn(text: string): string {
  return text
    .replace(/<!date\^(\d+)\^[^|>]*\|([^>]*)>/g, (_, seconds: string, words: string) =>
      relative(Number(seconds), words),
    )
    .replace(/<(https?:[^|>]+)\|([^>]+)>/g, '<a href="#">$2</a>')
    .replace(/```\n?([\s\S]*?)```/g, '<pre>$1</pre>')
    .replace(/`([^`\n]+)`/g, '<code>$1</code>')
    .replace(/\*([^*\n]+)\*/g, '<b>$1</b>')
}

function relative(seconds: number, words: string): string {
  const days = Math.round((seconds - Date.now() / 1_000) / 86_400)
  return days > 1 ? `in ${days} days` : days === 1 ? 'tomorrow' : words
}
