import { eq } from 'drizzle-orm'
import { storable } from '../core/storable.ts'
import type { Queryable } from './connection.ts'
import { freezeCalendars } from './schema.ts'

/** When each calendar was last read, and why it cannot be read now. */
export interface CalendarState {
  readonly location: string
  readonly readAt: string | null
  readonly problem: string | null
}

export async function calendarStates(db: Queryable): Promise<readonly CalendarState[]> {
  const { location, readAt, problem } = freezeCalendars
  return db.select({ location, readAt, problem }).from(freezeCalendars)
}

export async function calendarText(db: Queryable, location: string): Promise<string | null> {
  const [row] = await db
    .select({ text: freezeCalendars.text })
    .from(freezeCalendars)
    .where(eq(freezeCalendars.location, location))
  return row?.text ?? null
}

export async function saveCalendar(
  db: Queryable,
  { location, text, readAt }: { readonly location: string; readonly text: string; readonly readAt: string },
): Promise<void> {
  const row = { text: storable(text), readAt, problem: null }
  await db
    .insert(freezeCalendars)
    .values({ location, ...row })
    .onConflictDoUpdate({ target: freezeCalendars.location, set: row })
}

/** Notes why a calendar cannot be read. The text that was read before stays. */
export async function saveCalendarProblem(db: Queryable, location: string, problem: string): Promise<void> {
  await db
    .insert(freezeCalendars)
    .values({ location, problem: storable(problem) })
    .onConflictDoUpdate({ target: freezeCalendars.location, set: { problem: storable(problem) } })
}
