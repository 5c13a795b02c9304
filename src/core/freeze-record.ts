/** Compares the freezes that people declared with what events tell of them. Pure. */

import type { Member, Policy } from './policy.ts'

/** A freeze or its lifting, as the event of one proposal tells it. */
export interface FreezeAct {
  readonly proposal: string
  readonly seq: number
  readonly team: string
  /** `null`: somebody who was erased. */
  readonly person: string | null
  readonly at: string
  /** `null`: it was lifted. `reason` null: it was erased. */
  readonly freeze: { readonly until: string; readonly reason: string | null } | null
}

/** A row of the table. */
export interface FreezeRow {
  readonly id: number
  readonly team: string
  readonly person: string
  readonly reason: string
  readonly fromAt: string
  readonly untilAt: string
  readonly liftedAt: string | null
  readonly liftedBy: string | null
}

/** Of a proposal: when it was alive, and who may freeze its team. */
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

/** A freeze and its notes in each proposal are one transaction, which does not take longer. */
const SAME_ACT_MS = 600_000

/**
 * A freeze belongs to a team; events tell of it with each proposal that was alive. So a row that none tells of is wrong
 * only where a proposal was alive at that time and the person could have frozen it, which `members` say.
 */
export function freezeDifferences(
  rows: readonly FreezeRow[],
  acts: readonly FreezeAct[],
  witnesses: readonly FreezeWitness[],
  members: (team: string) => readonly Member[],
): readonly FreezeDifference[] {
  const differences: FreezeDifference[] = []
  const tell = (record: string, problem: string) => differences.push({ record, problem })
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
    const witness = wouldTell(row, row.person, row.fromAt, ({ policy }) => policy.stop)
    if (witness && !acts.some((act) => declares(row, act)))
      tell(nameOf(row), `is told by no event, and ${witness.id} was alive when it began`)
    if (row.liftedAt === null) continue
    const { liftedAt, liftedBy } = row
    const lifter = wouldTell(row, liftedBy ?? '', liftedAt, ({ policy }) => policy.resume.map(({ role }) => role))
    const lifted = (act: FreezeAct) =>
      act.freeze === null && act.team === row.team && isBy(act, liftedBy) && isSameAct(liftedAt, act.at)
    if (lifter && !acts.some(lifted)) tell(nameOf(row), `was lifted as no event tells, and ${lifter.id} was alive then`)
  }
  return differences
}

function declares(row: FreezeRow, { team, person, at, freeze }: FreezeAct): boolean {
  return (
    freeze !== null &&
    row.team === team &&
    isBy({ person }, row.person) &&
    (freeze.reason === null || row.reason === freeze.reason) &&
    ms(row.untilAt) === ms(freeze.until) &&
    isSameAct(row.fromAt, at)
  )
}

/** Of somebody who was erased nobody can say who it was. */
function isBy({ person }: Pick<FreezeAct, 'person'>, other: string | null): boolean {
  return person === null || person === other
}

/** One that was declared at the same time may have come after the lifting. */
function holdsAt({ fromAt, untilAt, liftedAt }: FreezeRow, at: string): boolean {
  const past = ms(fromAt) + SAME_ACT_MS <= ms(at) && ms(untilAt) > ms(at)
  return past && (liftedAt === null || ms(liftedAt) > ms(at))
}

/** An event is recorded with the row or soon after. */
function isSameAct(rowAt: string, eventAt: string): boolean {
  return ms(eventAt) >= ms(rowAt) && ms(eventAt) <= ms(rowAt) + SAME_ACT_MS
}

function nameOf({ id, team, person }: FreezeRow): string {
  return `freeze ${id} of ${team} by ${person}`
}

function ms(at: string): number {
  return Date.parse(at)
}
