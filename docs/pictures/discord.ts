/** Discord's Components V2 as HTML, as far as the cards use them. */

import { escapeHtml, imageHtml } from './page.ts'

type Json = Readonly<Record<string, unknown>>

/** @param fileOf what Discord holds under the id of an attachment */
export function discordHtml(
  components: readonly Json[],
  thread: readonly string[],
  fileOf: (id: string) => Buffer | undefined,
): string {
  const entries = thread.map((content) => `<div class="section">${markdown(content)}</div>`).join('')
  return `${components.map((item) => component(item, fileOf)).join('')}<div class="thread">${entries}</div>`
}

function component(item: Json, fileOf: (id: string) => Buffer | undefined): string {
  const inner = Array.isArray(item.components) ? (item.components as readonly Json[]) : []
  switch (item.type) {
    case 17: {
      const colour = `#${Number(item.accent_color ?? 0)
        .toString(16)
        .padStart(6, '0')}`
      return `<div class="container" style="border-color:${colour}">${inner.map((one) => component(one, fileOf)).join('')}</div>`
    }
    case 12:
      return (item.items as readonly Json[])
        .map(({ media, description }) => imageHtml(fileOf(String((media as Json).attachment_id)), String(description)))
        .join('')
    case 10:
      return `<div class="section">${markdown(String(item.content))}</div>`
    case 1:
      return `<div class="row">${inner.map(button).join('')}</div>`
    default:
      return ''
  }
}

const styles: Readonly<Record<number, string>> = { 1: 'primary', 4: 'danger' }

const SELECT = 3

function button(item: Json): string {
  if (item.type === SELECT) return `<span>${escapeHtml(String(item.placeholder ?? ''))} ⌄</span>`
  return `<span class="${styles[Number(item.style)] ?? ''}">${escapeHtml(String(item.label ?? ''))}</span>`
}

/** The marks that the cards use. */
function markdown(text: string): string {
  return escapeHtml(text)
    .replace(/\[(.+?)\]\((https?:[^)]+)\)/g, '<a href="#">$1</a>')
    .replace(/&lt;t:(\d+):(\w)&gt;/g, (_, seconds: string, style: string) => instant(Number(seconds), style))
    .replace(/```\n?([\s\S]*?)```/g, '<pre>$1</pre>')
    .replace(/`([^`\n]+)`/g, '<code>$1</code>')
    .replace(/\*\*([^*\n]+)\*\*/g, '<b>$1</b>')
    .replace(/\\([*_~`[\]()>#@.|-])/g, '$1')
}

function instant(seconds: number, style: string): string {
  const at = new Date(seconds * 1_000)
  const days = Math.round((at.getTime() - Date.now()) / 86_400_000)
  if (style === 'R') return days > 1 ? `in ${days} days` : days === 1 ? 'in a day' : 'soon'
  return at.toLocaleString('en-GB', { timeZone: 'UTC', dateStyle: 'medium', timeStyle: 'short' })
}
