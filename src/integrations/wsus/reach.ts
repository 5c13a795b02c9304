/** What a machine may have learned when it is taken back, as far as the server knows. */

import { isBefore, minuteOf, plusSeconds } from '../../core/time/instant.ts'
import type { WsusMachine } from './calls.ts'
import type { Context } from './context.ts'
import type { AssetNote } from './note.ts'
import { nextAt } from './times.ts'

type TakenBack = NonNullable<AssetNote['takenBack']>

/**
 * What taking a machine back reaches, as far as the server knows: it knows when the machine last asked, and with that
 * it learned what was approved. It finds out at its next ask that it is approved no more.
 */
export function reachOf(
  context: Context,
  one: Pick<AssetNote, 'since' | 'notBefore' | 'timeZone'>,
  machine: WsusMachine | undefined,
  now: Date,
): Pick<TakenBack, 'state' | 'until'> {
  const contactedAt = machine?.contactedAt ?? null
  if (contactedAt === null || isBeforeSecond(contactedAt, one.since)) return { state: 'stopped', until: null }
  const until = plusSeconds(contactedAt, context.contactSeconds)
  const due =
    context.installs === 'by deadline'
      ? Math.max(Date.parse(one.notBefore), Date.parse(contactedAt))
      : nextAt(context.installs.at, one.timeZone, Date.parse(one.since))
  if (now.getTime() >= due) return { state: 'at work', until }
  return { state: 'may still begin', until }
}

/** The server writes down whole seconds, so one in the same second may be later. */
function isBeforeSecond(at: string, other: string): boolean {
  return Date.parse(at) < Math.floor(Date.parse(other) / 1_000) * 1_000
}

/** Of a machine that somebody put into a group, nobody knows when, as a clause: it may have asked while it was in it. */
export function whatItLearned(context: Context, machine: WsusMachine | undefined): string {
  const contactedAt = machine?.contactedAt ?? null
  if (contactedAt === null) return 'it has never asked, so it was told nothing'
  const until = plusSeconds(contactedAt, context.contactSeconds)
  if (isBefore(until, context.clock().toISOString())) return 'it has not asked for long'
  return `if it asked while it was in it (it last did on ${minuteOf(contactedAt)} UTC), it may install until ${minuteOf(until)} UTC`
}
