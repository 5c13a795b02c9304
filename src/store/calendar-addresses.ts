/** Secret addresses of calendars. */

import { and, asc, eq } from 'drizzle-orm'
import { storable } from '../core/storable.ts'
import type { Queryable } from './connection.ts'
import { calendarAddresses } from './schema.ts'

export type CalendarAddress = typeof calendarAddresses.$inferSelect

export async function addCalendarAddress(db: Queryable, row: CalendarAddress): Promise<void> {
  await db.insert(calendarAddresses).values(storable(row))
}

/** `null`: there is no such address, or it was revoked. */
export async function findCalendarAddress(db: Queryable, tokenHash: string): Promise<CalendarAddress | null> {
  const [row = null] = await db.select().from(calendarAddresses).where(eq(calendarAddresses.tokenHash, tokenHash))
  return row
}

export async function calendarAddressesOf(db: Queryable, person: string): Promise<readonly CalendarAddress[]> {
  return db
    .select()
    .from(calendarAddresses)
    .where(eq(calendarAddresses.person, person))
    .orderBy(asc(calendarAddresses.createdAt))
}

/** Ends addresses of a person. Returns how many. */
export async function revokeCalendarAddress(db: Queryable, person: string, tokenHash: string): Promise<number> {
  const rows = await db
    .delete(calendarAddresses)
    .where(and(eq(calendarAddresses.person, person), eq(calendarAddresses.tokenHash, storable(tokenHash))))
    .returning({ person: calendarAddresses.person })
  return rows.length
}
