/**
 * Personal data in a state. In the program a state has ids, names and words of people. The stored state has pseudonyms,
 * and the numbers of the entries beside which the words stand. So it stays the same when the words are erased.
 */

import type { Through } from '../hands.ts'
import { fillWith } from '../quorum.ts'
import { type Beside, readBeside } from '../record/entry.ts'
import { ERASED, type Register, throughWith } from '../record/register.ts'
import type { EventType, RecordedEvent } from './event.ts'
import type { LightState, ResultRow } from './light.ts'
import type { Actor, ApprovedBy, By, ProposalState, Said, TestStop, wordPlaces } from './proposal.ts'

type Place = (typeof wordPlaces)[number]

/** Events that bring new words for a place. They are new even if the text is the same as before. */
const bringers: Readonly<Partial<Record<Place, readonly EventType[]>>> = {
  'why now': ['opened', 'revised'],
  'standing refused': ['standing-refused'],
  'not started': ['start-refused'],
}

/** A value for each place that changes when an event brings other words; `null`: there are no words. */
const marks: Readonly<Record<Place, (state: ProposalState) => unknown>> = {
  'why now': ({ whyNow }) => whyNow,
  proposer: ({ proposer }) => proposer,
  'standing refused': ({ standingRefused }) => standingRefused,
  approved: ({ approvedBy }) => approvedBy,
  'not started': ({ notStarted }) => notStarted,
  'test stopped': ({ test }) => test?.stopped ?? null,
  'test result': ({ test }) => test?.result ?? null,
  stopped: ({ stopped }) => stopped,
  'break-glass': ({ breakGlass }) => breakGlass?.reviewBy ?? null,
  deferral: ({ deferral }) => deferral,
}

/** The state after an event. `said` has the number of the event's entry for each place whose words came with it. */
export function withSaid(
  before: ProposalState | null,
  after: ProposalState,
  { seq, inItself, event }: RecordedEvent,
): ProposalState {
  const said: Partial<Record<Place, number>> = {}
  let changed = false
  for (const [name, mark] of Object.entries(marks)) {
    const place = name as Place
    const [was, is, known] = [before && mark(before), mark(after), before?.said?.[place]]
    if (was === is && bringers[place]?.includes(event.type) !== true) {
      if (known !== undefined && is !== null) said[place] = known
    } else {
      changed = true
      if (is !== null && inItself !== true) said[place] = seq
    }
  }
  if (!changed) return after
  if (Object.keys(said).length > 0) return { ...after, said }
  const { said: _, ...rest } = after
  return rest
}

// ---------------------------------------------------------------- the stored form, and back

/**
 * How each person and each text of a state is changed. `said`: the number of the entry; left out: the text stands in
 * the event.
 */
interface Change {
  readonly person: (id: string) => string
  readonly name: (person: string) => string
  /** `member`: the name of the words beside the entry; left out: `words`. */
  readonly words: (text: string, said: number | undefined, member?: string) => string
  readonly through: (through: Through, said: number | undefined) => Through
  readonly account: (account: string | undefined, said: number | undefined) => { readonly account?: string }
}

/** For storing: people become pseudonyms, and words that stand beside entries are taken out. */
function writing({ pseudonymOf }: Pick<Register, 'pseudonymOf'>): Change {
  return {
    person: pseudonymOf,
    name: () => '',
    words: (text, said) => (said === undefined ? text : ''),
    through: (through, said) =>
      through.kind === 'command line' && said !== undefined
        ? { ...through, user: '', host: '' }
        : throughWith(through, pseudonymOf),
    account: (account, said) => (account === undefined || said !== undefined ? {} : { account }),
  }
}

/**
 * For reading: the reverse. `besides`: the data beside the entries of `entriesSaid`, as JSON, by number of the entry.
 */
function reading({ personOf }: Register, besides: ReadonlyMap<number, string | null>): Change {
  const besideOf = (seq: number) => readBeside(besides.get(seq) ?? null)
  return {
    person: (pseudonym) => personOf(pseudonym).id,
    name: (pseudonym) => personOf(pseudonym).name,
    words: (text, said, member) => (said === undefined ? text : wordsIn(besideOf(said), member)),
    through: (through, said) =>
      through.kind === 'command line' && said !== undefined
        ? { ...through, ...cameFrom(besideOf(said)) }
        : throughWith(through, (pseudonym) => personOf(pseudonym).id),
    account: (account, said) =>
      said === undefined ? (account === undefined ? {} : { account }) : accountIn(besideOf(said)),
  }
}

/** The state as it is stored: with pseudonyms, and without words that stand beside entries. */
export function withoutPersons(light: LightState, register: Pick<Register, 'pseudonymOf'>): LightState {
  return changed(light, writing(register))
}

/**
 * The state as the program uses it. `besides`: the data beside the entries of `entriesSaid`, as JSON, by number of the
 * entry.
 */
export function withPersons(
  light: LightState,
  register: Register,
  besides: ReadonlyMap<number, string | null>,
): LightState {
  return changed(light, reading(register, besides))
}

/** As `withoutPersons`, for a row. */
export function rowWithoutPersons(row: ResultRow, register: Pick<Register, 'pseudonymOf'>): ResultRow {
  return rowChanged(row, writing(register))
}

export function rowWithPersons(
  row: ResultRow,
  register: Register,
  besides: ReadonlyMap<number, string | null>,
): ResultRow {
  return rowChanged(row, reading(register, besides))
}

/** Numbers of the entries whose words must be put back. */
export function entriesSaid(light: LightState, rows: readonly ResultRow[]): readonly number[] {
  const { votes, resumeVotes, agreements = [], said = {} } = light
  return [
    ...Object.values(said),
    ...[...votes, ...resumeVotes, ...agreements].flatMap((one) => one.said ?? []),
    ...rows.flatMap(({ facts }) => facts.skipped?.said ?? []),
  ]
}

/** The words beside an entry; `(erased)` if they were erased. */
export function wordsIn(beside: Beside | null, member = 'words'): string {
  const words = beside?.[member]
  return typeof words === 'string' ? words : ERASED
}

/** The account of the actor; empty if there was none, or it was erased. */
export function accountIn(beside: Beside | null): { readonly account?: string } {
  const account = beside?.account
  return typeof account === 'string' ? { account } : {}
}

/** The user and host of a command line; `(erased)` if they were erased. */
export function cameFrom(beside: Beside | null): { readonly user: string; readonly host: string } {
  const { user, host } = beside ?? {}
  return { user: typeof user === 'string' ? user : ERASED, host: typeof host === 'string' ? host : ERASED }
}

function changed(light: LightState, change: Change): LightState {
  const { person, name, words } = change
  const said: Said = light.said ?? {}
  const text = (value: string | null, place: Place) => (value === null ? null : words(value, said[place]))
  const by = (one: By) => changedBy(one, person, name)
  const stop = (one: TestStop) => ({ ...one, by: by(one.by), reason: words(one.reason, said['test stopped']) })
  const counted = <Act extends { readonly person: string; readonly through?: Through; readonly said?: number }>(
    act: Act,
  ) => ({
    ...act,
    person: person(act.person),
    ...(act.through === undefined ? {} : { through: change.through(act.through, act.said) }),
  })
  const { test, rollout, stopped, breakGlass, deferral, approvedBy, acknowledgedBy } = light
  const rings = <Run extends NonNullable<typeof rollout | typeof test>>(run: Run): Run => ({
    ...run,
    rings: run.rings.map((ring) => ({
      ...ring,
      go: ring.go === null ? null : person(ring.go),
      ...(ring.resumedBy === undefined ? {} : { resumedBy: ring.resumedBy.map(person) }),
    })),
  })
  return {
    ...light,
    whyNow: words(light.whyNow, said['why now'], 'whyNow'),
    proposer: changedActor(light.proposer, said.proposer, change),
    votes: light.votes.map((vote) => ({
      ...counted(vote),
      name: name(vote.person),
      reason: vote.reason === null ? null : words(vote.reason, vote.said),
    })),
    resumeVotes: light.resumeVotes.map((vote) => ({ ...counted(vote), name: name(vote.person) })),
    ...(light.agreements === undefined
      ? {}
      : { agreements: light.agreements.map((one) => ({ ...counted(one), name: name(one.person) })) }),
    ...(light.questions === undefined
      ? {}
      : { questions: light.questions.map((one) => ({ ...one, person: person(one.person), by: person(one.by) })) }),
    standingRefused: text(light.standingRefused, 'standing refused'),
    notStarted: text(light.notStarted, 'not started'),
    approvedBy: approvedBy && changedApproval(approvedBy, said.approved, change),
    acknowledgedBy: acknowledgedBy === null ? null : person(acknowledgedBy),
    stopped: stopped && { ...stopped, by: by(stopped.by), reason: words(stopped.reason, said.stopped) },
    test: test && {
      ...rings(test),
      stopped: test.stopped && stop(test.stopped),
      result: test.result && { ...test.result, reason: text(test.result.reason, 'test result') },
    },
    rollout: rollout && rings(rollout),
    breakGlass: breakGlass && {
      ...breakGlass,
      person: person(breakGlass.person),
      ...(breakGlass.through === undefined ? {} : { through: change.through(breakGlass.through, said['break-glass']) }),
      reason: words(breakGlass.reason, said['break-glass']),
      reviewedBy: breakGlass.reviewedBy === null ? null : person(breakGlass.reviewedBy),
    },
    deferral: deferral && {
      ...deferral,
      by: person(deferral.by),
      owner: person(deferral.owner),
      reason: words(deferral.reason, said.deferral),
    },
  }
}

function changedBy(by: By, person: (id: string) => string, name: (person: string) => string): By {
  return by.person === null ? by : { person: person(by.person), name: name(by.person) }
}

function changedActor(actor: Actor, said: number | undefined, { person, name, through, account }: Change): Actor {
  if (actor.kind !== 'person') return actor
  const { account: given, ...rest } = actor
  const came = actor.through === undefined ? {} : { through: through(actor.through, said) }
  return { ...rest, id: person(actor.id), name: name(actor.id), ...account(given, said), ...came }
}

function changedApproval(by: ApprovedBy, said: number | undefined, { person, words }: Change): ApprovedBy {
  switch (by.how) {
    case 'quorum':
      return { ...by, fills: by.fills.map((fill) => fillWith(fill, person)) }
    case 'break-glass':
    case 'roll back':
      return { ...by, person: person(by.person), reason: words(by.reason, said) }
    default:
      return by
  }
}

function rowChanged(row: ResultRow, { person, name, words }: Change): ResultRow {
  const { skipped } = row.facts
  if (skipped === undefined) return row
  const changed = { ...skipped, by: changedBy(skipped.by, person, name), reason: words(skipped.reason, skipped.said) }
  return { ...row, facts: { ...row.facts, skipped: changed } }
}
