import { createHash, randomBytes } from 'node:crypto'
import { DAY_SECONDS } from '../../core/time/instant.ts'
import type { Db } from '../../store/connection.ts'
import { addSignInLink } from '../../store/sessions.ts'

const LINK_SECONDS = DAY_SECONDS
/** The link stands in the log of whatever started the service. */
const START_LINK_SECONDS = 15 * 60

/** A sign-in link to be made. */
export interface NewLink {
  readonly person: string
  /** A person, `command line`, or `start` for the link that a start prints, which lives 15 minutes and not a day. */
  readonly issuedBy: string
  /** The hands that could keep it for themselves. */
  readonly madeBy: readonly string[]
  readonly example: boolean
}

/** A fresh one-time sign-in token for a person; only its hash is stored. */
export async function issueSignInToken(db: Db, link: NewLink, now: Date): Promise<string> {
  const token = randomBytes(24).toString('base64url')
  const seconds = link.issuedBy === 'start' ? START_LINK_SECONDS : LINK_SECONDS
  const expiresAt = new Date(now.getTime() + seconds * 1000).toISOString()
  await addSignInLink(db, { ...link, tokenHash: hashed(token), expiresAt }, now.toISOString())
  return token
}

/** A token of a session. */
export function newSession(): string {
  return randomBytes(32).toString('base64url')
}

/** What is stored of a token. */
export function hashed(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}
