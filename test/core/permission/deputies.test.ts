import { describe, expect, test } from 'vitest'
import { proposalCard } from '../../../src/chat/proposal-card.ts'
import { plain } from '../../../src/chat/rich-text.ts'
import { awayAnswers } from '../../../src/cli/check.ts'
import { withDeputies } from '../../../src/core/deputies.ts'
import { asksOf, isAsked } from '../../../src/core/permission/asks.ts'
import { nobodyThere } from '../../../src/core/permission/nobody-there.ts'
import { entryOf } from '../../../src/core/proposal/entry.ts'
import { glanceOf } from '../../../src/core/proposal/glance.ts'
import { registerOf } from '../../../src/core/record/register.ts'
import type { Teams } from '../../../src/workflow/ports.ts'
import {
  caseOf,
  idsWhoMay,
  type PlaceOptions,
  people,
  placeIn,
  type Scene,
  said,
} from '../../support/permission-scene.ts'
import { person } from '../../support/proposal-case.ts'

const until = '2026-12-04T00:00:00.000Z'

/** Noor (owner) is away, and Ava, who may only look otherwise, stands in for her. */
const members = withDeputies(
  people,
  [{ person: 'noor', deputy: 'ava', from: '2026-11-19T00:00:00.000Z', until }],
  '2026-11-20T00:00:00.000Z',
)

function place(scene: Scene, options: PlaceOptions = {}) {
  return placeIn(scene, { ...options, place: { members, ...options.place } })
}

describe('a deputy', () => {
  test('may do what the absent person may', () => {
    expect(said('approve', 'ava', place('open'))).toBeNull()
    expect(said('resume', 'ava', place('halted'))).toBeNull()
    expect(idsWhoMay('resume', place('halted'))).toEqual(['mara', 'noor', 'ava'])
    // Without an absence, Ava only looks.
    expect(said('approve', 'ava', placeIn('open'))).toMatch(/takes the role owner or security/)
  })

  test('does not approve for somebody what that person proposed', () => {
    const asked = { proposer: person('noor') }
    expect(said('approve', 'ava', place('open', asked))).toBe(
      'Not counted for Noor, for whom you stand in: Noor proposed PW-1, or may have. Mara or Tom can.',
    )
    expect(said('reject', 'ava', place('open', asked))).toBeNull()
  })

  test('does not review for somebody the break-glass of that person', () => {
    const one = place('broken glass')
    const { breakGlass } = one.glance
    if (breakGlass === null) throw new Error('Nobody broke it.')
    const byNoor = { ...one, glance: { ...one.glance, breakGlass: { ...breakGlass, person: 'noor' } } }
    expect(said('review-break-glass', 'ava', one)).toBeNull()
    expect(said('review-break-glass', 'ava', byNoor)).toMatch(/^Not counted for Noor.*Noor broke the glass\./)
  })

  test('does not act for somebody who acted themselves', () => {
    const one = caseOf()
    one.setting.members = members
    one.vote('noor', 'approve')
    const voted = { glance: glanceOf(one.state()), members, now: one.now(), freezes: [] }
    expect(said('approve', 'ava', voted)).toMatch(/^Not counted for Noor.*Noor has voted already\. Mara or Tom can\.$/)
    expect(one.vote('ava', 'approve')).toMatchObject({ code: 'not allowed' })
  })

  test('is asked, and named as the one who stands in; who is away is not', () => {
    const [ask] = asksOf(place('open').glance)
    if (ask === undefined) throw new Error('Nobody is asked.')
    const ava = members.find(({ id }) => id === 'ava')
    if (ava === undefined) throw new Error('Ava is not there.')
    expect(isAsked(ask, ava, members)).toBe(true)
    expect(plain(proposalCard(place('open'), null).say)).toContain('Needs Mara or Ava (for Noor) (owner)')
  })

  test('fills one place, which the card and the record say is the place of the absent person', () => {
    const one = caseOf()
    one.setting.members = members
    one.vote('ava', 'approve')
    one.vote('tom', 'approve')
    const approved = one.recorded().find(({ event }) => event.type === 'approved')
    expect(approved?.event).toMatchObject({
      by: {
        fills: [
          { role: 'owner', person: 'ava', for: 'noor' },
          { role: 'security', person: 'tom' },
        ],
      },
    })
    if (approved === undefined) throw new Error('It was not approved.')
    const register = registerOf(people.map(({ id, name }) => ({ pseudonym: `p_${id}`, id, name })))
    const { facts } = entryOf(approved, register, {
      content: one.state().contentHash,
      policy: '',
      rights: null,
      rule: one.state().policy,
      members,
    })
    expect(facts).toMatchObject({ fills: [{ role: 'owner', person: 'p_ava', for: 'p_noor' }, { person: 'p_tom' }] })
  })
})

describe('an approval in the place of somebody who is back before it starts', () => {
  const nightBefore = '2026-11-20T00:30:00.000Z'
  const absence = { person: 'noor', deputy: 'ava', from: '2026-11-19T00:00:00.000Z' }
  const shortly = withDeputies(people, [{ ...absence, until: nightBefore }], '2026-11-20T00:00:00.000Z')

  function approvedWith(all: typeof members) {
    const one = caseOf()
    one.setting.members = all
    one.vote('ava', 'approve')
    one.vote('tom', 'approve')
    return one
  }
  const cardOf = (one: ReturnType<typeof caseOf>) => {
    const place = { glance: glanceOf(one.state()), members: one.setting.members, now: one.now(), freezes: [] }
    const { state, say, tone } = proposalCard(place, null)
    return { tone, text: `${plain(state)}: ${plain(say)}` }
  }

  test('lapses, and the card says so from the approval on', () => {
    const one = approvedWith(shortly)
    expect(one.state().schedule?.start).toBe('2026-11-20T01:00:00.000Z')
    const { tone, text } = cardOf(one)
    expect(tone).toBe('warning')
    expect(text).toContain(
      'Ava stands in for Noor only until 2026-11-20 00:30 UTC, before it starts: the approval lapses then. To keep it, name a later end: /patch away noor until DATE deputy ava.',
    )
    one.setting.members = people
    one.pass(1)
    expect(one.give({ type: 'start' })).toEqual(['approval-lapsed'])
    expect(one.state().status).toBe('open')
  })

  test('holds where the stand-in lasts until it starts', () => {
    const longer = approvedWith(members)
    expect(cardOf(longer)).toMatchObject({ tone: 'decided', text: expect.not.stringContaining('lapses') })
    longer.pass(1)
    expect(longer.give({ type: 'start' })).toContain('rollout-started')
  })
})

test('what nobody who is there can approve or resume is known before anything is proposed', () => {
  const { policy } = caseOf().state()
  const away = (...who: readonly string[]) =>
    withDeputies(
      people,
      who.map((one) => ({ person: one, deputy: null, from: '2026-11-19T00:00:00.000Z', until })),
      '2026-11-20T00:00:00.000Z',
    )
  expect(nobodyThere(policy, people)).toEqual([])
  expect(nobodyThere(policy, away('noor'))).toEqual([])
  expect(nobodyThere(policy, away('noor', 'mara'))).toEqual([
    { what: 'approve', from: until, away: ['Mara', 'Noor'] },
    { what: 'resume', from: until, away: ['Mara', 'Noor'] },
  ])
  const team = { plans: [{ team: 'web' }], policyOf: () => policy } as unknown as Pick<Teams, 'plans' | 'policyOf'>
  expect(awayAnswers({ ...team, membersOf: () => away('noor', 'mara') })[0]).toEqual({
    kind: 'team',
    name: 'web',
    ok: false,
    what: 'Nothing can be approved before 2026-12-04 00:00 UTC: Mara and Noor are away. Name who stands in: /patch away until DATE deputy PERSON.',
  })
})

test('where nobody who is there can decide it, the card says so early, and from when on somebody can', () => {
  const absences = ['tom', 'mara'].map((who) => ({
    person: who,
    deputy: null,
    from: '2026-11-19T00:00:00.000Z',
    until: who === 'tom' ? until : '2026-12-09T00:00:00.000Z',
  }))
  const alone = withDeputies(people, absences, '2026-11-20T00:00:00.000Z')
  const read = (all: typeof alone) => {
    const { state, say } = proposalCard(place('open', { place: { members: all } }), null)
    return `${plain(state)}: ${plain(say)}`
  }
  expect(read(alone)).toContain('Cannot be decided before 2026-12-04 00:00 UTC: ')
  expect(read(alone)).toContain(
    'Mara and Tom are away. It expires before that. Name a deputy: /patch away until DATE deputy PERSON.',
  )
  expect(read(members)).not.toContain('Cannot be decided')
})
