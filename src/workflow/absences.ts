/** Who is away, and who stands in: as the file says, and as people said in chat. */

import { DateTime } from 'luxon'
import type { ThreadEntry } from '../chat/card.ts'
import type { Answer, Person } from '../chat/desk.ts'
import type { ChatPlatform } from '../chat/platform.ts'
import { type RichText, rich, strong, time } from '../chat/rich-text.ts'
import { type Absence, untilBack } from '../core/deputies.ts'
import { isOwn } from '../core/hands.ts'
import { type AwayAsked, declareAbsence } from '../core/permission/away.ts'
import { isBefore } from '../core/time/instant.ts'
import { type DeclaredAbsences, readAbsences, recordAbsence, recordReturn } from '../store/absences.ts'
import type { Db, Tx } from '../store/connection.ts'
import { putMessages } from '../store/outbox.ts'
import { knowPersonsIn, personsOf } from '../store/persons.ts'
import { inTransaction } from '../store/transaction.ts'
import type { Absences, Teams } from './ports.ts'

export interface AbsenceParts {
  readonly db: Db
  readonly clock: () => Date
  /** Everybody of the configuration, with the zone in which their dates are meant. */
  readonly people: ReadonlyMap<string, { readonly name: string; readonly timeZone: string }>
  /** The absences of the file. */
  readonly written: readonly Absence[]
  /** Platforms for direct messages. The list is complete when the service runs. */
  readonly platforms: readonly Pick<ChatPlatform, 'name'>[]
}

/** `within`: the absences that count in a team, for `withDeputies`. */
export interface AbsenceBook extends Absences {
  readonly within: (team: string) => readonly Absence[]
  readonly nameOf: (person: string) => string | null
  /** Reads what other processes recorded. */
  readonly load: () => Promise<void>
}

export function createAbsences(parts: AbsenceParts): AbsenceBook {
  const { db, clock, people, written, platforms } = parts
  const telling = { people, platforms }
  let declared: DeclaredAbsences = { absences: [], returns: [] }
  const now = () => clock().toISOString()
  const all = () => untilBack([...written, ...declared.absences], declared.returns)
  const nameOf = (person: string) => people.get(person)?.name ?? null

  async function load(): Promise<void> {
    declared = await readAbsences(db)
  }

  /** The absences of the person that hold now; empty: they are not away. */
  function inForce(person: string): readonly Absence[] {
    const at = now()
    return all().filter((one) => one.person === person && !isBefore(at, one.from) && isBefore(at, one.until))
  }

  async function back(person: Person): Promise<Answer> {
    if (!isOwn(person)) return { ok: false, message: rich(NOT_OWN) }
    const ended = inForce(person.id)
    if (ended.length === 0) return { ok: true, message: rich('You are not away, so nothing had to be done.') }
    await inTransaction(db, endAbsence, {
      parts: telling,
      person,
      at: now(),
      deputies: ended.flatMap(({ deputy }) => deputy ?? []),
    })
    await load()
    return { ok: true, message: rich('You are back: nobody stands in for you any more.') }
  }

  return {
    load,
    nameOf,
    within: (team) => all().filter(({ teams }) => teams === undefined || teams.includes(team)),
    async away({ person, deputy, until }, by, teams) {
      const zone = people.get(person)?.timeZone ?? 'UTC'
      const asked = { person, deputy, until: endOf(until, zone) }
      const names = new Map([...people].map(([id, { name }]) => [id, name]))
      const found = declareAbsence({ asked, doer: by, teams: teamsHere(teams), names, now: now() })
      if ('refused' in found) return { ok: false, message: rich(found.refused) }
      await inTransaction(db, declare, { parts: telling, absence: found.absence, by })
      await load()
      const told = [person, ...(deputy === null ? [] : [deputy])].filter((id) => id !== by.id)
      const who = told.length === 0 ? '' : ` Told: ${told.map((id) => nameOf(id)).join(', ')}.`
      return { ok: true, message: [...awayWords(asked, nameOf), ...rich(who)] }
    },
    back,
    async returned(person) {
      if (isOwn(person) && inForce(person.id).length > 0) await back(person)
    },
  }
}

const NOT_OWN = 'Not noted: that takes an account of your own, in Slack or Discord, and not a link or the command line.'

/** The first instant after a date, in this zone; an instant as it is. Empty: it is neither. */
function endOf(written: string, zone: string): string {
  const at = DateTime.fromISO(written, { zone })
  return (written.includes('T') ? at : at.plus({ days: 1 })).toUTC().toISO() ?? ''
}

function teamsHere(teams: Teams) {
  return teams.plans.map(({ team }) => ({
    team,
    members: teams.membersOf(team),
    above: teams.policyOf(team).escalateTo,
  }))
}

type NameOf = (person: string) => string | null

function awayWords({ person, deputy, until }: AwayAsked, nameOf: NameOf): RichText {
  const absent = nameOf(person) ?? person
  const what = deputy === null ? `${absent} is away` : `${nameOf(deputy) ?? deputy} stands in for ${absent}`
  return rich(strong(what), ' until ', time(until), '.')
}

/** What a transaction needs, which has its own way to the database. */
type TellingParts = Pick<AbsenceParts, 'people' | 'platforms'>

interface Declare {
  readonly parts: TellingParts
  readonly absence: Absence
  readonly by: Person
}

async function declare(tx: Tx, { parts, absence, by }: Declare): Promise<void> {
  const { person, deputy, from } = absence
  const everybody = [person, ...(deputy === null ? [] : [deputy])]
  const named = everybody.map((id) => ({ id, name: parts.people.get(id)?.name ?? null }))
  const register = await knowPersonsIn(tx, [...named, ...personsOf(by)], from)
  await recordAbsence(tx, absence, { actor: by, register })
  const nameOf = (id: string) => parts.people.get(id)?.name ?? null
  const said = by.id === person ? '' : ` ${by.name} said so.`
  const end = ` It ends on that date, with what ${nameOf(person) ?? person} does, or with /patch back.`
  const text = [...awayWords(absence, nameOf), ...rich(`${said}${end}`)]
  await tell(tx, parts, { people: everybody.filter((id) => id !== by.id), text, at: from })
}

interface End {
  readonly parts: TellingParts
  readonly person: Person
  readonly at: string
  readonly deputies: readonly string[]
}

async function endAbsence(tx: Tx, { parts, person, at, deputies }: End): Promise<void> {
  const register = await knowPersonsIn(tx, personsOf(person), at)
  await recordReturn(tx, { person: person.id, at }, { actor: person, register })
  const text = rich(`${person.name} is back: you do not stand in any more.`)
  await tell(tx, parts, { people: [...new Set(deputies)], text, at })
}

interface Message {
  readonly people: readonly string[]
  readonly text: RichText
  readonly at: string
}

async function tell(tx: Tx, { platforms }: TellingParts, { people, text, at }: Message): Promise<void> {
  const entry: ThreadEntry = { author: null, tone: 'warning', text, detail: [] }
  const chats = platforms.filter(({ name }) => name !== 'console')
  await putMessages(
    tx,
    people.flatMap((id) => chats.map(({ name }) => ({ platform: name, channel: `@${id}`, proposal: null, at, entry }))),
  )
}
