/** How a person can be related to a proposal: by a role that its policy names, or as a particular person. */

import { isOwn } from '../hands.ts'
import { ringAt } from '../proposal/glance.ts'
import { type Askable, type Place, voters } from './place.ts'
import { above, onCall, resumers, stoppers } from './roles.ts'

/** The part of a place that relations depend on. */
interface Standing extends Pick<Place, 'teamPolicy'> {
  readonly glance: Askable
}

interface Relation {
  /** How the list of permissions names this relation. */
  readonly words: string
  /** Members who hold one of these roles; `any`: all who hold any role in the team. */
  readonly roles?: (standing: Standing) => readonly string[] | 'any'
  /** Ids of people who have this relation, whatever their roles are. */
  readonly people?: (standing: Standing) => readonly string[]
}

function proposer({ glance: { proposer } }: Standing): readonly string[] {
  return proposer.kind === 'person' ? [proposer.id] : []
}

function goRoles({ glance }: Standing): readonly string[] {
  return ringAt(glance)?.planned.gate.go ?? []
}

const relations = {
  member: { words: 'people with a role in the team', roles: () => 'any' },
  voter: {
    words: 'who may vote: the roles of the approval; while a notice runs, those who may object',
    roles: ({ glance }) => voters(glance),
  },
  'voter until a break-glass is reviewed': {
    words: 'who may vote, while a break-glass that skipped their vote is not reviewed',
    roles: ({ glance }) => (glance.breakGlass?.reviewedBy === null ? voters(glance) : []),
  },
  stop: { words: 'a role of `stop`', roles: ({ glance }) => stoppers(glance) },
  resume: { words: 'a role of `resume`', roles: ({ glance }) => resumers(glance) },
  'stop of the team': {
    words: "a role of `stop` in the team's present policy",
    roles: ({ teamPolicy, glance }) => stoppers({ policy: teamPolicy ?? glance.policy }),
  },
  'resume of the team': {
    words: "a role of `resume` in the team's present policy",
    roles: ({ teamPolicy, glance }) => resumers({ policy: teamPolicy ?? glance.policy }),
  },
  'break glass': {
    words: 'a role of `breakGlass`',
    roles: ({ glance }) => glance.policy.breakGlass?.roles ?? [],
  },
  go: { words: "a role of the ring's `go`", roles: goRoles },
  'on call': { words: 'the role `on-call`', roles: () => onCall },
  above: { words: 'a role of `escalateTo`', roles: ({ glance }) => above(glance) },
  proposer: { words: 'who proposed it', people: proposer },
  'proposer while it is open': {
    words: 'who proposed it, while it is open',
    people: (standing) => (standing.glance.status === 'open' ? proposer(standing) : []),
  },
  'who voted': {
    words: 'who voted, with a role or not',
    people: ({ glance }) => glance.votes.map(({ person }) => person),
  },
  'who did something that may not have been theirs': {
    words: 'whose vote or agreement came by a sign-in link or the command line',
    people: ({ glance: { votes, resumeVotes } }) =>
      [...votes, ...resumeVotes].filter((act) => !isOwn(act) && act.seq !== undefined).map(({ person }) => person),
  },
} as const satisfies Readonly<Record<string, Relation>>

export type RelationName = keyof typeof relations

export function relation(name: RelationName): Relation {
  return relations[name]
}
