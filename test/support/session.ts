import { createHash } from 'node:crypto'
import type { Db } from '../../src/store/connection.ts'
import { addSignInLink, redeemSignInLink } from '../../src/store/sessions.ts'

/** Signs a person in for 90 days by a link of their own; the cookie's value is their name. */
export async function beginSession(db: Db, person: string, now: Date): Promise<void> {
  const expiresAt = new Date(now.getTime() + 90 * 86_400_000).toISOString()
  const link = `link of ${person}`
  await addSignInLink(db, { tokenHash: link, person, issuedBy: 'test', expiresAt })
  const tokenHash = createHash('sha256').update(person).digest('hex')
  if (!(await redeemSignInLink(db, link, { tokenHash, createdAt: now.toISOString(), expiresAt })))
    throw new Error(`${person} was not signed in.`)
}
