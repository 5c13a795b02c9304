/**
 * Who really acted, as far as that can be known. A person who acts with their own account acts by their own hand. An
 * act by a command line, or by a sign-in link that somebody else made, may come from anybody who could run the command
 * or had the link.
 */

/**
 * The one hand for everything that comes by a command line, or by a link made on one, whatever system user ran it. It
 * cannot be a person's id, because ids have no spaces.
 */
export const COMMAND_LINE = 'the command line'

/** How an act came if the person did not use their own account. */
export type Through =
  | { readonly kind: 'command line'; readonly user: string; readonly host: string }
  /** A session that began with a link. `madeBy`: the hands that could have kept the link. */
  | { readonly kind: 'sign-in link'; readonly madeBy: readonly string[] }
  /** The labelled example, in which one session may act as all its people. */
  | { readonly kind: 'example' }

/** An act as it is counted. Without `through`: the person used their own account. */
export interface CountedAct {
  /** Person id. */
  readonly person: string
  readonly through?: Through
  /** When the person confirmed the act with their own account. ISO 8601, UTC. */
  readonly confirmedAt?: string
}

/** `through` as a member to store with the act; empty if the person used their own account. */
export function throughOf({ through }: Pick<CountedAct, 'through'>): Pick<CountedAct, 'through'> {
  return through === undefined ? {} : { through }
}

/** Whether the person acted themselves, as far as that can be known. In the labelled example this is always true. */
export function isOwn({ through, confirmedAt }: Pick<CountedAct, 'through' | 'confirmedAt'>): boolean {
  return through === undefined || through.kind === 'example' || confirmedAt !== undefined
}

/**
 * Whether repeating an act adds nothing. An act that came by a link or the command line counts more when the person
 * repeats it with their own account.
 */
export function addsNothing(
  now: Pick<CountedAct, 'through'>,
  before: Pick<CountedAct, 'through' | 'confirmedAt'>,
): boolean {
  return isOwn(before) || !isOwn(now)
}

/** The name in lists of people who agreed. It adds "(not confirmed)" if somebody else may have acted. */
export function nameAsKnown(act: CountedAct & { readonly name: string }): string {
  return isOwn(act) ? act.name : `${act.name} (not confirmed)`
}

/** The hands that may have acted: the person's own, or those behind the command line or the link. */
export function handsOf(act: CountedAct): readonly string[] {
  const { person, through } = act
  if (through === undefined || isOwn(act) || through.kind === 'example') return [person]
  return through.kind === 'command line' ? [COMMAND_LINE] : through.madeBy
}

/** The person and every possible hand. */
export function personAndHands(act: CountedAct): ReadonlySet<string> {
  return new Set([act.person, ...handsOf(act)])
}

/** Whether the act is by one of these people or one of these hands. */
export function isOneOf(act: CountedAct, others: ReadonlySet<string>): boolean {
  return [...personAndHands(act)].some((one) => others.has(one))
}

/** Looks up names of people by id. For an unknown id it returns the id. */
export function namesIn(members: readonly { readonly id: string; readonly name: string }[]): (id: string) => string {
  return (id) => members.find((member) => member.id === id)?.name ?? id
}

/** E.g. `the command line (deploy on build01)`. `nameOf`: a person's name by id. */
export function throughWords(through: Through, nameOf: (person: string) => string): string {
  switch (through.kind) {
    case 'command line':
      return `${COMMAND_LINE} (${through.user} on ${through.host})`
    case 'sign-in link': {
      const makers = through.madeBy.filter((hand) => hand !== COMMAND_LINE).map(nameOf)
      return `a sign-in link made ${makers.length === 0 ? `on ${COMMAND_LINE}` : `by ${makers.join(' and ')}`}`
    }
    case 'example':
      return 'the labelled example'
  }
}
