import { expect, test } from 'vitest'
import { noticesOf } from '../../src/chat/notices.ts'
import { plain } from '../../src/chat/rich-text.ts'
import { turnOf } from '../../src/core/permission/turn.ts'
import { glanceOf } from '../../src/core/proposal/glance.ts'
import { members, person, proposalCase } from '../support/proposal-case.ts'
import { content } from '../support/proposals.ts'

/** A rollout of six that its first batch stopped, where two agree to resume. */
function halted() {
  const one = proposalCase({ content: content(6), policy: { resume: [{ role: 'owner', count: 2 }] } })
  one.vote('noor', 'approve')
  one.vote('tom', 'approve')
  one.give({ type: 'start' })
  one.finishBatch('failed')
  return one
}

function told(one: ReturnType<typeof proposalCase>) {
  const last = one.recorded().at(-1)
  if (last === undefined) throw new Error('Nothing was recorded.')
  return noticesOf(last, one.state(), { members, now: one.now(), freezes: [] }).map(({ person: who, entry }) => ({
    who,
    text: plain(entry.text),
    buttons: (entry.actions ?? []).map(({ name }) => name),
    numbers: (entry.actions ?? []).map(({ revision }) => revision),
  }))
}

test('whoever else can agree to leave out what failed is told, with the button for it', () => {
  const one = halted()
  one.give({ type: 'skip', asset: 'web1', reason: 'it is replaced' }, person('noor'))
  expect(told(one)).toEqual([
    {
      who: 'mara',
      text: expect.stringMatching(/^PW-1 .*Noor wants web1 left out: it is replaced\. It takes your agreement, too\.$/),
      buttons: ['skip'],
      numbers: [1],
    },
  ])
})

test('a halt is told with the button that ends this halt, to those who may press it', () => {
  const one = halted()
  one.give({ type: 'resume' }, person('noor'))
  one.give({ type: 'resume' }, person('mara'))
  one.pass(1)
  one.give({ type: 'halt', reason: 'the shop is slow' }, person('mara'))
  // Mara halted it; Noor may resume, and Jonas is on call.
  expect(told(one).map(({ who, buttons }) => [who, buttons])).toEqual([
    ['noor', ['resume']],
    ['jonas', []],
  ])
  const asMara = proposalCase({ content: content(6), proposer: person('noor') })
  asMara.vote('mara', 'approve')
  asMara.vote('tom', 'approve')
  asMara.give({ type: 'start' })
  asMara.pass(1)
  asMara.give({ type: 'halt', reason: 'the shop is slow' }, person('jonas'))
  const number = turnOf('resume', glanceOf(asMara.state()))
  expect(told(asMara)).toContainEqual(expect.objectContaining({ who: 'noor', buttons: ['resume'], numbers: [number] }))
  expect(number).toBe(Date.parse('2026-11-20T01:00:00Z'))
})

test('a halt by Patchwarden is told to all who may resume, to those on call and to who proposed it, once each', () => {
  const one = proposalCase({ content: content(6), proposer: person('tom'), policy: { selfApproval: 'allowed' } })
  one.vote('noor', 'approve')
  one.vote('tom', 'approve')
  one.give({ type: 'start' })
  one.finishBatch('failed')
  expect(one.recorded().at(-1)?.event.type).toBe('halted')
  expect(told(one).map(({ who, buttons }) => [who, buttons])).toEqual([
    ['mara', ['resume']],
    ['noor', ['resume']],
    ['jonas', []],
    ['tom', []],
  ])
})
