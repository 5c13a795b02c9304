import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isRota } from '../../src/config/group-settings.ts'
import { describeProblem } from '../../src/config/problem.ts'
import { membersFor, policyFor, rolloutFor, standingRules, windowFor } from '../../src/config/resolve.ts'
import type { Settings } from '../../src/config/schema.ts'
import { parseSettings } from '../../src/integrations/configuration.ts'
import { isSshSource } from '../../src/integrations/ssh/kind.ts'
import { small } from './small.ts'

const example = readFileSync(new URL('../../patchwarden.example.yaml', import.meta.url), 'utf8')

/** Names that are used and not defined, found without the code that is tested. */
function missingReferences(settings: Settings): readonly string[] {
  const missing: string[] = []
  const need = (entries: object, name: string | null) => {
    if (name !== null && !Object.keys(entries).includes(name)) missing.push(name)
  }
  const holders = [settings.roles, ...Object.values(settings.teams).map((team) => team.roles)]
  for (const holder of holders.flatMap((roles) => Object.values(roles).flat())) {
    if (holder.startsWith('group:')) need(settings.groups, holder.slice('group:'.length))
    else need(settings.people, holder)
  }
  for (const group of Object.values(settings.groups)) {
    const stands = isRota(group) ? group.overrides.map(({ person }) => person) : []
    for (const person of [...(isRota(group) ? group.people : group.fallback), ...stands]) need(settings.people, person)
  }
  for (const team of Object.values(settings.teams)) {
    need(settings.channels, team.channel)
    need(settings.policies, team.policy)
    need(settings.windows, team.window)
    need(settings.rollouts, team.rollout)
  }
  for (const policy of Object.values(settings.policies)) {
    if (policy.kind === 'standing') need(settings.standingApprovals, policy.rule)
  }
  for (const rule of Object.values(settings.standingApprovals)) {
    need(settings.teams, rule.team)
    need(settings.policies, rule.decidedBy)
  }
  for (const freeze of settings.freezes) for (const team of freeze.teams ?? []) need(settings.teams, team)
  for (const source of Object.values(settings.sources)) {
    need(settings.engines, source.engine)
    need(settings.teams, source.team)
    for (const host of isSshSource(source) ? source.hosts : []) need(settings.teams, host.team)
  }
  for (const load of Object.values(settings.loads)) {
    if (load.kind === 'prometheus') need(settings.metrics, String(load.source))
    if (load.kind === 'sar') need(settings.sources, String(load.source))
  }
  for (const { measured } of Object.values(settings.windows)) need(settings.loads, measured?.load ?? null)
  return missing
}

function mustHold(text: string): void {
  const parsed = parseSettings(text, 'fuzz.yaml')
  if (!parsed.ok) {
    expect(parsed.problems.length).toBeGreaterThan(0)
    for (const problem of parsed.problems) {
      expect(problem.what).not.toBe('')
      expect(problem.mend).toMatch(/[.?]$/)
      expect(describeProblem(problem)).toMatch(/^fuzz\.yaml[^\n]*$/)
      if (problem.line > 0) expect(problem.line).toBeLessThanOrEqual(text.split('\n').length)
    }
    return
  }
  const { settings } = parsed
  expect(missingReferences(settings)).toEqual([])
  for (const team of Object.keys(settings.teams)) {
    const policy = policyFor(settings, team)
    if (policy === null) continue
    expect(policy.stop.length).toBeGreaterThan(0)
    expect(policy.resume.length).toBeGreaterThan(0)
    if (policy.approval.kind === 'quorum') expect(policy.approval.needs.length).toBeGreaterThan(0)
    expect(membersFor(settings, team).length).toBeGreaterThan(0)
    expect(windowFor(settings, team)?.rules.length).toBeGreaterThan(0)
    expect(rolloutFor(settings, team)?.rings.length).toBeGreaterThan(0)
  }
  for (const rule of standingRules(settings)) expect(Number.isNaN(Date.parse(rule.expiresAt))).toBe(false)
}

type Edit = (text: string) => string

const words = [...new Set(example.match(/[A-Za-z0-9_.:%"/-]+/g) ?? [])]

function at(text: string, place: number): number {
  return Math.floor(place * text.length)
}

const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const edit: fc.Arbitrary<Edit> = fc.oneof(
  // a word by another word of the file: most mistakes that people make
  fc.tuple(place, fc.constantFrom(...words)).map(
    ([where, word]): Edit =>
      (text) => {
        const found = [...text.matchAll(/[A-Za-z0-9_.:%"/-]+/g)]
        const target = found[Math.floor(where * found.length)]
        if (target === undefined) return text
        return text.slice(0, target.index) + word + text.slice(target.index + target[0].length)
      },
  ),
  // a line left out, or written twice
  fc.tuple(place, fc.boolean()).map(
    ([where, twice]): Edit =>
      (text) => {
        const lines = text.split('\n')
        const index = Math.floor(where * lines.length)
        lines.splice(index, twice ? 0 : 1, ...(twice ? [lines[index] ?? ''] : []))
        return lines.join('\n')
      },
  ),
  // signs that mean something to YAML, and any others
  fc.tuple(place, fc.oneof(fc.constantFrom(...'{}[]:,-#&*!|>\'"%@`\t\n ?'), fc.string({ unit: 'binary' }))).map(
    ([where, sign]): Edit =>
      (text) =>
        text.slice(0, at(text, where)) + sign + text.slice(at(text, where)),
  ),
  // a piece cut out
  fc.tuple(place, fc.nat(80)).map(
    ([where, length]): Edit =>
      (text) =>
        text.slice(0, at(text, where)) + text.slice(at(text, where) + length),
  ),
)

describe('a configuration changed at random', () => {
  it.each([
    ['the example', example, 80],
    ['the small one', small, 400],
  ])('%s is never accepted with a missing reference, and nothing throws', (_, text, runs) => {
    const edits = fc.array(edit, { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(edits, (all) => mustHold(all.reduce((changed, one) => one(changed), text))),
      { numRuns: runs },
    )
  })

  it('is refused when it is no text of ours at all', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => mustHold(text)),
      { numRuns: 500 },
    )
  })
})
