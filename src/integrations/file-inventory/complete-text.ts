/** The text of a list of lines. One that ends in the middle of a line was cut off: what stood behind it would count as not installed. */
export function completeText(bytes: Buffer, path: string): string {
  const text = bytes.toString()
  if (text !== '' && !text.endsWith('\n')) throw new Error(`${path} is cut off: its last line has no end`)
  return text
}
