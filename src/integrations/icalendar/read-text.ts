import { errorText } from '../../core/error-text.ts'
import { readFeed } from '../feeds/fetch.ts'
import { inputLimits } from '../input-limits.ts'
import { unfold } from './lines.ts'

/**
 * Reads an iCalendar file from an address or a path, without the folds of its lines. What is not UTF-8 becomes U+FFFD.
 * Throws a sentence.
 */
export async function readCalendarText(location: string, signal: AbortSignal): Promise<string> {
  try {
    return await read(location, signal)
  } catch (error) {
    signal.throwIfAborted()
    throw new Error(errorText(error).replaceAll(location, shownLocation(location)))
  }
}

/** The address of a calendar may contain a secret, so only its host is shown; of a path, only the file. */
export function shownLocation(location: string): string {
  if (/^https?:\/\//i.test(location) && URL.canParse(location)) return `the calendar at ${new URL(location).host}`
  return `the calendar ${location.split(/[/\\]/).at(-1) ?? location}`
}

async function read(location: string, signal: AbortSignal): Promise<string> {
  const answer = await readFeed(
    { location, timeoutSeconds: 20, attempts: 2, maxBytes: inputLimits.calendarBytes },
    null,
    signal,
  )
  if (answer.status === 'unchanged') throw new Error(`${location} says that nothing changed, though nothing is known.`)
  if (answer.bytes.length > inputLimits.calendarBytes)
    throw new Error(`${location} is longer than ${inputLimits.calendarBytes} bytes, which is too much for a calendar.`)
  return unfold(answer.bytes).toString('utf8')
}
