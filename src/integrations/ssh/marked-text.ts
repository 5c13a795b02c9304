export interface MarkedText {
  /** False when it is more than there may be. */
  add(text: string): boolean
  /** What came before the mark, or all, until there is one. */
  text(): string
  /** What stands behind the mark in its line; `null` until that has come. */
  after(): string | null
}

/** Text up to a line that begins with the mark, or holds it behind what did not end its own line. */
export function markedText(mark: string, maxBytes: number, hear: (text: string) => void = () => undefined): MarkedText {
  const parts: string[] = []
  let bytes = 0
  /** It may be the beginning of the mark. */
  let open = ''

  function keep(text: string): void {
    if (text === '') return
    parts.push(text)
    hear(text)
  }

  return {
    add(text) {
      bytes += Buffer.byteLength(text)
      open += text
      const at = open.indexOf(mark)
      if (at === -1) {
        const from = beginning(open, mark)
        keep(open.slice(0, from))
        open = open.slice(from)
      } else {
        keep(open.slice(0, at))
        open = open.slice(at)
      }
      return bytes <= maxBytes
    },
    text: () => parts.join('') + (open.startsWith(mark) ? '' : open),
    after() {
      if (!open.startsWith(mark) || !open.includes('\n')) return null
      return open.slice(mark.length, open.indexOf('\n')).trim()
    },
  }
}

/** Where in the text the longest beginning of the mark stands with which it ends; its length where there is none. */
function beginning(text: string, mark: string): number {
  for (let length = Math.min(mark.length - 1, text.length); length > 0; length--) {
    if (mark.startsWith(text.slice(-length))) return text.length - length
  }
  return text.length
}
