import { count } from '../chat/words.ts'
import { sizeText } from '../core/size-text.ts'
import type { Outlook } from '../store/database.ts'
import type { Contact } from './contact.ts'

/** What the next start will change in a database that has content; `null`: nothing. */
export function databaseAhead(outlook: Outlook): Contact | null {
  const { fresh, pending, noWayBack, place, copy } = outlook
  if (fresh || pending.length === 0) return null
  const what = `the next start applies ${count(pending.length, 'migration')} to it: ${pending.join(', ')}`
  const contact = { kind: 'database', name: place, ok: true, what } as const
  if (noWayBack === null) return contact
  const room = copy === null || copy.free >= copy.needed
  return { ...contact, ok: room, what: `${what}\nwarning: ${noWayBackSentences(outlook).join(' ')}` }
}

function noWayBackSentences({ copy, alone }: Outlook): readonly string[] {
  const first = 'The start will change how things are stored.'
  const only = 'The only way back to an earlier version is a copy of the database'
  if (alone === null)
    return [
      first,
      `${only}: stop every process of the earlier version, and make one first (pg_dump), to go back to it by pg_restore.`,
    ]
  const others = alone ? [] : ['Other processes use the database now: stop them all before that start.']
  if (copy === null)
    return [first, `${only}, and the start makes none, for PATCHWARDEN_UPGRADE is without-copy.`, ...others]
  const { pgdata, bytes, needed, free } = copy
  const large = `${sizeText(bytes)} large; ${sizeText(needed)} are needed and ${sizeText(free)} free there`
  const made = [first, `${only}, which the start makes itself: ${copy.copy}, ${large}.`]
  if (free >= needed) return [...made, ...others]
  return [
    ...made,
    `So there is no room, and it will not start: make room, or copy ${pgdata} elsewhere while Patchwarden is stopped, and start with PATCHWARDEN_UPGRADE=without-copy.`,
    ...others,
  ]
}
