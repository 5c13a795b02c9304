import { minuteOf } from '../../core/time/instant.ts'
import type { RichText } from '../rich-text.ts'
import { oneLine, shorten } from '../visible.ts'

/** Slack has no escape for these. Each becomes a sign that looks like it. */
const lookalikes: Readonly<Record<string, string>> = { '*': '∗', _: 'ˍ', '~': '∼', '`': 'ˋ', '>': '›' }

/** Where one begins something: not within a word, as in `lib_x` or `1.0~rc1`; a quotation only at the beginning. */
const openers = /(?<![\p{L}\p{N}])[*_~](?!\s)|`|^>/gu

/**
 * Untrusted text in Slack's markup: `& < >` are escaped (mentions, links, dates), and marks of bold, struck or other text
 * begin nothing. https://docs.slack.dev/messaging/formatting-message-text#escaping
 */
export function escaped(text: string): string {
  return inCode(oneLine(text).replace(openers, (mark) => lookalikes[mark] ?? ''))
}

/** The same for text between backticks, where other marks mean nothing. */
export function inCode(text: string): string {
  const shown = oneLine(text).replaceAll('`', 'ˋ')
  return shown.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** Text in Slack's markup, at most `limit` characters; times are shown in each reader's own zone. */
export function mrkdwn(text: RichText, limit: number): string {
  let out = ''
  for (const span of text) {
    const room = limit - out.length
    if (room <= 0) break
    out += cut(span, room)
  }
  return out
}

function cut(span: RichText[number], room: number): string {
  switch (span.kind) {
    case 'text':
      return fitting(span.text, room, '', '')
    case 'strong':
      return strong(oneLine(span.text), room)
    case 'code':
      return fitting(span.text, room, '`', '`', inCode)
    case 'person':
      // A name, not a mention: who is meant reads it in the card.
      return fitting(span.name, room, '', '')
    case 'break':
      return '\n'
    case 'time':
      return date(span.at, span.style, room)
  }
}

/** Slack wants the marks to touch the words: blanks stay outside. */
function strong(text: string, room: number): string {
  const words = text.trim()
  if (words === '') return ''
  const [before = '', after = ''] = text.split(words)
  const blanks = before.length + after.length
  return `${before}${fitting(words.replaceAll('*', '∗'), room - blanks, '*', '*')}${after}`
}

/** Shortened before it is escaped, so that no escape is cut in two. */
function fitting(text: string, room: number, before: string, after: string, write = escaped): string {
  const marks = before.length + after.length
  if (text === '') return ''
  for (let limit = room - marks; limit > 0; limit = Math.floor(limit * 0.8)) {
    const whole = `${before}${write(shorten(text, limit))}${after}`
    if (whole.length <= room) return whole
  }
  return ''
}

/** https://docs.slack.dev/messaging/formatting-message-text#date-formatting */
function date(at: string, style: 'time' | 'date and time' | 'relative', room: number): string {
  const seconds = Math.floor(Date.parse(at) / 1_000)
  const fallback = `${minuteOf(at)} UTC`
  if (!Number.isFinite(seconds)) return fitting(at, room, '', '')
  const format = { time: '{time}', 'date and time': '{date_short_pretty} {time}', relative: '{ago}' }[style]
  const whole = `<!date^${seconds}^${format}|${fallback}>`
  return whole.length <= room ? whole : fitting(fallback, room, '', '')
}
