import { expect, test } from 'vitest'
import { liftDecision } from '../../src/core/freeze.ts'
import type { CountedAct } from '../../src/core/hands.ts'
import { members } from '../support/proposal-case.ts'
import { policy } from '../support/proposals.ts'

const both = { policy: { ...policy, resume: [{ role: 'owner', count: 2 }] }, members }
const shell = { kind: 'command line', user: 'root', host: 'bastion' } as const

function frozen(...liftAgreed: readonly CountedAct[]) {
  return { name: 'the sale', from: '2026-11-19T00:00:00Z', to: '2026-12-24T00:00:00Z', teams: ['web'], liftAgreed }
}

test('a freeze is lifted by as many as resuming takes', () => {
  expect(liftDecision([frozen()], { person: 'noor' }, { policy, members })).toEqual({ enough: true })
  expect(liftDecision([frozen()], { person: 'noor' }, both)).toEqual({
    enough: false,
    already: false,
    missing: 'owner',
  })
  expect(liftDecision([frozen({ person: 'noor' })], { person: 'mara' }, both)).toEqual({ enough: true })
})

test('nobody counts twice, nor does one hand', () => {
  expect(liftDecision([frozen({ person: 'noor' })], { person: 'noor' }, both)).toMatchObject({ already: true })
  const through = shell
  const byShell = frozen({ person: 'noor', through })
  expect(liftDecision([byShell], { person: 'mara', through }, both)).toEqual({
    enough: false,
    already: false,
    missing: 'owner',
  })
  expect(liftDecision([byShell], { person: 'noor' }, both)).toMatchObject({ already: false })
  expect(liftDecision([byShell], { person: 'mara' }, both)).toEqual({ enough: true })
})

test('whoever agreed before another freeze came has not agreed to lift that', () => {
  const two = [frozen({ person: 'noor' }), frozen()]
  expect(liftDecision(two, { person: 'mara' }, both)).toMatchObject({ enough: false })
})

test('who holds no role of those counts for nobody', () => {
  expect(liftDecision([frozen({ person: 'jonas' })], { person: 'mara' }, both)).toMatchObject({ enough: false })
})
