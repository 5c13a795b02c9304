/**
 * Asking the table of permissions: one question, and a card for each of 200 readers, over proposals in every stage; beside
 * the floor of one look into a set of roles for each reader and act. Aims: a question in 10 microseconds, a card for 200
 * readers in 5 ms.
 */

import { cardActions } from '../../src/chat/card-actions.ts'
import { acts } from '../../src/core/permission/acts.ts'
import { offersTo, refusalOf } from '../../src/core/permission/answer.ts'
import type { Doer } from '../../src/core/permission/row.ts'
import type { Member } from '../../src/core/policy.ts'
import type { ProposalState } from '../../src/core/proposal/proposal.ts'
import { placeOf } from '../support/place.ts'
import { person, proposalCase } from '../support/proposal-case.ts'
import { content } from '../support/proposals.ts'

const READERS = 200
const ROUNDS = 50
const RUNS = 5
const roles = ['owner', 'security', 'on-call', 'lead', 'auditor', 'developer']
const members: readonly Member[] = Array.from({ length: READERS }, (_, index) => ({
  id: `person${index}`,
  name: `Person ${index}`,
  roles: [roles[index % roles.length] ?? 'owner'],
}))
const people = [
  ...members,
  ...['mara', 'noor', 'tom', 'jonas'].map((id) => ({ id, name: id, roles: ['owner', 'security', 'on-call'] })),
]

function stages(): readonly ProposalState[] {
  const one = proposalCase({ content: content(6), members: people })
  const states = [one.state()]
  const keep = () => states.push(one.state())
  one.vote('noor', 'approve')
  keep()
  one.vote('tom', 'approve')
  keep()
  one.give({ type: 'start' })
  keep()
  one.finishBatch('failed')
  keep()
  one.give({ type: 'resume' }, person('noor'))
  keep()
  return states
}

const places = stages().map((state) => placeOf(state, people))
const doers: readonly Doer[] = members.map(({ id, name }) => ({ kind: 'person', id, name, via: 'console' }))

/** Microseconds that one of `count` takes, the median of some runs. */
function timed(count: number, work: () => void): number {
  const taken = Array.from({ length: RUNS }, () => {
    const begun = process.hrtime.bigint()
    work()
    return Number(process.hrtime.bigint() - begun) / 1_000 / count
  })
  return taken.toSorted((a, b) => a - b)[Math.floor(RUNS / 2)] ?? Number.NaN
}

const sets = members.map((member) => new Set(member.roles))
const floor = timed(ROUNDS * READERS, () => {
  let held = 0
  for (let round = 0; round < ROUNDS; round++)
    for (const set of sets) for (const _ of acts) if (set.has('owner')) held++
  if (held === 0) throw new Error('Nobody holds it.')
})
const question = timed(places.length * READERS * acts.length, () => {
  for (const place of places) for (const doer of doers) for (const act of acts) refusalOf(act, doer, place)
})
const offers = timed(places.length * READERS, () => {
  for (const place of places) for (const doer of doers) offersTo(doer, place)
})
const cards = timed(places.length, () => {
  for (const place of places) for (const doer of doers) cardActions(place, doer)
})
const us = (value: number) => `${value.toFixed(2)} us`
console.log(`one question, with its sentence      ${us(question)}`)
console.log(
  `all that one reader is offered       ${us(offers)} (${(offers / floor).toFixed(0)} times looking into a set)`,
)
console.log(`the buttons of ${READERS} readers           ${(cards / 1_000).toFixed(2)} ms`)
