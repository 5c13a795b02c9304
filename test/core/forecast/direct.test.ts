/** When servers that are patched over SSH would be done, said before the vote. */

import { expect, test } from 'vitest'
import { planDetail } from '../../../src/chat/details.ts'
import { proposalCard } from '../../../src/chat/proposal-card.ts'
import { plain } from '../../../src/chat/rich-text.ts'
import { forecastDirect, ringsDirect } from '../../../src/core/forecast/direct.ts'
import { forecast } from '../../../src/core/forecast/forecast.ts'
import { contentHash } from '../../../src/core/proposal/decision-content.ts'
import type { Content } from '../../../src/core/proposal/event.ts'
import { glanceOf } from '../../../src/core/proposal/glance.ts'
import type { PatchSubject } from '../../../src/core/proposal/proposal.ts'
import { caseOf } from '../../support/permission-scene.ts'
import { content } from '../../support/proposals.ts'
import { nights } from '../../support/windows.ts'

function subjectOf({ subject }: Content): PatchSubject {
  if (subject.kind !== 'patches') throw new Error('not patches')
  return subject
}

/** The rings of six servers, each watched for so long. */
function watched(soakSeconds: number, dueAt: string | null = null): Content {
  const base = content(6, nights)
  const subject = { ...subjectOf(base), rings: subjectOf(base).rings.map((ring) => ({ ...ring, soakSeconds })) }
  return { ...base, subject, contentHash: contentHash(subject), dueAt }
}

function whenOf(asked: Content, more: Partial<Parameters<typeof proposalCard>[0]> = {}): string {
  const one = caseOf({ content: asked })
  const place = { glance: glanceOf(one.state()), members: one.setting.members, now: one.now(), freezes: [], ...more }
  return plain(proposalCard(place, null).facts.find(({ label }) => label === 'When')?.value ?? [])
}

test('the forecast of a card is that of the plan, with the same windows, soak and estimates', () => {
  const now = '2026-11-20T00:00:00.000Z'
  const estimates = { canary: 300, broad: 1_200 }
  for (const soak of [0, 3_600, 4 * 3_600]) {
    const subject = subjectOf(watched(soak))
    const asked = { team: 'web', freezes: [], now, estimates }
    const [direct] = ringsDirect(subject)
    if (direct === undefined) throw new Error('It has no lane.')
    const whole = forecast({ ...asked, subject })
    expect(forecastDirect(direct, asked).end).toBe(whole.end)
  }
})

test('the card says when it begins and ends if it were approved now', () => {
  // The canary, then five servers two at a time: four times ten minutes.
  expect(whenOf(watched(0))).toBe(
    'If approved now, it begins 2026-11-20 01:00 UTC and ends about 2026-11-20 01:40 UTC at the earliest.',
  )
})

test('where that is after it is due, the card says what would be faster', () => {
  const due = '2026-11-20T23:59:59.000Z'
  expect(whenOf(watched(4 * 3_600, due))).toContain(
    ', which is after it is due. Faster would be: longer windows, larger batches, fewer rings or a shorter watch',
  )
  const freeze = { name: 'the sale', from: '2026-11-19T00:00:00.000Z', to: '2026-11-25T00:00:00.000Z', teams: ['web'] }
  expect(whenOf(watched(0, due), { freezes: [freeze] })).toMatch(
    /begins 2026-11-25 01:00 UTC .* after it is due\. Faster would be: an end of the freeze "the sale" or an earlier window\.$/,
  )
})

test('the plan says so, too', () => {
  const asked = watched(4 * 3_600, '2026-11-20T23:59:59.000Z')
  const one = caseOf({ content: asked })
  const { lead } = planDetail(one.state(), subjectOf(asked), [], one.now())
  expect(plain(lead)).toMatch(
    /If it were approved now, all would be done by about .* after it is due\. Faster would be: /,
  )
})

test('estimates of earlier rollouts are used where they are known', () => {
  expect(whenOf(watched(0), { estimates: { canary: 60, broad: 60 } })).toContain('ends about 2026-11-20 01:0')
})

test('servers with windows of their own are left to the plan', () => {
  const base = subjectOf(watched(0))
  const [first, ...rest] = base.assets
  if (first === undefined) throw new Error('It has no server.')
  const own = { ...first, window: { ...nights, name: 'mornings' } }
  expect(ringsDirect({ ...base, assets: [own, ...rest] })).toEqual([])
})
