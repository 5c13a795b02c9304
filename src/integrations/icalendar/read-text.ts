import { readFeed } from '../feeds/fetch.ts'
import { inputLimits } from '../input-limits.ts'

/** Reads an iCalendar file from an address or a path. Throws a sentence. */
export async function readCalendarText(location: string, signal: AbortSignal): Promise<string> {
  const read = await readFeed(
    { location, timeoutSeconds: 20, attempts: 2, maxBytes: inputLimits.calendarBytes },
    null,
    signal,
  )
  if (read.status === 'unchanged') throw new Error(`${location} says that nothing changed, though nothing is known.`)
  if (read.bytes.length > inputLimits.calendarBytes)
    throw new Error(`${location} is longer than ${inputLimits.calendarBytes} bytes, which is too much for a calendar.`)
  return read.bytes.toString('utf8')
}
