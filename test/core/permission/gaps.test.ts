import { expect, test } from 'vitest'
import { gapsOf } from '../../../src/core/permission/gaps.ts'
import type { Member, Policy } from '../../../src/core/policy.ts'
import { standard } from '../../support/example-service.ts'

const person = (id: string, ...roles: readonly string[]): Member => ({ id, name: id, roles })
const found = (policy: Partial<Policy>, members: readonly Member[]) =>
  gapsOf({ ...standard, ...policy }, members).map((gap) =>
    gap.kind === 'nobody can'
      ? `${gap.act} ${gap.because}: ${gap.people.map(({ id }) => id).join()}`
      : `${gap.event}: ${gap.roles.join()}`,
  )

const team = [person('mara', 'owner'), person('ada', 'owner'), person('tom', 'security'), person('jonas', 'on-call')]

test('a team in which each act has somebody to stand in has no gap', () => {
  expect(found({}, team)).toEqual([])
  expect(found({ breakGlass: { roles: ['owner'], reviewWithinSeconds: 60 } }, team)).toEqual([])
})

test('the only one who may resume is missed when away, and with them who may lift a freeze', () => {
  expect(found({}, team.slice(1))).toEqual(['resume away: ada', 'unfreeze away: ada'])
  expect(found({ resume: [{ role: 'owner', count: 2 }] }, team)).toEqual([
    'resume away: mara,ada',
    'unfreeze away: mara,ada',
  ])
})

test('nobody reviews the break-glass of the only one who could', () => {
  const alone: Partial<Policy> = {
    approval: { kind: 'quorum', needs: [{ role: 'owner', count: 1 }] },
    stop: ['owner'],
    breakGlass: { roles: ['owner'], reviewWithinSeconds: 60 },
  }
  expect(found(alone, [person('mara', 'owner'), person('tom', 'security')])).toContain(
    'review-break-glass broke the glass: mara',
  )
  expect(found(alone, team)).toEqual([])
})

test('an event that reaches nobody is named', () => {
  expect(found({ escalateAfterSeconds: 60, escalateTo: ['lead'] }, team)).toEqual(['escalation: lead'])
  expect(found({ remindAfterSeconds: null }, team)).toEqual(['expiry: '])
  const acknowledgement = {
    askBeforeSeconds: 1,
    remindEverySeconds: 1,
    escalateAfterSeconds: 1,
    otherwise: 'wait',
  } as const
  const asked = { acknowledgement: { ...acknowledgement, escalateTo: ['lead'] } }
  expect(found(asked, team)).toEqual([])
  expect(found(asked, team.slice(0, 3))).toEqual(['acknowledgement: lead,on-call'])
})
