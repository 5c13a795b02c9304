import { eq } from 'drizzle-orm'
import { z } from 'zod'
import { type TroubleKind, troubleKinds } from '../core/chat-troubles.ts'
import type { Keeping } from '../core/ports.ts'
import type { Queryable } from './connection.ts'
import { engineNotes } from './schema.ts'

/** The trouble of a chat platform. `at`: when it was first seen, ISO 8601. */
export interface KeptTrouble {
  readonly kind: TroubleKind
  readonly at: string
  readonly what: string
}

const note = z.object({ at: z.string(), what: z.string() })
const ownerOf = (platform: string) => `chat ${platform}`

/** Keeps a trouble; with `null`, forgets it. */
export async function keepTrouble(
  keeping: Pick<Keeping, 'saveNote' | 'removeNote'>,
  platform: string,
  { kind, at, what }: Omit<KeptTrouble, 'what'> & { readonly what: string | null },
): Promise<void> {
  if (what === null) await keeping.removeNote(ownerOf(platform), kind)
  else await keeping.saveNote(ownerOf(platform), kind, { at, what })
}

export async function readTroubles(db: Queryable, platform: string): Promise<readonly KeptTrouble[]> {
  const rows = await db
    .select()
    .from(engineNotes)
    .where(eq(engineNotes.engine, ownerOf(platform)))
  return troubleKinds.flatMap((kind) => {
    const kept = note.safeParse(rows.find(({ name }) => name === kind)?.note)
    return kept.success ? [{ kind, ...kept.data }] : []
  })
}
