import { DateTime } from 'luxon'
import type { RichText, Span } from '../chat/rich-text.ts'
import { oneLine } from '../chat/visible.ts'
import { type Html, html } from './html.ts'

/** Spans as HTML. The template escapes all text, so nothing in it becomes markup. */
export function richText(text: RichText, timeZone: string): Html {
  return html`${text.map((span) => spanHtml(span, timeZone))}`
}

function spanHtml(span: Span, timeZone: string): Html {
  switch (span.kind) {
    case 'text':
      return html`${oneLine(span.text)}`
    case 'strong':
      return html`<strong>${oneLine(span.text)}</strong>`
    case 'code':
      return html`<code>${oneLine(span.text)}</code>`
    case 'person':
    case 'mention':
      return html`<span class="person">${oneLine(span.name)}</span>`
    case 'break':
      return html`<br>`
    case 'time':
      return instant(span.at, span.style, timeZone)
  }
}

export function instant(at: string, style: 'time' | 'date and time' | 'relative', timeZone: string): Html {
  const local = DateTime.fromISO(at).setZone(timeZone)
  if (!local.isValid) return html`${at}`
  const full = local.toFormat('ccc d LLL yyyy, HH:mm ZZZZ')
  const shown =
    style === 'relative'
      ? (local.toRelative({ locale: 'en', unit: ['days', 'hours', 'minutes', 'seconds'], rounding: 'round' }) ?? full)
      : local.toFormat(style === 'time' ? 'HH:mm' : 'ccc d LLL, HH:mm')
  return html`<time datetime="${at}" title="${full}">${shown}</time>`
}
