/** Writes a calendar as text (RFC 5545). Times are UTC, and every occurrence is an event of its own. */

export interface CalendarEvent {
  /** Stays the same for as long as the event is the same one, also when it moves. */
  readonly uid: string
  /** Rises when the event changes. */
  readonly sequence: number
  /** ISO 8601 UTC: when it was said. The same text must come out for as long as nothing changes. */
  readonly saidAt: string
  /** ISO 8601 UTC. */
  readonly start: string
  /** ISO 8601 UTC, exclusive; `null`: it is a moment. */
  readonly end: string | null
  readonly summary: string
  readonly description: string
  /** Address of its page; `null`: none. */
  readonly url: string | null
}

/** An hour: what readers are asked for. Some take a day. */
const REFRESH = 'PT1H'
const OCTETS = 75

export function calendarText(name: string, description: string, events: readonly CalendarEvent[]): string {
  const lines = [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Patchwarden//Calendar//EN',
    'CALSCALE:GREGORIAN',
    'METHOD:PUBLISH',
    `X-WR-CALNAME:${escaped(name)}`,
    `X-WR-CALDESC:${escaped(description)}`,
    `REFRESH-INTERVAL;VALUE=DURATION:${REFRESH}`,
    `X-PUBLISHED-TTL:${REFRESH}`,
    ...events.flatMap(eventLines),
    'END:VCALENDAR',
  ]
  return `${lines.map(folded).join('\r\n')}\r\n`
}

function eventLines({ uid, sequence, saidAt, start, end, summary, description, url }: CalendarEvent): string[] {
  return [
    'BEGIN:VEVENT',
    `UID:${escaped(uid)}`,
    `DTSTAMP:${instant(saidAt)}`,
    `LAST-MODIFIED:${instant(saidAt)}`,
    `SEQUENCE:${sequence}`,
    `DTSTART:${instant(start)}`,
    ...(end === null ? [] : [`DTEND:${instant(end)}`]),
    `SUMMARY:${escaped(summary)}`,
    ...(description === '' ? [] : [`DESCRIPTION:${escaped(description)}`]),
    ...(url === null ? [] : [`URL:${url}`]),
    'TRANSP:TRANSPARENT',
    'END:VEVENT',
  ]
}

function instant(at: string): string {
  return `${new Date(at).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`
}

function escaped(text: string): string {
  return text
    .replace(/[\\;,]/g, (sign) => `\\${sign}`)
    .replace(/\r\n|\r|\n/g, '\\n')
    .replace(/\p{Cc}/gu, ' ')
}

/** A line of more than 75 octets goes on in the next one, after a space. No character is cut in two. */
function folded(line: string): string {
  const parts: string[] = []
  let part = ''
  let octets = 0
  for (const sign of line) {
    const size = Buffer.byteLength(sign)
    if (octets + size > OCTETS) {
      parts.push(part)
      part = ' '
      octets = 1
    }
    part += sign
    octets += size
  }
  return [...parts, part].join('\r\n')
}
