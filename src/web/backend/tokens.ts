import { createHash, randomBytes } from 'node:crypto'
import { DAY_SECONDS } from '../../core/time/instant.ts'
import type { Db } from '../../store/connection.ts'
import { addSignInLink } from '../../store/sessions.ts'

const LINK_SECONDS = DAY_SECONDS
/** Short, because the link is in the log of the program that started the service. */
const START_LINK_SECONDS = 15 * 60

/** A sign-in link that will be made. */
export interface NewLink {
  readonly person: string
  /** A person id, `command line`, or `start`. A link of `start` is valid for 15 minutes, others for a day. */
  readonly issuedBy: string
  /** The people and programs that could keep the link for themselves. */
  readonly madeBy: readonly string[]
  readonly example: boolean
}

/** Makes a one-time sign-in token for a person. Only its hash is stored. */
export async function issueSignInToken(db: Db, link: NewLink, now: Date): Promise<string> {
  const token = randomBytes(24).toString('base64url')
  const seconds = link.issuedBy === 'start' ? START_LINK_SECONDS : LINK_SECONDS
  const expiresAt = new Date(now.getTime() + seconds * 1000).toISOString()
  await addSignInLink(db, { ...link, tokenHash: hashed(token), expiresAt }, now.toISOString())
  return token
}

/** Makes a session token. */
export function newSession(): string {
  return randomBytes(32).toString('base64url')
}

/** The hash of a token. Only the hash is stored. */
export function hashed(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}
