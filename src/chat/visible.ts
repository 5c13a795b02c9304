/** Control characters, invisible characters, characters that change the writing direction, and half surrogate pairs. */
const hidden = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

/** Removes everything invisible from untrusted text, so that it cannot disguise anything. */
export function visible(text: string): string {
  return text.replaceAll('\t', ' ').replace(hidden, '')
}

/** Like `visible`, but on one line, so that outside text cannot begin a line of its own. */
export function oneLine(text: string): string {
  return visible(text).replaceAll('\n', ' ')
}

/** JSON text with the same meaning, in which every invisible character is written as an escape. */
export function visibleJson(json: string): string {
  return json.replace(hidden, (sign) =>
    Array.from({ length: sign.length }, (_, at) => `\\u${sign.charCodeAt(at).toString(16).padStart(4, '0')}`).join(''),
  )
}

/** At most `limit` UTF-16 units. Never cuts a character in two, and ends with `…` if something was cut. */
export function shorten(text: string, limit: number): string {
  if (text.length <= limit) return text
  const kept = text.slice(0, Math.max(0, limit - 1))
  return `${/[\ud800-\udbff]$/.test(kept) ? kept.slice(0, -1) : kept}…`
}

/** Like `shorten`, but cuts out the middle: names of servers differ at their ends. */
export function shortenInside(text: string, limit: number): string {
  if (text.length <= limit) return text
  const end = Math.floor((limit - 1) / 2)
  return `${shorten(text, limit - end)}${text.slice(-end)}`
}
