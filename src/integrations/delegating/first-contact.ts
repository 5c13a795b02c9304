/** Until one start was completed on a system, one start at a time has a few machines there. */

import { heldBack } from '../../core/held-back.ts'
import { notBegun } from '../../core/not-begun.ts'
import type { DeploymentOutcome, DeploymentReport, DeploymentRequest } from '../../core/ports.ts'
import { plusSeconds } from '../../core/time/instant.ts'
import type { FirstContact, StartNotes } from './notes.ts'

/** So many machines may a start have until one was completed on the system. */
export const FIRST_MACHINES = 5

/** One asset of a batch, as its system sees it now. `items`: what is to be done there; none: it has all of it. */
export interface LookedAt {
  readonly request: DeploymentRequest
  readonly found:
    | { readonly ready: true; readonly plan: { readonly items: readonly unknown[] } }
    | { readonly ready: false; readonly outcome: DeploymentOutcome }
}

/** What must be known of the system and of its starts. */
export interface FirstContactOf<Looked extends LookedAt = LookedAt> {
  /** For people: `this WSUS`. */
  readonly system: string
  readonly notes: Pick<StartNotes<object>, 'firstContact' | 'saveFirstContact' | 'alone'>
  readonly clock: () => Date
  /** Assets of a batch without an end are tried again so many seconds later. */
  readonly againSeconds: number
  /** The reports of a start; none: nobody knows it. */
  reports(key: string, signal: AbortSignal): Promise<readonly DeploymentReport[]>
  /** Whether two assets can only be told at once. Left out: each can be told by itself. */
  together?(one: Looked, other: Looked): boolean
  /** Why an asset cannot be among the first because of those that are told with it, as a clause; `null`: it can. */
  tooLarge?(one: Looked): string | null
}

/** The assets that may be told now. Of the others it is said that they come later. */
export async function firstOnes<Looked extends LookedAt>(
  of: FirstContactOf<Looked>,
  key: string,
  looked: readonly Looked[],
  signal: AbortSignal,
): Promise<readonly Looked[]> {
  const first = await firstContactNow(of, key, signal)
  if (first.proven) return looked
  const able = looked.filter(({ found }) => found.ready && found.plan.items.length > 0)
  const mayGo = first.trying === null || first.trying === key
  const few = new Set(mayGo ? fewOf(of, able) : [])
  return looked.map((one) => {
    if (!able.includes(one) || few.has(one)) return one
    const large = of.tooLarge?.(one) ?? null
    if (large !== null) return { ...one, found: { ready: false, outcome: heldBack(`${large}.`) } }
    const reason = `Until one start was completed on ${of.system}, one start at a time has at most ${FIRST_MACHINES} servers`
    const again = one.request.notAfter ?? plusSeconds(of.clock().toISOString(), of.againSeconds)
    return { ...one, found: { ready: false, outcome: { ...notBegun(reason), notBefore: again } } }
  })
}

/** So many as a first start may have, and of those that can only be told at once all or none. */
function fewOf<Looked extends LookedAt>(of: FirstContactOf<Looked>, able: readonly Looked[]): readonly Looked[] {
  const few: Looked[] = []
  for (const one of able) {
    if (few.includes(one) || of.tooLarge?.(one)) continue
    const all = able.filter((other) => other === one || of.together?.(one, other) === true)
    if (few.length + all.length <= FIRST_MACHINES) few.push(...all)
  }
  return few
}

/** Another start that was to prove it may have ended since, before it was tidied. */
type Contacts = Pick<FirstContactOf, 'notes' | 'reports'>

async function firstContactNow(of: Contacts, key: string, signal: AbortSignal): Promise<FirstContact> {
  const first = await of.notes.firstContact()
  if (first.proven || first.trying === null || first.trying === key) return first
  const ended = await provenBy(of, first.trying, signal)
  if (ended === null) return first
  const now = { proven: ended, trying: null }
  await of.notes.saveFirstContact(now)
  return now
}

/** Whether a machine of the start did what it was told; `null`: some have not ended. */
async function provenBy(of: Contacts, key: string, signal: AbortSignal): Promise<boolean | null> {
  const reports = await of.reports(key, signal)
  if (reports.some(({ outcome }) => outcome === null)) return null
  return reports.some(({ outcome }) => outcome?.state === 'succeeded')
}

/**
 * Runs `write` for the assets that may be told now, while no other start claims to be the first one. `write` says by `claim`
 * that its start will tell somebody, before it notes that: a claim without a note is free again.
 */
export async function withFirstOnes<Looked extends LookedAt, T>(
  of: FirstContactOf<Looked>,
  key: string,
  looked: readonly Looked[],
  signal: AbortSignal,
  write: (few: readonly Looked[], claim: () => Promise<void>) => Promise<T>,
): Promise<T> {
  const claim = async () => {
    const first = await of.notes.firstContact()
    if (!first.proven && first.trying !== key) await of.notes.saveFirstContact({ ...first, trying: key })
  }
  if ((await of.notes.firstContact()).proven) return write(looked, claim)
  return of.notes.alone('first contact', signal, async (mine) => write(await firstOnes(of, key, looked, mine), claim))
}

/** A first start was completed where one of its machines did what it was told. To be called before the start is tidied. */
export async function endFirstContact(of: Contacts, key: string, signal: AbortSignal): Promise<void> {
  const first = await of.notes.firstContact()
  if (first.trying !== key) return
  await of.notes.saveFirstContact({ proven: (await provenBy(of, key, signal)) === true, trying: null })
}
