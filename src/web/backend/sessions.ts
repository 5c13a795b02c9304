/** Who is signed in, and whom they act as. */

import type { Answer } from '../../chat/desk.ts'
import { rich } from '../../chat/rich-text.ts'
import { COMMAND_LINE } from '../../core/hands.ts'
import { DAY_SECONDS } from '../../core/time/instant.ts'
import {
  endSession,
  endSessionsOf,
  findSession,
  readSignInLink,
  redeemSignInLink,
  setActingAs,
} from '../../store/sessions.ts'
import type { ConsolePort, Viewer } from '../console-port.ts'
import { allRoles, type Backend, nowOf } from './parts.ts'
import { hashed, issueSignInToken, newSession } from './tokens.ts'

const SESSION_SECONDS = 30 * DAY_SECONDS

function here(backend: Backend) {
  return { now: nowOf(backend), example: backend.service.people.example }
}

/** If this look fails, the next one comes by itself. */
async function tellEnded({ sessionWatch }: Backend): Promise<void> {
  await sessionWatch.look().catch(() => undefined)
}

export async function askSignIn(backend: Backend, token: string): Promise<string | null> {
  const { db, people } = backend.service
  const person = await readSignInLink(db, hashed(token), here(backend))
  return people.all.find(({ id }) => id === person)?.name ?? null
}

export async function signIn(backend: Backend, token: string): ReturnType<ConsolePort['signIn']> {
  const { db, parts, people } = backend.service
  const session = newSession()
  const expiresAt = new Date(parts.clock().getTime() + SESSION_SECONDS * 1000).toISOString()
  const begun = { tokenHash: hashed(session), createdAt: nowOf(backend), expiresAt }
  if (!(await redeemSignInLink(db, hashed(token), begun, people.example))) return null
  return { session, maxAgeSeconds: SESSION_SECONDS }
}

export async function viewerOf(backend: Backend, session: string): Promise<Viewer | null> {
  const { db, people } = backend.service
  const found = await findSession(db, hashed(session), here(backend))
  const self = people.all.find((item) => item.id === found?.actingAs)
  // If the person who made the link has left the configuration, the session is not valid any more.
  const makers = (found?.madeBy ?? []).filter((hand) => hand !== COMMAND_LINE)
  if (!found || !self || !makers.every((maker) => people.all.some(({ id }) => id === maker))) return null
  const roles = allRoles(backend)
  const isOperator = people.operators().includes(found.person)
  const others = people.example && isOperator ? people.all.filter(({ id }) => id !== self.id) : []
  return {
    person: self.id,
    name: self.name,
    roles: roles.get(self.id) ?? [],
    timeZone: self.timeZone ?? people.timeZone,
    session,
    sessionEnds: found.expiresAt,
    switchTo: others.map(({ id, name }) => ({ id, name, roles: roles.get(id) ?? [] })),
    isOperator,
    through: people.example ? { kind: 'example' } : { kind: 'sign-in link', madeBy: found.madeBy },
  }
}

export async function signOut(backend: Backend, session: string): Promise<void> {
  await endSession(backend.service.db, hashed(session), nowOf(backend))
  await tellEnded(backend)
}

export async function signOutEverywhere(backend: Backend, { session }: Viewer): Promise<void> {
  const { db } = backend.service
  const found = await findSession(db, hashed(session), here(backend))
  if (found === null) return
  await endSessionsOf(db, found.person, { by: found.person, now: nowOf(backend) })
  await tellEnded(backend)
}

export function whenSignedOut(
  { sessionWatch }: Backend,
  { session, sessionEnds }: Viewer,
  ended: () => void,
): () => void {
  return sessionWatch.watch({ tokenHash: hashed(session), expiresAt: sessionEnds }, ended)
}

export async function switchPerson({ service }: Backend, viewer: Viewer, person: string): Promise<Answer> {
  if (!viewer.switchTo.some((item) => item.id === person)) {
    return { ok: false, message: rich('Acting as somebody else exists only in the labelled example.') }
  }
  await setActingAs(service.db, hashed(viewer.session), person)
  return { ok: true, message: rich(`You now act as ${person}.`) }
}

export async function makeSignInLink(
  { service: { db, people, parts } }: Backend,
  viewer: Viewer,
  person: string,
): ReturnType<ConsolePort['makeSignInLink']> {
  if (!viewer.isOperator) return { ok: false, message: rich('Only operators make sign-in links for others.') }
  if (!people.all.some((item) => item.id === person))
    return { ok: false, message: rich(`There is no person "${person}" in the configuration.`) }
  // If this person signed in by a link, the people who made that link may also keep the new one.
  const behind = viewer.through.kind === 'sign-in link' ? viewer.through.madeBy : []
  const madeBy = [...new Set([viewer.person, ...behind])]
  const link = { person, issuedBy: viewer.person, madeBy, example: people.example }
  const token = await issueSignInToken(db, link, parts.clock())
  parts.log.info(`${viewer.person} made a sign-in link for ${person}.`)
  return { ok: true, path: `/sign-in?token=${token}` }
}
