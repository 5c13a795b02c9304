import fc from 'fast-check'
import { expect, test } from 'vitest'
import { GENESIS } from '../../../src/core/audit.ts'
import { canonicalJson } from '../../../src/core/canonical-json.ts'
import { contentOf, type StoredContent } from '../../../src/core/content.ts'
import { COMMAND_LINE, type Through } from '../../../src/core/hands.ts'
import { isOfParts } from '../../../src/core/permission/parts.ts'
import type { Member } from '../../../src/core/policy.ts'
import type { Context, ProposalCommand } from '../../../src/core/proposal/command.ts'
import { decide } from '../../../src/core/proposal/decide.ts'
import { contentHash } from '../../../src/core/proposal/decision-content.ts'
import { entryOf, recordedOf } from '../../../src/core/proposal/entry.ts'
import type { Content, RecordedEvent } from '../../../src/core/proposal/event.ts'
import { evolve, replay } from '../../../src/core/proposal/evolve.ts'
import { lightOf, resultRows, wholeState } from '../../../src/core/proposal/light.ts'
import type { Actor, EndState, ProposalState } from '../../../src/core/proposal/proposal.ts'
import { rowWithoutPersons, rowWithPersons, withoutPersons, withPersons } from '../../../src/core/proposal/said.ts'
import { type Named, recordable } from '../../../src/core/proposal/written.ts'
import { readEntry, type SealedEntry, sealEntry } from '../../../src/core/record/entry.ts'
import { ERASED, type Register, registerOf } from '../../../src/core/record/register.ts'
import { pageOf } from '../../../src/core/rollout/results-page.ts'
import { lateTerms } from '../../support/late-terms.ts'
import { machineCommand } from '../../support/machine-command.ts'
import { machineFor } from '../../support/proposal-case.ts'
import { policy, testedContent } from '../../support/proposals.ts'
import { always } from '../../support/windows.ts'

/** Whatever of these is among facts or in a state, is there by mistake. */
const members: readonly Member[] = [
  { id: 'quillon.kestrel', name: 'Quillon Kestrel', roles: ['owner', 'security'] },
  { id: 'svetlana.harrow', name: 'Svetlana Harrow', roles: ['security'] },
  { id: 'ibrahim.tolland', name: 'Ibrahim Tolland', roles: ['on-call', 'owner'] },
]
const STRANGER = { id: 'wendeline.zauber', name: 'Wendeline Zauber' }
const SHELL = { kind: 'command line', user: 'xoanuser', host: 'bastion77.example.net' } as const
const personal = /quillon|kestrel|svetlana|harrow|ibrahim|tolland|wendeline|zauber|xoanuser|bastion77|zephyr/i

const persons = [...members, STRANGER].map(({ id, name }, index) => ({ id, name, pseudonym: `p_00000000000${index}` }))
const register = registerOf(persons)
const erasedRegister = registerOf(persons.map(({ pseudonym }) => ({ id: pseudonym, name: pseudonym, pseudonym })))

const ways: readonly (Through | undefined)[] = [
  undefined,
  SHELL,
  { kind: 'sign-in link', madeBy: [STRANGER.id, COMMAND_LINE] },
]
const atAnyTime = testedContent(5, 2)
/** Open for some hours a night: what is approved waits for it, and what is not done by its end waits for more time. */
const nightly = testedContent(5, 2, {
  name: 'nights',
  rules: always.rules.map((rule) => ({ ...rule, start: '01:00', durationSeconds: 6 * 3_600 })),
})
const rule = {
  ...policy,
  cli: 'recorded',
  testRing: 'run',
  breakGlass: { roles: ['on-call'], reviewWithinSeconds: 3_600 },
  acknowledgement: null,
  resume: [{ role: 'owner', count: 1 }],
} as const

/** As `atAnyTime`, but the servers behind the test ring belong to a system that is told a minute ahead. */
const toldAhead = withTerms(atAnyTime)

function withTerms(content: Content): Content {
  const { subject } = content
  if (subject.kind !== 'patches') throw new Error('not patches')
  const terms = { ...lateTerms, leadSeconds: 60 }
  const ahead = { ...subject, assets: subject.assets.map((one, index) => (index < 2 ? one : { ...one, terms })) }
  return { ...content, subject: ahead, contentHash: contentHash(ahead) }
}

type Move =
  | {
      readonly kind: 'person'
      readonly who: number
      readonly way: number
      readonly which: number
      readonly inVain: boolean
      readonly word: number
    }
  | { readonly kind: 'machine'; readonly end: EndState; readonly word: number }
  | { readonly kind: 'revised'; readonly word: number }
  | { readonly kind: 'time'; readonly hours: number }

/** Few words, so that the same ones come twice. */
const word = fc.nat(2)
const moves = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('person' as const),
        who: fc.nat(persons.length - 1),
        way: fc.nat(ways.length - 1),
        which: fc.nat(),
        inVain: fc.boolean(),
        word,
      }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('machine' as const),
        end: fc.constantFrom<EndState>('installed', 'installed', 'failed', 'unreachable'),
        word,
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('revised' as const), word }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('time' as const), hours: fc.integer({ min: 1, max: 30 }) }) },
  ),
  { minLength: 5, maxLength: 60, size: 'max' },
)

/** Stands for what a person writes. */
const said = Symbol('what a person writes')
/** A text that is chosen or worked out, such as a date or an asset, and can be no words of anybody. */
interface Chosen {
  readonly chosen: string | null
}
const chosen = (text: string | null): Chosen => ({ chosen: text })

type CommandType = ProposalCommand['type']
type Given<Type extends CommandType> = {
  readonly [Key in Exclude<keyof Extract<ProposalCommand, { type: Type }>, 'type'>]: string extends Extract<
    ProposalCommand,
    { type: Type }
  >[Key]
    ? typeof said | Chosen
    : Extract<ProposalCommand, { type: Type }>[Key]
}

/**
 * How people give each command: of a member with text it is said whether they write it. Whoever adds a command adds it here.
 * `parts`: parts of Patchwarden give it, and never people.
 */
const given: { readonly [Type in CommandType]: 'parts' | ((state: ProposalState) => readonly Given<Type>[]) } = {
  vote: ({ revision }) => {
    const rest = { revision, owner: chosen(STRANGER.id), until: chosen('2026-12-24') }
    return [
      { ...rest, choice: 'approve', reason: said },
      { ...rest, choice: 'approve', reason: chosen(null) },
      { ...rest, choice: 'abstain', reason: said },
      { ...rest, choice: 'reject', reason: said, owner: chosen(members[1]?.id ?? '') },
    ]
  },
  'withdraw-vote': () => [{}],
  confirm: () => [{ act: null }],
  comment: () => [{ text: said }],
  ask: () => members.map(({ id }) => ({ person: chosen(id), reason: said })),
  pause: () => [{ reason: said }],
  halt: () => [{ reason: said }],
  'end-waiting': () => [{ reason: said }],
  resume: () => [{ turn: null }, { turn: null }],
  postpone: () => [
    { until: chosen(null), reason: chosen(null) },
    { until: chosen(null), reason: said },
  ],
  freeze: () => [{ until: chosen('2030-01-01T00:00:00.000Z'), reason: said }],
  unfreeze: () => [{}],
  acknowledge: () => [{ turn: null }],
  skip: ({ subject }) => {
    const asset = subject.kind === 'patches' ? subject.assets[3]?.asset.id : undefined
    return [{ asset: chosen(asset ?? ''), reason: said }]
  },
  retry: () => [{ asset: chosen(null), turn: null }],
  'break-glass': () => [{ reason: said }],
  'review-break-glass': () => [{}],
  'extend-window': () => [{ until: chosen(null), reason: said }],
  go: () => [{ turn: null }],
  withdraw: () => [{ reason: said }],
  open: 'parts',
  revise: 'parts',
  'compare-assets': 'parts',
  remind: 'parts',
  expire: 'parts',
  'end-notice': 'parts',
  reschedule: 'parts',
  'ask-acknowledgement': 'parts',
  start: 'parts',
  'start-batch': 'parts',
  yield: 'parts',
  'take-over': 'parts',
  'record-outcomes': 'parts',
  'record-verifications': 'parts',
  'record-gate': 'parts',
  'start-test': 'parts',
  'announce-window': 'parts',
  note: 'parts',
  'record-calls': 'parts',
  'note-taken-back': 'parts',
  'note-drift': 'parts',
  'note-late-word': 'parts',
  'end-soak': 'parts',
  complete: 'parts',
  supersede: 'parts',
  'follow-up': 'parts',
  'open-roll-back': () => [{ by: chosen('PW-9') }],
  'end-roll-back': 'parts',
}

/** What is nearly always taken, or ends it: of what is taken, these are chosen only where there is nothing else. */
const seldom: readonly CommandType[] = ['comment', 'ask', 'withdraw', 'freeze']

/** A command, and the members in which somebody writes. */
interface Asked {
  readonly command: ProposalCommand
  readonly written: readonly string[]
}

/** Whatever people can ask, with `text` for what they write. */
function askedOf(state: ProposalState, text: string): readonly Asked[] {
  return Object.entries(given).flatMap(([type, ways]) => {
    if (ways === 'parts') return []
    return ways(state).map((members: Readonly<Record<string, unknown>>) => {
      const filled = Object.entries(members).map(([key, value]) => [key, value === said ? text : textOf(value)])
      const written = Object.keys(members).filter((key) => members[key] === said)
      return {
        command: { type, ...Object.fromEntries(filled) } as ProposalCommand,
        written: written.map((key) => `${type}.${key}`),
      }
    })
  })
}

function textOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'chosen' in value ? value.chosen : value
}

function driven(state: ProposalState, now: string, end: EndState, text: string): ProposalCommand {
  return machineCommand(state, now, end) ?? { type: 'note', text }
}

interface Setting {
  /** It begins with a test and without votes; else it is approved. */
  readonly tested: boolean
  readonly atNight: boolean
  /** Its servers belong to a system that is told a minute ahead. */
  readonly ahead: boolean
}

/** Every event as it was and as an entry, with what it names. */
function play(list: readonly Move[], proposer: Actor, { tested, atNight, ahead }: Setting) {
  const base = ahead ? toldAhead : atNight ? nightly : atAnyTime
  const inForce = { ...rule, testRing: tested ? 'run' : 'never' } as const
  let now = Date.parse('2026-11-20T00:00:00Z')
  let state: ProposalState | null = null
  const recorded: RecordedEvent[] = []
  const entries: SealedEntry[] = []
  const pages = new Map<string, StoredContent>()
  const subjects = new Map<string, ProposalState['subject']>()
  function decided(command: ProposalCommand, actor: Actor) {
    // Whoever proposed it had a role then, and may have none by now.
    const then = command.type === 'open' ? [...members, { ...STRANGER, roles: ['owner'] }] : members
    const at = new Date(now).toISOString()
    const context: Context = { now: at, actor, members: then, freezes: [], standing: null }
    return decide(state, command, context)
  }
  function give(command: ProposalCommand, actor: Actor): void {
    const at = new Date(now).toISOString()
    const decision = decided(command, actor)
    for (const event of decision.ok ? decision.events : []) {
      const seq = recorded.length + 1
      const one = recordable({ stream: 'PW-1', seq, at, actor, event })
      state = evolve(state, one)
      const hash = contentOf('policy', state.policy).hash
      const moment = { content: state.contentHash, policy: hash, rights: 7, members, rule: state.policy }
      const { beside, ...entry } = entryOf(one, register, moment)
      const salt = String(seq).padStart(32, '0')
      entries.push(
        sealEntry({ ...entry, stream: 'PW-1', seq, at, prev: entries.at(-1)?.hash ?? GENESIS }, beside, salt),
      )
      const page = pageOf(one.event)
      if (page !== null) pages.set(page.hash, page)
      subjects.set(state.contentHash, state.subject)
      recorded.push(one)
    }
  }
  give(
    { type: 'open', id: 'PW-1', number: 1, team: 'web', content: { ...base, whyNow: 'zephyr 0' }, policy: inForce },
    proposer,
  )
  for (const { id, name } of tested ? [] : members.slice(0, 2)) {
    const vote = { type: 'vote', choice: 'approve', revision: 1, reason: 'zephyr 1', owner: null, until: null } as const
    give(vote, { kind: 'person', id, name, via: 'slack' })
  }
  for (const move of list) {
    now += 60_000
    if (state === null) throw new Error('It was not opened.')
    if (move.kind === 'time') now += move.hours * 3_600_000
    else if (move.kind === 'revised') {
      const content = { ...base, whyNow: `zephyr ${move.word}` }
      give({ type: 'revise', content, reason: `zephyr ${move.word}` }, { kind: 'system', part: 'assessment' })
    } else if (move.kind === 'machine') {
      const command = driven(state, new Date(now).toISOString(), move.end, `zephyr ${move.word}`)
      give(command, machineFor(command))
    } else {
      const { id, name } = persons[move.who] ?? STRANGER
      const through = ways[move.way]
      const actor: Actor = { kind: 'person', id, name, via: 'console', ...(through === undefined ? {} : { through }) }
      const all = askedOf(state, `zephyr ${move.word}`)
      // Half of it is something that is taken now: of what is refused there is nothing to be seen.
      const accepted = move.inVain ? [] : all.filter(({ command }) => decided(command, actor).ok)
      const more = accepted.filter(({ command }) => !seldom.includes(command.type))
      const from = [more, accepted, all].find((some) => some.length > 0) ?? all
      const { command, written } = from[move.which % from.length] ?? { command: { type: 'resume' }, written: [] }
      for (const member of all.flatMap((one) => one.written)) writable.add(member)
      if (decided(command, actor).ok) for (const member of written) taken.add(member)
      give(command, actor)
    }
  }
  const named: Named = {
    pages,
    policy: () => inForce,
    subject: ({ decision }) => subjects.get(decision) ?? base.subject,
  }
  // The compiler does not see that `give` changes it.
  return { state: state as ProposalState | null, recorded, entries, named }
}

function stored(state: ProposalState, people: Register): string {
  const rows = resultRows(state).map((row) => rowWithoutPersons(row, people))
  return canonicalJson({ state: withoutPersons(lightOf(state), people), rows })
}

const proposers = fc.constantFrom<Actor>(
  { kind: 'system', part: 'assessment' },
  { kind: 'person', id: STRANGER.id, name: STRANGER.name, via: 'cli', through: SHELL },
)
const settings = fc.record({ tested: fc.boolean(), atNight: fc.boolean(), ahead: fc.boolean() })
const seen = new Set<string>()
/** Members in which people write, such as `comment.text`: those that were seen, and those with which something was taken. */
const writable = new Set<string>()
const taken = new Set<string>()

test('whatever people do, a state is stored without them, read as it was, and the same when all of them is erased', () => {
  fc.assert(
    fc.property(moves, proposers, settings, (list, proposer, setting) => {
      const { state, recorded, entries, named } = play(list, proposer, setting)
      if (state === null) throw new Error('It was not opened.')
      for (const { event } of recorded) seen.add(event.type)
      const row = stored(state, register)
      expect(row).not.toMatch(personal)
      for (const { text } of entries) expect(text).not.toMatch(personal)

      // As the store reads it.
      const besides = new Map(entries.map(({ seq, beside }) => [seq, beside?.text ?? null]))
      const light = withPersons(withoutPersons(lightOf(state), register), register, besides)
      const rows = resultRows(state).map((one) => rowWithPersons(rowWithoutPersons(one, register), register, besides))
      expect(wholeState(light, state.subject, rows)).toEqual(state)

      // As the entries tell it.
      const again = replay(entries.map((one) => recordedOf(readEntry(one.text), one.beside, register, named)))
      expect(again && stored(again, register)).toBe(row)

      const erased = entries.map((one) => recordedOf(readEntry(one.text), null, erasedRegister, named))
      const left = replay(erased)
      if (left === null) throw new Error('It cannot be replayed.')
      expect(stored(left, erasedRegister)).toBe(row)
      expect(canonicalJson(left.votes) + canonicalJson(left.deferral) + left.whyNow).not.toMatch(personal)
      expect(left.whyNow).toBe(ERASED)
      const none = new Map<number, string | null>()
      const read = withPersons(withoutPersons(lightOf(left), erasedRegister), erasedRegister, none)
      const readRows = resultRows(left).map((one) =>
        rowWithPersons(rowWithoutPersons(one, erasedRegister), erasedRegister, none),
      )
      expect(wholeState(read, left.subject, readRows)).toEqual(left)
    }),
    { numRuns: 400 },
  )
  // It went through what people mostly say words with: the rest comes up in most runs, and not in all.
  expect([...seen].sort()).toEqual(
    expect.arrayContaining([
      'approved',
      'break-glass-used',
      'commented',
      'frozen',
      'halted',
      'paused',
      'rejected',
      'resumed',
      'revised',
      'test-halted',
      'test-paused',
      'vote-cast',
    ]),
  )
  const never = [...writable].filter((member) => !taken.has(member))
  expect(
    never,
    'people write in these, and no run ever took it: give the moves a situation in which it is taken',
  ).toEqual([])
})

test('whatever is said to be given by parts of Patchwarden is no act of a person', () => {
  for (const [type, how] of Object.entries(given)) {
    const says = `whether people give "${type}": if they do, say in \`given\` what they write in it`
    expect(isOfParts({ type } as ProposalCommand), says).toBe(how === 'parts')
  }
})
