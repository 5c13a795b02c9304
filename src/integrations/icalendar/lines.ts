/** What stands between two content lines. Some writers add a second carriage return. */
const lineEnd = /\r*\n|\r/

/**
 * Joins folded lines (RFC 5545, section 3.1). It is done on bytes, because writers may fold in the middle of a
 * character. Bytes stand in the text one by one as Latin-1, which keeps each as it is.
 */
export function unfold(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString('latin1').replace(/(?:\r*\n|\r)[ \t]/g, ''), 'latin1')
}

/** The content lines of a text. A line that is none continues the one before, because some writers break a title. */
export function contentLines(text: string): readonly string[] {
  const lines: string[] = []
  for (const line of text.split(lineEnd)) {
    const before = lines.at(-1)
    if (line.trim() === '') continue
    if (/^[ \t]/.test(line) && before !== undefined) lines[lines.length - 1] = before + line.slice(1)
    else if (before === undefined || /^[\w.-]+[;:]/.test(line)) lines.push(line)
    else lines[lines.length - 1] = `${before} ${line}`
  }
  return lines
}
