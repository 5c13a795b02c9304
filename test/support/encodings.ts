/** The encodings and ends of lines in which editors and shells of Windows save a text. */
export const encodings: Readonly<Record<string, (text: string) => Buffer>> = {
  'UTF-8 with a byte order mark': (text) => Buffer.from(`\uFEFF${text}`),
  'UTF-16 of a little-endian machine': (text) => Buffer.from(`\uFEFF${text}`, 'utf16le'),
  'UTF-16 of a big-endian machine': (text) => Buffer.from(`\uFEFF${text}`, 'utf16le').swap16(),
  'UTF-16 without a byte order mark': (text) => Buffer.from(text, 'utf16le'),
  'lines that end with CRLF': (text) => Buffer.from(text.replace(/\r?\n/g, '\r\n')),
}
