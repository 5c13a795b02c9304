export interface MarkedText {
  /** Adds text. Returns false when all text together exceeds the limit. */
  add(text: string): boolean
  /** Returns the text before the mark; without a mark, all text. */
  text(): string
  /** Returns the rest of the mark's line; `null` until this line is complete. */
  after(): string | null
}

/** Collects text up to the mark. The mark begins a line, or follows text whose last line has no end. */
export function markedText(mark: string, maxBytes: number, hear: (text: string) => void = () => undefined): MarkedText {
  const parts: string[] = []
  let bytes = 0
  /** The end of the text, which may be the beginning of the mark. */
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

/** Returns the position where a beginning of the mark ends the text; without one, the length of the text. */
function beginning(text: string, mark: string): number {
  for (let length = Math.min(mark.length - 1, text.length); length > 0; length--) {
    if (mark.startsWith(text.slice(-length))) return text.length - length
  }
  return text.length
}
