/** How somebody stands to a proposal: by a role that its policy names, or as a person. */

import { ringAt } from '../proposal/glance.ts'
import { type Place, voters } from './place.ts'
import { above, onCall, resumers, stoppers } from './roles.ts'

interface Relation {
  /** For the list of permissions. */
  readonly words: string
  /** Whoever holds one of these roles in the team; `any`: whoever holds any. */
  readonly roles?: (place: Place) => readonly string[] | 'any'
  /** These people, by id, whatever roles they hold. */
  readonly people?: (place: Place) => readonly string[]
}

function proposer({ glance: { proposer } }: Place): readonly string[] {
  return proposer.kind === 'person' ? [proposer.id] : []
}

function goRoles({ glance }: Place): readonly string[] {
  return ringAt(glance)?.planned.gate.go ?? []
}

const relations = {
  member: { words: 'people with a role in the team', roles: () => 'any' },
  voter: {
    words: 'who may vote: the roles of the approval; while a notice runs, those who may object',
    roles: ({ glance }) => voters(glance),
  },
  stop: { words: 'a role of `stop`', roles: ({ glance }) => stoppers(glance) },
  resume: { words: 'a role of `resume`', roles: ({ glance }) => resumers(glance) },
  'stop of the team': {
    words: "a role of `stop` in the team's policy of now",
    roles: ({ teamPolicy, glance }) => stoppers({ policy: teamPolicy ?? glance.policy }),
  },
  'resume of the team': {
    words: "a role of `resume` in the team's policy of now",
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
    people: (place) => (place.glance.status === 'open' ? proposer(place) : []),
  },
  'who voted': {
    words: 'who voted, with a role or not',
    people: ({ glance }) => glance.votes.map(({ person }) => person),
  },
} as const satisfies Readonly<Record<string, Relation>>

export type RelationName = keyof typeof relations

export function relation(name: RelationName): Relation {
  return relations[name]
}
