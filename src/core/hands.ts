/**
 * Whose hand really acted. A person who acts by an account of their own acts by their own hand. What comes by a command
 * line, or by a sign-in link that somebody else made, may come from anybody who could run the command or hold the link.
 */

/**
 * The one hand behind all that comes by a command line, or by a link made on one, whatever system user ran it. A
 * person's id never has spaces.
 */
export const COMMAND_LINE = 'the command line'

/** How an act came where it was not by an account of the person's own. */
export type Through =
  | { readonly kind: 'command line'; readonly user: string; readonly host: string }
  /** A session that began with a link. `madeBy`: the hands that could have kept the link for themselves. */
  | { readonly kind: 'sign-in link'; readonly madeBy: readonly string[] }
  /** The labelled example, where one session may act as all its people. */
  | { readonly kind: 'example' }

/** An act as it is counted. Left out `through`: by an account of the person's own. */
export interface CountedAct {
  /** Person id. */
  readonly person: string
  readonly through?: Through
  /** When the person confirmed it by an account of their own. ISO 8601 UTC. */
  readonly confirmedAt?: string
}

/** How an act came, to be kept with it; nothing where it was by an account of the person's own. */
export function throughOf({ through }: Pick<CountedAct, 'through'>): Pick<CountedAct, 'through'> {
  return through === undefined ? {} : { through }
}

/** Was it the person, as far as anybody can know? The labelled example is its own matter. */
export function isOwn({ through, confirmedAt }: Pick<CountedAct, 'through' | 'confirmedAt'>): boolean {
  return through === undefined || through.kind === 'example' || confirmedAt !== undefined
}

/** Would the same, done again, add nothing? What came by a link or the command line counts for more by an account of one's own. */
export function addsNothing(
  now: Pick<CountedAct, 'through'>,
  before: Pick<CountedAct, 'through' | 'confirmedAt'>,
): boolean {
  return isOwn(before) || !isOwn(now)
}

/** A name for lists of people who agreed; it also says where the act may have come from another hand. */
export function nameAsKnown(act: CountedAct & { readonly name: string }): string {
  return isOwn(act) ? act.name : `${act.name} (not confirmed)`
}

/** The hands that may have done it: the person's own, or those behind the command line or the link. */
export function handsOf(act: CountedAct): readonly string[] {
  const { person, through } = act
  if (through === undefined || isOwn(act) || through.kind === 'example') return [person]
  return through.kind === 'command line' ? [COMMAND_LINE] : through.madeBy
}

/** The person and every hand: whatever leaves one of them out leaves all of them out. */
export function personAndHands(act: CountedAct): ReadonlySet<string> {
  return new Set([act.person, ...handsOf(act)])
}

/** Is the act one of these people's, or by one of these hands? */
export function isOneOf(act: CountedAct, others: ReadonlySet<string>): boolean {
  return [...personAndHands(act)].some((one) => others.has(one))
}

/** Names of people by their ids; an id that is not known stands for itself. */
export function namesIn(members: readonly { readonly id: string; readonly name: string }[]): (id: string) => string {
  return (id) => members.find((member) => member.id === id)?.name ?? id
}

/** `the command line (deploy on build01)`. `nameOf`: a person's name by id. */
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
