/** Control signs, signs without width, signs that turn the direction of what follows, half characters. */
const hidden = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

/** Untrusted text as it looks: what nobody would see is taken out, so that it cannot disguise anything. */
export function visible(text: string): string {
  return text.replaceAll('\t', ' ').replace(hidden, '')
}

/** Like `visible`, but on one line: nothing that comes from outside can begin a line of its own. */
export function oneLine(text: string): string {
  return visible(text).replaceAll('\n', ' ')
}

/** JSON text that reads the same and shows all of it: what `visible` takes out stands there as an escape. */
export function visibleJson(json: string): string {
  return json.replace(hidden, (sign) =>
    Array.from({ length: sign.length }, (_, at) => `\\u${sign.charCodeAt(at).toString(16).padStart(4, '0')}`).join(''),
  )
}

/** At most `limit` UTF-16 units, cut between characters, with three dots where something is missing. */
export function shorten(text: string, limit: number): string {
  if (text.length <= limit) return text
  const kept = text.slice(0, Math.max(0, limit - 1))
  return `${/[\ud800-\udbff]$/.test(kept) ? kept.slice(0, -1) : kept}…`
}
