/** Compares the table of freezes with the record. Pure. */

import { resumers, stoppers } from './permission/roles.ts'
import type { Member, Policy } from './policy.ts'

/** A freeze that was declared or lifted, from an entry of the stream `rights`. */
export type FreezeEntry = {
  readonly seq: number
  readonly at: string
  /** Pseudonym. */
  readonly by: string
  readonly team: string
} & (
  | { readonly declared: { readonly freeze: number; readonly until: string } }
  /** Numbers of the freezes that were lifted. */
  | { readonly lifted: readonly number[] }
)

/** A freeze that was declared or lifted, from an event of one proposal. */
export interface FreezeAct {
  readonly proposal: string
  readonly seq: number
  readonly team: string
  /** `null`: the person was erased. */
  readonly person: string | null
  readonly at: string
  /** `null`: the freeze was lifted. `reason` is `null` if it was erased. */
  readonly freeze: { readonly until: string; readonly reason: string | null } | null
}

/** A row of the table of freezes. */
export interface FreezeRow {
  readonly id: number
  readonly team: string
  /** Pseudonym; rows of an earlier version have the person's id. The same holds for `liftedBy`. */
  readonly person: string
  /** Number of the entry that declares the freeze; `null`: from an earlier version, recorded only in proposals. */
  readonly entry: number | null
  /** Only earlier versions wrote it. */
  readonly reason: string | null
  readonly fromAt: string
  readonly untilAt: string
  readonly liftedAt: string | null
  readonly liftedBy: string | null
}

/** A proposal with the time in which it was not over, and who may freeze its team. */
export interface FreezeWitness {
  readonly id: string
  readonly team: string
  readonly openedAt: string
  readonly closedAt: string | null
  readonly policy: Pick<Policy, 'stop' | 'resume'>
}

export interface FreezeDifference {
  readonly record: string
  readonly problem: string
}

/** Everything that the record says about freezes. */
export interface FreezeRecord {
  readonly entries: readonly FreezeEntry[]
  readonly acts: readonly FreezeAct[]
  readonly witnesses: readonly FreezeWitness[]
}

/** The members of each team now, and the person of each pseudonym. `idOf` returns any other text unchanged. */
export interface FreezePeople {
  readonly members: (team: string) => readonly Member[]
  readonly idOf: (pseudonym: string) => string
}

/** A freeze and its events in the proposals are one transaction, which takes at most 10 minutes. */
const SAME_ACT_MS = 600_000

/**
 * Each freeze and each lifting has an entry, which must agree with the row. Freezes of earlier versions have no entry:
 * every proposal that was not over got an event about the freeze. So a row of an earlier version without an event is
 * wrong only if a proposal was not over at that time and the person could freeze its team, as `members` says.
 */
export function freezeDifferences(
  rows: readonly FreezeRow[],
  record: FreezeRecord,
  { members, idOf }: FreezePeople,
): readonly FreezeDifference[] {
  const known = rows.map((row) => ({ ...row, whose: idOf(row.person) }))
  return [
    ...ofEntries(known, record.entries, idOf),
    ...ofEarlier(known, record, members, (pseudonym) => (pseudonym === null ? null : idOf(pseudonym))),
  ]
}

/** `whose`: the person's id. */
type KnownRow = FreezeRow & { readonly whose: string }

function ofEntries(
  rows: readonly KnownRow[],
  entries: readonly FreezeEntry[],
  idOf: FreezePeople['idOf'],
): readonly FreezeDifference[] {
  const differences: FreezeDifference[] = []
  const tell = (record: string, problem: string) => differences.push({ record, problem })
  const told = new Set<number>()
  const lifts = new Map<number, FreezeEntry>()
  for (const entry of entries) {
    const { seq, team, by } = entry
    if ('lifted' in entry) {
      for (const freeze of entry.lifted) if (!lifts.has(freeze)) lifts.set(freeze, entry)
      continue
    }
    const { freeze, until } = entry.declared
    const row = rows.find(({ id }) => id === freeze)
    const holds =
      row !== undefined &&
      row.entry === seq &&
      row.team === team &&
      row.person === by &&
      ms(row.fromAt) === ms(entry.at) &&
      ms(row.untilAt) === ms(until)
    if (row?.entry === seq) told.add(freeze)
    if (!holds)
      tell(
        `freeze ${freeze} of ${team} by ${idOf(by)}`,
        `is not kept as rights event ${seq} tells it: its row is gone or was changed`,
      )
  }
  for (const row of rows) {
    if (row.entry !== null && !told.has(row.id)) tell(nameOf(row), 'is told by no event of rights')
    const lift = lifts.get(row.id)
    if (lift === undefined) {
      if (row.entry !== null && row.liftedAt !== null) tell(nameOf(row), 'was lifted as no event of rights tells')
    } else if (row.liftedAt === null) tell(nameOf(row), `still holds, though rights event ${lift.seq} lifted it`)
    else if (ms(row.liftedAt) !== ms(lift.at) || row.liftedBy !== lift.by || row.team !== lift.team)
      tell(nameOf(row), `was lifted otherwise than rights event ${lift.seq} tells`)
  }
  return differences
}

function ofEarlier(
  all: readonly KnownRow[],
  { entries, acts, witnesses }: FreezeRecord,
  members: FreezePeople['members'],
  idOf: (pseudonym: string | null) => string | null,
): readonly FreezeDifference[] {
  const differences: FreezeDifference[] = []
  const tell = (record: string, problem: string) => differences.push({ record, problem })
  const rows = all.filter(({ entry }) => entry === null)
  const withEntry = (act: FreezeAct) =>
    entries.some(
      (entry) =>
        'declared' in entry === (act.freeze !== null) &&
        entry.team === act.team &&
        isBy(act, idOf(entry.by)) &&
        isSameAct(entry.at, act.at),
    )
  const lifted = new Set(entries.flatMap((entry) => ('lifted' in entry ? entry.lifted : [])))
  const rolesOf = (team: string, person: string) => members(team).find(({ id }) => id === person)?.roles ?? []
  const wouldTell = (row: FreezeRow, person: string, at: string, allowed: (one: FreezeWitness) => readonly string[]) =>
    witnesses.find(
      (one) =>
        one.team === row.team &&
        ms(one.openedAt) + SAME_ACT_MS <= ms(at) &&
        (one.closedAt === null || ms(at) + SAME_ACT_MS <= ms(one.closedAt)) &&
        allowed(one).some((role) => rolesOf(row.team, person).includes(role)),
    )

  for (const act of acts) {
    if (withEntry(act)) continue
    const event = `${act.proposal} event ${act.seq}`
    if (act.freeze !== null && !rows.some((row) => declares(row, act)))
      tell(
        `freeze of ${act.team} by ${act.person ?? 'somebody'}`,
        `is not kept as ${event} tells it: its row is gone or was changed`,
      )
    if (act.freeze !== null) continue
    for (const row of rows.filter((one) => one.team === act.team && holdsAt(one, act.at)))
      tell(nameOf(row), `still holds, though ${event} lifted it`)
  }
  for (const row of rows) {
    const witness = wouldTell(row, row.whose, row.fromAt, stoppers)
    if (witness && !acts.some((act) => declares(row, act)))
      tell(nameOf(row), `appears in no event, although ${witness.id} was open when it began`)
    if (row.liftedAt === null || lifted.has(row.id)) continue
    const { liftedAt } = row
    const by = idOf(row.liftedBy)
    const lifter = wouldTell(row, by ?? '', liftedAt, resumers)
    const lifts = (act: FreezeAct) =>
      act.freeze === null && act.team === row.team && isBy(act, by) && isSameAct(liftedAt, act.at)
    if (lifter && !acts.some(lifts)) tell(nameOf(row), `was lifted as no event tells, and ${lifter.id} was alive then`)
  }
  return differences
}

function declares(row: KnownRow, { team, person, at, freeze }: FreezeAct): boolean {
  return (
    freeze !== null &&
    row.team === team &&
    isBy({ person }, row.whose) &&
    (freeze.reason === null || row.reason === freeze.reason) &&
    ms(row.untilAt) === ms(freeze.until) &&
    isSameAct(row.fromAt, at)
  )
}

/** Whether the person of the event is `other`. An erased person matches everybody. */
function isBy({ person }: Pick<FreezeAct, 'person'>, other: string | null): boolean {
  return person === null || person === other
}

/** Whether the freeze held at `at`. One that began in the last 10 minutes may have been declared after the lifting. */
function holdsAt({ fromAt, untilAt, liftedAt }: FreezeRow, at: string): boolean {
  const past = ms(fromAt) + SAME_ACT_MS <= ms(at) && ms(untilAt) > ms(at)
  return past && (liftedAt === null || ms(liftedAt) > ms(at))
}

/** Whether row and event belong together: the event is recorded at the time of the row, or at most 10 minutes later. */
function isSameAct(rowAt: string, eventAt: string): boolean {
  return ms(eventAt) >= ms(rowAt) && ms(eventAt) <= ms(rowAt) + SAME_ACT_MS
}

function nameOf({ id, team, whose }: KnownRow): string {
  return `freeze ${id} of ${team} by ${whose}`
}

function ms(at: string): number {
  return Date.parse(at)
}
