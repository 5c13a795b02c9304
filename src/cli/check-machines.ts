import { count } from '../chat/words.ts'
import { type Listed, lookAlikes } from '../core/doubles.ts'
import { firstNames } from '../core/first-names.ts'
import { type Dispute, type DisputeReason, type IdKind, type Machine, machinesOf } from '../core/identity.ts'
import { NOT_MANAGED } from '../core/unmanaged.ts'
import { type MachineRule, mergedAsset, type Word } from '../core/witnesses.ts'

/** What is said about machines that several sources know, or that look as if they did. */
export interface MachineAnswer {
  readonly kind: 'machine'
  readonly name: string
  readonly ok: boolean
  readonly what: string
}

/** So many lines of each sort; the rest is counted. */
const LINES = 20

const kindNames: Readonly<Record<IdKind | 'configuration', string>> = {
  cloud: 'cloud id',
  hardware: 'hardware id',
  fqdn: 'full name',
  configuration: 'the configuration',
}

/** An asset as a source lists it now. */
export interface Seen {
  readonly listed: Listed
  readonly word: Word
}

/**
 * A line for each machine that several sources know, for each id that contradicts others, and for assets that look alike
 * and could not be matched.
 */
export function machineAnswers(seen: readonly Seen[], rule: MachineRule): readonly MachineAnswer[] {
  const listed = seen.map((one) => one.listed)
  const identified = machinesOf(listed, rule)
  const words = new Map(seen.map(({ word }) => [word.asset.id, word]))
  const matched = identified.machines.filter(({ members }) => members.length > 1)
  const disputed = identified.disputes.filter(({ why }) => why !== 'apart')
  return [
    ...limited(matched, true, 'machines that several sources know', (machine) => matchAnswer(machine, words, rule)),
    ...limited(disputed, false, 'ids that contradict others', disputeAnswer),
    ...limited(lookAlikes(listed, identified, rule), false, 'names and addresses of possible doubles', (double) => {
      const alike = double.alike.map((what) => (what === 'name' ? 'the same short name' : 'the same address'))
      return answer(
        double.members,
        false,
        `may be one machine: they have ${alike.join(' and ')}, and no id in common. They would be patched as ${count(double.members.length, 'machine')}. ${HOW}`,
      )
    }),
  ]
}

function limited<One>(
  all: readonly One[],
  ok: boolean,
  what: string,
  say: (one: One) => MachineAnswer,
): readonly MachineAnswer[] {
  const lines = all.slice(0, LINES).map(say)
  const more = all.length - lines.length
  return more <= 0 ? lines : [...lines, { kind: 'machine', name: 'more', ok, what: `${more} more ${what}` }]
}

function answer(members: readonly string[], ok: boolean, what: string): MachineAnswer {
  return { kind: 'machine', name: firstNames(members), ok, what }
}

function matchAnswer({ members, by }: Machine, words: ReadonlyMap<string, Word>, rule: MachineRule): MachineAnswer {
  const { own, engine } = mergedAsset(
    '',
    members.flatMap((id) => words.get(id) ?? []),
    rule,
  )
  const changed = engine === null ? 'no engine changes it' : `the engine ${engine} changes it as ${own?.changed}`
  const ids = by.map((kind) => kindNames[kind]).join(' and ')
  return answer(members, true, `are one machine, by ${ids}; it is looked at as ${own?.seen}, and ${changed}`)
}

/**
 * A line for each machine that no engine changes and that no system which manages machines lists. `managing`: the sources
 * that are such systems.
 */
export function unmanagedAnswers(
  seen: readonly Seen[],
  rule: MachineRule,
  managing: readonly string[],
  whomToAsk: (team: string) => string,
): readonly MachineAnswer[] {
  const words = new Map(seen.map(({ word }) => [word.asset.id, word]))
  const machines = machinesOf(
    seen.map((one) => one.listed),
    rule,
  ).machines.flatMap(({ members }) => {
    const own = members.flatMap((id) => words.get(id) ?? [])
    const isManaged = own.some(
      ({ asset }) => asset.engine !== null || (managing.includes(asset.source) && !asset.tags.includes(NOT_MANAGED)),
    )
    return isManaged || own.length === 0 ? [] : [{ members, team: mergedAsset('', own, rule).team }]
  })
  return limited(machines, true, 'machines that nobody manages', ({ members, team }) =>
    answer(
      members,
      true,
      `nobody manages it: no engine changes it, and no patching system knows it. Ask ${whomToAsk(team)}.`,
    ),
  )
}

const HOW =
  'Let both sources say its hardware id, cloud id or full name, or list them in the configuration under machines: in "same" if they are one machine, in "apart" if not. See docs/machines.md.'

const reasons: Readonly<Record<Exclude<DisputeReason, 'apart'>, string>> = {
  'other names': 'their names differ. One of them may be a clone of the other, or was renamed',
  'other hardware ids': 'their hardware ids differ',
  'other cloud ids': 'their cloud ids differ',
  contradiction: 'what else they match by contradicts it',
  'one source': 'one source lists it for several of them',
}

function disputeAnswer({ kind, value, members, why }: Dispute): MachineAnswer {
  const reason = why === 'apart' ? 'the configuration says so' : reasons[why]
  return answer(
    members,
    false,
    `have the ${kindNames[kind]} ${value} in common and do not count as one machine by it, because ${reason}. Correct the id where it is wrong, or list them in the configuration under machines: in "same" if they are one machine, in "apart" if not. See docs/machines.md.`,
  )
}
