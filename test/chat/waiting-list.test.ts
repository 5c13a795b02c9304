/** What waits for a person, in one direct message. */

import { expect, test } from 'vitest'
import { plain } from '../../src/chat/rich-text.ts'
import { waitingList } from '../../src/chat/waiting-list.ts'
import type { Place } from '../../src/core/permission/place.ts'
import { glanceOf } from '../../src/core/proposal/glance.ts'
import type { ProposalState } from '../../src/core/proposal/proposal.ts'
import { proposalCase } from '../support/proposal-case.ts'
import { content, exploited } from '../support/proposals.ts'

function placeOf(asked: Parameters<typeof proposalCase>[0], change: Partial<ProposalState> = {}): Place {
  const one = proposalCase(asked)
  return { members: one.setting.members, now: one.now(), freezes: [], glance: glanceOf({ ...one.state(), ...change }) }
}

const actions = ['approve', 'reject'] as const

test('where nothing waits any more, nobody is told', () => {
  expect(waitingList([])).toBeNull()
})

test('one proposal stands with the first two lines of its card, and with all that answers it', () => {
  const list = waitingList([{ place: placeOf({ content: content(6) }), actions }])
  expect(plain(list?.text ?? [])).toMatch(/^This waits for you:\nPW-1 .+\nopenssl: .+/s)
  expect(list).toMatchObject({ tone: 'warning', link: '/p/PW-1' })
  expect(list?.actions?.map(({ label, proposal }) => [label, proposal])).toEqual([
    ['Approve', 'PW-1'],
    ['Reject…', 'PW-1'],
  ])
})

test('several stand in the order of their urgency, each with a button that names it; the rest are counted', () => {
  const low = Array.from({ length: 6 }, (_, index) => ({
    place: placeOf({ content: content(6) }, { id: `PW-${index + 2}` }),
    actions,
  }))
  const asked = { ...exploited(content(6)), priority: 'immediate' as const }
  const list = waitingList([...low, { place: placeOf({ content: asked }, { id: 'PW-9' }), actions }])
  const text = plain(list?.text ?? [])
  expect(text).toMatch(/^7 proposals wait for you, the most urgent first:\nPW-9 /)
  expect(text).toMatch(/And 2 more, which \/patch mine lists\.$/)
  expect(list).toMatchObject({ tone: 'urgent', link: '/' })
  expect(list?.actions?.map(({ label }) => label)).toEqual(
    ['PW-9', 'PW-2', 'PW-3', 'PW-4', 'PW-5'].map((id) => `Approve ${id}`),
  )
})
