/**
 * The one form in which texts that people write are compared: titles, names and addresses. Two texts that look the same
 * are the same in it, whatever program wrote them.
 */
export function comparable(text: string): string {
  return (
    text
      // Composed and decomposed letters become one form, and no-break spaces become spaces.
      .normalize('NFKC')
      // Soft hyphens, joiners and marks of direction cannot be seen.
      .replace(/\p{Cf}/gu, '')
      .replace(/\p{Pd}/gu, '-')
      .replace(/[‘’‚‛′]/gu, "'")
      .replace(/[“”„‟″«»]/gu, '"')
      .replace(/[\p{Cc}\p{Z}\s]+/gu, ' ')
      .trim()
      // Through upper case, because ß, ẞ and SS are the same letter.
      .toLowerCase()
      .toUpperCase()
      .toLowerCase()
      .normalize('NFKC')
  )
}
