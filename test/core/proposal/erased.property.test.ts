import fc from 'fast-check'
import { expect, test } from 'vitest'
import { GENESIS } from '../../../src/core/audit.ts'
import { canonicalJson } from '../../../src/core/canonical-json.ts'
import { contentOf, type StoredContent } from '../../../src/core/content.ts'
import { COMMAND_LINE, type Through } from '../../../src/core/hands.ts'
import type { Member } from '../../../src/core/policy.ts'
import type { Context, ProposalCommand } from '../../../src/core/proposal/command.ts'
import { decide } from '../../../src/core/proposal/decide.ts'
import { entryOf, recordedOf } from '../../../src/core/proposal/entry.ts'
import type { RecordedEvent } from '../../../src/core/proposal/event.ts'
import { evolve, replay } from '../../../src/core/proposal/evolve.ts'
import { lightOf, resultRows, wholeState } from '../../../src/core/proposal/light.ts'
import type { Actor, EndState, ProposalState } from '../../../src/core/proposal/proposal.ts'
import { pageOf } from '../../../src/core/proposal/results-page.ts'
import { rowWithoutPersons, rowWithPersons, withoutPersons, withPersons } from '../../../src/core/proposal/said.ts'
import { type Named, recordable } from '../../../src/core/proposal/written.ts'
import { readEntry, type SealedEntry, sealEntry } from '../../../src/core/record/entry.ts'
import { ERASED, type Register, registerOf } from '../../../src/core/record/register.ts'
import { machineCommand } from '../../support/machine-command.ts'
import { machineFor } from '../../support/proposal-case.ts'
import { policy, testedContent } from '../../support/proposals.ts'

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
const base = testedContent(5, 2)
const rule = {
  ...policy,
  cli: 'recorded',
  testRing: 'run',
  breakGlass: { roles: ['on-call'], reviewWithinSeconds: 3_600 },
  acknowledgement: null,
  resume: [{ role: 'owner', count: 1 }],
} as const

type Move =
  | {
      readonly kind: 'person'
      readonly who: number
      readonly way: number
      readonly what: number
      readonly word: number
    }
  | { readonly kind: 'machine'; readonly end: EndState; readonly word: number }
  | { readonly kind: 'time'; readonly hours: number }

/** Few words, so that the same ones come twice. */
const word = fc.nat(2)
const moves = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('person' as const),
        who: fc.nat(3),
        way: fc.nat(2),
        what: fc.nat(20),
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
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('time' as const), hours: fc.integer({ min: 1, max: 30 }) }) },
  ),
  { minLength: 5, maxLength: 60 },
)

function asked(what: number, text: string, state: ProposalState): ProposalCommand {
  const vote = { type: 'vote', revision: state.revision, owner: STRANGER.id, until: '2026-12-24' } as const
  const changed = { ...base, whyNow: text }
  const all: readonly ProposalCommand[] = [
    { ...vote, choice: 'approve', reason: text },
    { ...vote, choice: 'approve', reason: null },
    { ...vote, choice: 'abstain', reason: text },
    { ...vote, choice: 'reject', reason: text, owner: members[1]?.id ?? '' },
    { type: 'withdraw-vote' },
    { type: 'confirm', act: null },
    { type: 'comment', text },
    { type: 'pause', reason: text },
    { type: 'halt', reason: text },
    { type: 'resume' },
    { type: 'resume' },
    { type: 'postpone', until: null, reason: null },
    { type: 'postpone', until: null, reason: text },
    { type: 'freeze', until: '2030-01-01T00:00:00.000Z', reason: text },
    {
      type: 'skip',
      asset: state.subject.kind === 'patches' ? (state.subject.assets[3]?.asset.id ?? '') : '',
      reason: text,
    },
    { type: 'retry', asset: null },
    { type: 'break-glass', reason: text },
    { type: 'review-break-glass' },
    { type: 'extend-window', until: null, reason: text },
    { type: 'go' },
    { type: 'revise', content: changed, reason: text },
  ]
  return all[what] ?? { type: 'resume' }
}

function driven(state: ProposalState, now: string, end: EndState, text: string): ProposalCommand {
  return machineCommand(state, now, end) ?? { type: 'note', text }
}

/** Every event as it was and as an entry, with what it names. `tested`: it begins with a test and without votes; else it is approved. */
function play(list: readonly Move[], proposer: Actor, tested: boolean) {
  const inForce = { ...rule, testRing: tested ? 'run' : 'never' } as const
  let now = Date.parse('2026-11-20T00:00:00Z')
  let state: ProposalState | null = null
  const recorded: RecordedEvent[] = []
  const entries: SealedEntry[] = []
  const pages = new Map<string, StoredContent>()
  const subjects = new Map<string, ProposalState['subject']>()
  function give(command: ProposalCommand, actor: Actor): void {
    const at = new Date(now).toISOString()
    // Whoever proposed it had a role then, and may have none by now.
    const then = command.type === 'open' ? [...members, { ...STRANGER, roles: ['owner'] }] : members
    const context: Context = { now: at, actor, members: then, freezes: [], standing: null }
    const decision = decide(state, command, context)
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
    else if (move.kind === 'machine') {
      const command = driven(state, new Date(now).toISOString(), move.end, `zephyr ${move.word}`)
      give(command, machineFor(command))
    } else {
      const { id, name } = persons[move.who] ?? STRANGER
      const through = ways[move.way]
      const actor: Actor = { kind: 'person', id, name, via: 'console', ...(through === undefined ? {} : { through }) }
      const command = asked(move.what, `zephyr ${move.word}`, state)
      give(command, command.type === 'revise' ? { kind: 'system', part: 'assessment' } : actor)
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
const seen = new Set<string>()

test('whatever people do, a state is stored without them, read as it was, and the same when all of them is erased', () => {
  fc.assert(
    fc.property(moves, proposers, fc.boolean(), (list, proposer, tested) => {
      const { state, recorded, entries, named } = play(list, proposer, tested)
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
})
