import { minuteOf } from '../../core/time/instant.ts'
import type { RichText } from '../rich-text.ts'
import { oneLine, shorten } from '../visible.ts'

/** Slack cannot escape these characters. Each is replaced by a similar one. */
const lookalikes: Readonly<Record<string, string>> = { '*': '∗', _: 'ˍ', '~': '∼', '`': 'ˋ', '>': '›' }

/** Marks that would begin markup. Inside a word (`lib_x`, `1.0~rc1`) they do not; a quotation needs the start. */
const openers = /(?<![\p{L}\p{N}])[*_~](?!\s)|`|^>/gu

/**
 * Escapes untrusted text for Slack's markup. `& < >` are escaped (mentions, links, dates), and marks for bold and so on
 * are replaced. https://docs.slack.dev/messaging/formatting-message-text#escaping
 */
export function escaped(text: string): string {
  return inCode(oneLine(text).replace(openers, (mark) => lookalikes[mark] ?? ''))
}

/** The same for text between backticks, where other marks have no effect. */
export function inCode(text: string): string {
  const shown = oneLine(text).replaceAll('`', 'ˋ')
  return shown.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** Text in Slack's markup, `limit` characters at most. Each reader sees times in their own zone. */
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
      // A name, not a mention: nobody is notified.
      return fitting(span.name, room, '', '')
    case 'mention':
      return mentioned(span, room)
    case 'break':
      return '\n'
    case 'time':
      return date(span.at, span.style, room)
  }
}

/** A member id as Slack writes it. Anything else would not be a mention, so the name stands there. */
const member = /^[UW][A-Z0-9]{1,40}$/

/** https://docs.slack.dev/messaging/formatting-message-text#mentioning-users */
function mentioned({ name, account }: { readonly name: string; readonly account?: string }, room: number): string {
  const whole = account !== undefined && member.test(account) ? `<@${account}>` : null
  return whole !== null && whole.length <= room ? whole : fitting(name, room, '', '')
}

/** Slack wants marks directly next to the words, so spaces stay outside the marks. */
function strong(text: string, room: number): string {
  const words = text.trim()
  if (words === '') return ''
  const [before = '', after = ''] = text.split(words)
  const blanks = before.length + after.length
  return `${before}${fitting(words.replaceAll('*', '∗'), room - blanks, '*', '*')}${after}`
}

/** Shortens the text before it is escaped, so that no escape is cut in two. */
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
