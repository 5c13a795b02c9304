import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseSettings } from '../../src/config/load.ts'
import { describeProblem } from '../../src/config/problem.ts'

const example = readFileSync(new URL('../../patchwarden.example.yaml', import.meta.url), 'utf8')

/** What is said of the example with one piece replaced, without places and without the advice. */
function said(piece: string, replacement: string): readonly string[] {
  if (example.split(piece).length !== 2) throw new Error(`"${piece}" must be in the example once`)
  const parsed = parseSettings(
    example.replace(piece, () => replacement),
    'pw.yaml',
  )
  const found = parsed.ok ? parsed.warnings : parsed.problems
  return found.map((problem) => `${parsed.ok ? 'warning: ' : ''}${problem.path} ${problem.what}`)
}

describe('parts of the example that no longer fit each other', () => {
  it.each([
    [
      'a standing rule under a policy that is no quorum',
      'decidedBy: standard',
      'decidedBy: relaxed',
      ['standingApprovals.dev-wednesdays.decidedBy names "relaxed", a policy of kind lazy consensus'],
    ],
    [
      'a standing rule for another team than the one that uses it',
      '    team: development\n    tags: [dev]',
      '    team: web\n    tags: [dev]',
      ['teams.development.policy is "dev", whose rule "dev-wednesdays" is for team web'],
    ],
    [
      'a standing rule for any tag',
      'tags: [dev] # every',
      'tags: [] # every',
      ['standingApprovals.dev-wednesdays.tags is an empty list'],
    ],
    [
      'a fallback that nobody fills',
      'fallback: { owner: 1 }',
      'fallback: { owner: 4 }',
      [
        'teams.development.policy is "dev", which team development cannot satisfy: owner needs 4 different people and only 2 hold it',
      ],
    ],
    [
      'nobody who may object',
      'objectors: [owner, security]\n    expiresAfter',
      'objectors: [lead]\n    expiresAfter',
      ['policies.relaxed.objectors[0] names the role "lead", which nobody holds in any team'],
    ],
    [
      'nobody who may break the glass',
      'operator: [mara, noor]',
      'operator: []',
      [
        'teams.web.policy is "standard", which team web cannot satisfy: nobody who may break the glass (operator)',
        'standingApprovals.dev-wednesdays.decidedBy is "standard", which team development cannot satisfy: nobody who may break the glass (operator)',
      ],
    ],
    [
      'half a plan',
      '    rollout: careful\n',
      '',
      ['teams.web.rollout is missing, and the source "lab" lets an engine change assets of this team'],
    ],
    [
      'a host of a team that only watches',
      '{ name: pay01, team: payments }',
      '{ name: pay01, team: office }',
      [
        'teams.office.policy is missing, and the source "lab" lets an engine change assets of this team',
        'teams.office.window is missing, and the source "lab" lets an engine change assets of this team',
        'teams.office.rollout is missing, and the source "lab" lets an engine change assets of this team',
      ],
    ],
    [
      'a real engine for a file',
      '    team: web\n    engine: simulated',
      '    team: web\n    engine: apt',
      ['sources.rehearsal.engine is of kind ssh, and a source of kind file does not say how to connect'],
    ],
    [
      'the simulated engine for real hosts',
      'engine: apt # left out',
      'engine: simulated # left out',
      ['sources.lab.engine is of kind simulated, which changes only "rehearsal/fleet.json"'],
    ],
    [
      'the simulated engine for another file',
      'state: rehearsal/fleet.json',
      'state: other.json',
      ['sources.rehearsal.engine is of kind simulated, which changes only "other.json"'],
    ],
    [
      'a dpkg status file of an unknown platform',
      '    platform: "debian:12"\n',
      '',
      ['sources.exported.platform is missing'],
    ],
    [
      'one account for two people',
      'slack: U023BC4DE',
      'slack: U012AB3CD',
      ['people.tom.slack is also the account of mara'],
    ],
    ['two rings of one name', 'name: first', 'name: canary', ['rollouts.careful.rings[1].name is "canary" again']],
    [
      'a ring after the rest',
      'select: { count: 2 }',
      'select: rest',
      ['rollouts.careful.rings[1].select is rest, which leaves nothing for the rings after it'],
    ],
    [
      'one person for both roles',
      'security: [tom, aisha]',
      'security: [mara]',
      [
        'warning: people.tom holds no role',
        'warning: people.aisha holds no role',
        'warning: teams.web.policy is "standard", which cannot be satisfied when mara or noor proposes: nobody approves what is their own',
        'warning: standingApprovals.dev-wednesdays.decidedBy is "standard", which cannot be satisfied when mara or noor proposes: nobody approves what is their own',
      ],
    ],
  ])('%s', (_, piece, replacement, expected) => {
    expect(said(piece, replacement).toSorted()).toEqual(expected.toSorted())
  })

  it('says where', () => {
    const parsed = parseSettings(example.replace('decidedBy: standard', 'decidedBy: relaxed'), 'pw.yaml')
    const line = example.split('\n').findIndex((text) => text.includes('decidedBy: standard')) + 1
    expect(parsed.ok ? [] : parsed.problems.map(describeProblem)).toEqual([
      `pw.yaml:${line}:16: standingApprovals.dev-wednesdays.decidedBy names "relaxed", a policy of kind lazy consensus. Name a policy of kind quorum: what approves for months must itself be approved.`,
    ])
  })
})
