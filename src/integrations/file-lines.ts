import { Buffer } from 'node:buffer'
import { openFile } from './bounded-file.ts'

/** A line without its line feed. `whole`: the line had a line feed; only the last line of a file may have none. */
export interface FileLine {
  readonly bytes: Buffer
  readonly whole: boolean
}

/**
 * Yields the lines of a file as bytes. Throws a sentence when the file is missing, unreadable, not a file, or has a
 * line longer than `maxBytes`.
 */
export async function* fileLines(path: string, maxBytes: number): AsyncGenerator<FileLine> {
  const file = await openFile(path)
  try {
    let parts: Buffer[] = []
    let length = 0
    for await (const chunk of file.createReadStream({ autoClose: false, highWaterMark: 1024 * 1024 })) {
      let rest = Buffer.from(chunk)
      for (let end = rest.indexOf(10); end !== -1; end = rest.indexOf(10)) {
        yield { bytes: Buffer.concat([...parts, rest.subarray(0, end)]), whole: true }
        parts = []
        length = 0
        rest = rest.subarray(end + 1)
      }
      parts.push(rest)
      length += rest.length
      if (length > maxBytes) throw new Error(`${path} has a line of more than ${maxBytes} bytes: is it the right file?`)
    }
    if (length > 0) yield { bytes: Buffer.concat(parts), whole: false }
  } finally {
    await file.close()
  }
}
