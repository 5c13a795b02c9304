/** Whom a proposal waits for now, and for what: kept as rows, so that nobody reads states to know what waits for a person. */

import { COMMAND_LINE, isOwn } from '../hands.ts'
import { voters } from '../permission/place.ts'
import { above, holds, onCall, resumers, stoppers } from '../permission/roles.ts'
import { wantsAcknowledgement } from './acknowledgement.ts'
import { excludedVoters, quorumNeeds } from './approval.ts'
import { type Rings, ringAt } from './glance.ts'
import type { LightState } from './light.ts'
import { goesOn, waitingForResume } from './run.ts'
import { wantsGo } from './turn.ts'

/** What somebody is asked for, the most pressing first. */
export const askedFor = ['acknowledge', 'resume', 'go', 'review', 'confirm', 'vote'] as const

export interface Ask {
  readonly what: (typeof askedFor)[number]
  /** Whoever holds one of these roles in the team is asked, and so are these people, by id. */
  readonly roles: readonly string[]
  readonly people: readonly string[]
  /** Ids of people who are not, whatever their roles. */
  readonly except: readonly string[]
}

/** A small state and what it asks for, in full or in short. */
export type Askable = LightState & { readonly subject: Rings }

/** In the order of `askedFor`. */
export function asksOf(glance: Askable): readonly Ask[] {
  return askedFor.flatMap((what) => {
    const ask = askOf(what, glance)
    return ask === null ? [] : { what, roles: [], people: [], except: [], ...ask }
  })
}

function askOf(what: Ask['what'], glance: Askable): Partial<Ask> | null {
  const { breakGlass, votes, resumeVotes } = glance
  switch (what) {
    case 'acknowledge':
      return wantsAcknowledgement(glance) && glance.schedule !== null ? { roles: onCall } : null
    case 'resume':
      return waitingForResume(glance) === null ? null : { roles: resumers(glance) }
    case 'go': {
      const current = ringAt(glance)
      return goesOn(glance) && current !== null && wantsGo(current) ? { roles: current.planned.gate.go ?? [] } : null
    }
    case 'review':
      if (breakGlass === null || breakGlass.reviewedBy !== null) return null
      return {
        roles: [...new Set([...voters(glance), ...stoppers(glance), ...above(glance)])],
        except: [breakGlass.person],
      }
    case 'confirm': {
      if (glance.closedAt !== null) return null
      const unsure = [...votes, ...resumeVotes].filter((vote) => !isOwn(vote) && vote.seq !== undefined)
      return unsure.length === 0 ? null : { people: [...new Set(unsure.map(({ person }) => person))] }
    }
    case 'vote': {
      // While a notice runs, silence is consent: nobody is waited for.
      if (glance.status !== 'open' || quorumNeeds(glance) === null) return null
      const excluded = [...excludedVoters(glance)].filter((hand) => hand !== COMMAND_LINE)
      const except = new Set([...votes.map(({ person }) => person), ...excluded])
      return { roles: voters(glance), except: [...except] }
    }
  }
}

/** Is this member of the proposal's team asked? */
export function isAsked(
  { roles, people, except }: Ask,
  me: { readonly id: string; readonly roles: readonly string[] },
): boolean {
  return people.includes(me.id) || (holds(me, roles) && !except.includes(me.id))
}
