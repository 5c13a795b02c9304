import { createHash } from 'node:crypto'
import { COMMAND_LINE } from '../../src/core/hands.ts'
import type { Db } from '../../src/store/connection.ts'
import { addSignInLink, redeemSignInLink } from '../../src/store/sessions.ts'
import type { NewLink } from '../../src/web/backend/tokens.ts'

/** Signs a person in for 90 days; the cookie's value is their name. By a link of the labelled example, or one that `madeBy` made. */
export async function beginSession(
  db: Db,
  person: string,
  now: Date,
  { example = true, madeBy = [COMMAND_LINE] }: { readonly example?: boolean; readonly madeBy?: readonly string[] } = {},
): Promise<void> {
  const expiresAt = new Date(now.getTime() + 90 * 86_400_000).toISOString()
  const link = `link of ${person}`
  await addSignInLink(db, { tokenHash: link, person, issuedBy: 'test', madeBy, expiresAt, example }, now.toISOString())
  const tokenHash = createHash('sha256').update(person).digest('hex')
  if (!(await redeemSignInLink(db, link, { tokenHash, createdAt: now.toISOString(), expiresAt }, example)))
    throw new Error(`${person} was not signed in.`)
}

/** A link that was made on the command line. */
export function linkFor(person: string, issuedBy = 'test', example = false): NewLink {
  return { person, issuedBy, madeBy: [COMMAND_LINE], example }
}
