/** Names as an attacker would give them to hosts, packages and advisories, and what may not be left of them where they are shown. */

import fc from 'fast-check'

/** Clears the screen, rings, sets a title, turns the line around, begins lines, tables, links, HTML and formulas. */
export const nasty =
  '\u001b[2J\u009b31m\u001b]0;t\u0007\r\u202e\u2066\u200f\u2028\nFORGED <img src=x onerror=alert(1)> | ![p](//e.example) &#8238; `x` *b*'

/** What a terminal obeys or a line is turned around by. A line feed is left to those who make lines. */
export const unseen = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u

export const hostileName: fc.Arbitrary<string> = fc.oneof(
  fc.constant(nasty),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc
    .array(
      fc.constantFrom(
        ...['\u001b[31m', '\u009b', '\u0007', '\b', '\r', '\n', '\n\n', '\t', '\u0085', '\u2028', '\u202e', '\u2067'],
        ...['\u200f', '\u061c', '\u{e0041}', '\ud800', '\\', '`', '```', '|', '*', '_', '~~', '#', '# ', '- ', '> '],
        ...['<b>', '</td>', '<!--', '&lt;', '&#8238;', '[a](//e)', '![a](//e)', '[^1]', 'https://e.example', '$x$'],
        ...['www.e.example', '@all', '"', "'", '=1+1', 'a', ' ', '   ', 'web01'],
      ),
      { maxLength: 12 },
    )
    .map((parts) => parts.join('')),
)

/** Every text of a message that has such a sign. */
export function unseenIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return unseen.test(value) ? [value] : []
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(unseenIn) : []
}
