import type { RichText } from '../rich-text.ts'
import { oneLine, shorten } from '../visible.ts'

/**
 * Escapes untrusted text for Discord's markdown. Text cannot mention anybody: every message also forbids mentions.
 * https://discord.com/developers/docs/reference#message-formatting
 */
export function escaped(text: string): string {
  return oneLine(text)
    .replace(/[\\*_~`|>#[\]<@]/g, '\\$&')
    .replace(/^(\s*)([-+]|\d+\.)(?=\s)/gm, '$1\\$2')
}

/** Text in Discord's markdown, `limit` characters at most. Each reader sees times in their own zone. */
export function markdown(text: RichText, limit: number): string {
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
      return fitting(span.text, room, escaped)
    case 'strong':
      return fitting(oneLine(span.text), room, (text) => around(text, '**', escaped))
    case 'code':
      return fitting(span.text, room, (text) => `\`${oneLine(text).replaceAll('`', 'ˋ')}\``)
    case 'person':
      return fitting(span.name, room, escaped)
    case 'mention':
      return mentioned(span, room)
    case 'break':
      return '\n'
    case 'time':
      return instant(span.at, span.style, room)
  }
}

/** A user id as Discord writes it. Anything else would not be a mention, so the name stands there. */
const user = /^\d{15,20}$/

/** The accounts that the text mentions. Only these may be notified by its message. */
export function mentionedIn(text: RichText): readonly string[] {
  const accounts = text.flatMap((span) => (span.kind === 'mention' ? (span.account ?? []) : []))
  return [...new Set(accounts)].filter((account) => user.test(account))
}

function mentioned({ name, account }: { readonly name: string; readonly account?: string }, room: number): string {
  const whole = account !== undefined && user.test(account) ? `<@${account}>` : null
  return whole !== null && whole.length <= room ? whole : fitting(name, room, escaped)
}

/** Shortens the text before it is escaped, so that no escape is cut in two. */
function fitting(text: string, room: number, write: (text: string) => string): string {
  if (text === '') return ''
  for (let limit = room; limit > 0; limit = Math.floor(limit * 0.8)) {
    const whole = write(shorten(text, limit))
    if (whole.length <= room) return whole
  }
  return ''
}

/** Discord wants marks directly next to the words, so spaces stay outside the marks. */
function around(text: string, mark: string, write: (text: string) => string): string {
  const words = text.trim()
  if (words === '') return ''
  const [before = '', after = ''] = text.split(words)
  return `${before}${mark}${write(words)}${mark}${after}`
}

function instant(at: string, style: 'time' | 'date and time' | 'relative', room: number): string {
  const seconds = Math.floor(Date.parse(at) / 1_000)
  if (!Number.isFinite(seconds)) return fitting(at, room, escaped)
  const whole = `<t:${seconds}:${{ time: 't', 'date and time': 'f', relative: 'R' }[style]}>`
  return whole.length <= room ? whole : ''
}

/** The last lines that fit: the end of a log says the most. */
export function codeBlock(lines: readonly string[], limit: number): string {
  return block(fittingLines([...lines].reverse(), limit - FENCES).reverse())
}

/** The first lines that fit, and how many more there are: a list or a table begins with what matters most. */
export function headBlock(lines: readonly string[], limit: number): string {
  const whole = fittingLines(lines, limit - FENCES)
  if (whole.length === lines.length) return block(whole)
  const shown = fittingLines(lines, limit - FENCES - MORE)
  return `${block(shown)}${shown.length === 0 ? '' : '\n'}${lines.length - shown.length} more lines are in the console.`
}

const FENCES = 8
/** Characters for the sentence about the rest. */
const MORE = 48

function fittingLines(lines: readonly string[], limit: number): string[] {
  const shown: string[] = []
  let room = limit
  for (const line of lines) {
    const text = shorten(oneLine(line).replaceAll('`', 'ˋ'), 160)
    room -= text.length + 1
    if (room < 0) break
    shown.push(text)
  }
  return shown
}

function block(lines: readonly string[]): string {
  return lines.length === 0 ? '' : `\`\`\`\n${lines.join('\n')}\n\`\`\``
}
