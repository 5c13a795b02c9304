import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { describeProblem } from '../../src/config/problem.ts'
import { parseSettings } from '../../src/integrations/configuration.ts'
import { smallWith } from './small.ts'

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
      'a deputy who is the person who is away',
      'deputy: noor }',
      'deputy: priya }',
      ['away[0].deputy names the person who is away'],
    ],
    [
      'an absence that ends before it begins',
      'until: 2027-01-01,',
      'until: 2026-12-01,',
      ['away[0].until is not after "from"'],
    ],
    [
      'a deputy whom nobody knows',
      'deputy: noor }',
      'deputy: nora }',
      ['away[0].deputy names the person "nora", which is not in "people"'],
    ],
    ['a deputy with a role in every team, which is none of that', 'deputy: noor }', 'deputy: tom }', []],
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
      ['teams.web.rollout is missing, and the source "lab" lets an engine change servers of this team'],
    ],
    [
      'a host of a team that only watches',
      '{ name: pay01, team: payments }',
      '{ name: pay01, team: office }',
      [
        'teams.office.policy is missing, and the source "lab" lets an engine change servers of this team',
        'teams.office.window is missing, and the source "lab" lets an engine change servers of this team',
        'teams.office.rollout is missing, and the source "lab" lets an engine change servers of this team',
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
    [
      'an engine that waits for one that is not there',
      '{ engine: tower, after: apt }',
      '{ engine: tower, after: atp }',
      ['teams.web.lanes[0].after names the engine "atp", which is not in "engines"'],
    ],
    [
      'engines that wait for each other, and one that waits twice',
      '{ engine: tower, after: apt }',
      '{ engine: tower, after: apt }\n      - { engine: apt, after: tower }\n      - { engine: tower, after: cloud }',
      [
        'teams.web.lanes[1].after is "tower", so that "apt" would wait for itself',
        'teams.web.lanes[2].engine is "tower" again',
      ],
    ],
    ['two rings of one name', 'name: first', 'name: canary', ['rollouts.careful.rings[2].name is "canary" again']],
    [
      'a ring after the rest',
      'select: { count: 2 }',
      'select: rest',
      ['rollouts.careful.rings[2].select is rest, which leaves no server for the rings after it'],
    ],
    [
      'a test ring that is not the first',
      'select: { tag: canary }\n        batch: 1\n',
      'select: { tag: canary }\n        batch: 1\n        beforeVote: true\n',
      ['rollouts.careful.rings[1].beforeVote is true, and "canary" is not the first ring'],
    ],
    [
      'a test ring that waits for a go',
      'beforeVote: true # runs',
      'beforeVote: true\n        gate: { go: [owner] } # runs',
      ['rollouts.careful.rings[0].beforeVote is true, and the gate of the ring waits for somebody to say go'],
    ],
    [
      'a test ring that no policy runs',
      'testRing: required',
      'testRing: never',
      ['warning: rollouts.careful.rings[0].beforeVote is true, and no policy of web runs a test ring'],
    ],
    [
      'a policy that requires a test ring which the rollout does not have',
      'beforeVote: true',
      'beforeVote: false',
      ['teams.web.rollout is "careful", which has no test ring, and the policy "standard" requires one to have passed'],
    ],
    [
      'a go that nobody can say',
      'go: [on-call]',
      'go: [night-shift]',
      ['rollouts.careful.rings[4].gate.go waits for night-shift to say go, and nobody in team web holds that'],
    ],
    [
      'a silence that is not there',
      'silence: alerts',
      'silence: alert',
      ['rollouts.careful.silence names the silence "alert", which is not in "silences"'],
    ],
    [
      'a silence of everything',
      'matchers: ["instance=~{address}(:.*)?"]',
      'matchers: ["job=node", "instance!={address}"]',
      ['silences.alerts.matchers name no server, so every server would be silenced at once'],
    ],
    [
      'a password in the file',
      'url: https://alertmanager.example.net',
      'url: https://pw:s3cr3t@alertmanager.example.net',
      ['silences.alerts.url holds a user name or a password'],
    ],
    [
      'a password in the address of a health check',
      '- { http: "http://{address}:8080/health", status: 200, timeout: 5 s }',
      '- { http: "http://monitor:s3cret@{address}:18103/health" }',
      ['teams.web.health[0].http holds a user name or a password'],
    ],
    [
      'one address of two people, in any case of letters',
      '  mara:\n',
      '  ana: { name: Ana, email: Mara@Example.net }\n  mara:\n',
      ['people.mara.email is also the address of ana'],
    ],
    [
      'a matcher with half a quotation',
      '"instance=~{address}(:.*)?"',
      "'instance=\"{name}'",
      ['silences.alerts.matchers[0] has a quotation mark that is not closed, or in the middle'],
    ],
    [
      'a matcher that is none',
      '"instance=~{address}(:.*)?"',
      '"{address}"',
      ['silences.alerts.matchers[0] is "{address}"'],
    ],
    [
      'a silence that is not told of what',
      'release: [/usr/local/bin/unsilence, "{name}", "{key}"]',
      'release: [/usr/local/bin/unsilence, "{key}"]',
      ['silences.pager.release is not told which server it is about'],
    ],
    [
      'a value that means nothing in a hook',
      'command: [/usr/local/bin/drain, "{name}"]',
      'command: [/usr/local/bin/drain, "{host}"]',
      ['rollouts.careful.hooks.drain.command[1] holds {host}, which means nothing here'],
    ],
    [
      'a program that would depend on where Patchwarden was started',
      'command: [/usr/local/bin/drain, "{name}"]',
      'command: [bin/drain, "{name}"]',
      ['rollouts.careful.hooks.drain.command[0] is "bin/drain"'],
    ],
    [
      'a program chosen by an asset',
      'command: [/usr/local/bin/drain, "{name}"]',
      'command: ["/usr/local/bin/{name}"]',
      ['rollouts.careful.hooks.drain.command[0] is "/usr/local/bin/{name}"'],
    ],
    [
      'assets that nothing puts into service again',
      '      undrain: { command: [/usr/local/bin/undrain, "{name}"], timeout: 2 min }\n',
      '',
      ['warning: rollouts.careful.hooks.drain takes servers out of service, and nothing here puts them back'],
    ],
    [
      'nothing to restore',
      '      snapshot: { command: [/usr/local/bin/snapshot, "{name}", "{key}"], timeout: 10 min, early: false }\n',
      '',
      ['warning: rollouts.careful.hooks.restore has no snapshot to put back'],
    ],
    [
      'a cluster of which all stay up',
      'minHealthy: 50%',
      'minHealthy: 100%',
      [
        'warning: rollouts.careful.clusters[0].minHealthy is 100%, which leaves nobody of the cluster "cluster:*" to work on',
      ],
    ],
    [
      'a cluster too small for what stays up of it',
      'tags: [canary]\n        exposure',
      'tags: [canary, "cluster:shop"]\n        exposure',
      [
        'warning: rollouts.careful.clusters[0].minHealthy leaves nobody to work on: the cluster cluster:shop has 1 server and keeps 1 of them up, so none may be worked on',
      ],
    ],
    [
      'a metric of a source that is not there',
      '{ metric: prom,',
      '{ metric: promm,',
      ['rollouts.careful.rings[4].gate.checks[3].metric names the metric source "promm", which is not in "metrics"'],
    ],
    [
      'a metric that could never fail',
      ', atMost: 0.02, atLeast: 0 }',
      ' }',
      ['rollouts.careful.rings[4].gate.checks[3] has no bound, so it could never fail'],
    ],
    [
      'a metric that could never pass',
      'atLeast: 0 }',
      'atLeast: 1 }',
      ['rollouts.careful.rings[4].gate.checks[3].atLeast is 1, more than atMost, so it could never pass'],
    ],
    [
      'a check of the service that asks an asset',
      'https://shop.example.net/health',
      '"https://{address}/health"',
      ['rollouts.careful.rings[4].gate.checks[0].http is "https://{address}/health", without a host of its own'],
    ],
    [
      'a check of the service that does not say where',
      'tcp: 5432, host: db.example.net',
      'tcp: 5432',
      ['rollouts.careful.rings[4].gate.checks[1].host is missing'],
    ],
    [
      'a command of the service that wants an asset',
      '[/usr/local/bin/smoke-test, shop]',
      '[/usr/local/bin/smoke-test, "{name}"]',
      ['rollouts.careful.rings[4].gate.checks[2].command[1] holds {name}, which means nothing here'],
    ],
    [
      'more failures than there can be',
      'failureBudget: 5%',
      'failureBudget: 500%',
      ['rollouts.careful.failureBudget is "500%"'],
    ],
    [
      'a measured window that does not fit between its hours',
      'between: "20:00-06:00"',
      'between: "23:00-01:30"',
      ['windows.nights.measured.between is 2 hours 30 min long, and the window needs 3 hours'],
    ],
    [
      'a measured window without its load',
      'load: web-load',
      'load: web-laod',
      ['windows.nights.measured.load names the load "web-laod", which is not in "loads"'],
    ],
    [
      'a history of a host that the source does not list',
      'source: lab, host: web03',
      'source: lab, host: web33',
      ['loads.web03-cpu.host is "web33", which the source "lab" does not list'],
    ],
    [
      'a history of a source that is a file',
      'source: lab, host: web03',
      'source: exported, host: web03',
      ['loads.web03-cpu.source is "exported", of kind file, which does not say how to connect'],
    ],
    [
      'a history of this machine by name',
      'source: lab, host: web03',
      'source: this-machine, host: web03',
      ['loads.web03-cpu.host is for a source of kind ssh; this source is one machine'],
    ],
    [
      'a password in an address',
      'url: https://prometheus.example.net',
      'url: https://pw:secret@prometheus.example.net',
      ['metrics.prom.url holds more than an address'],
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

  it('a list with a name that no source has, where all names are written here', () => {
    const text = smallWith('select: rest, batch: 25%', 'select: { list: [web01, web2] }, batch: 1')
    const parsed = parseSettings(text, 'pw.yaml')
    expect(parsed.ok ? parsed.warnings.map(({ path, what }) => `${path} ${what}`) : parsed).toEqual([
      'rollouts.careful.rings[0].select ends the rollout, and servers that no ring selects are left out',
      'rollouts.careful.rings[0].select.list[1] names the server "web2", which no source lists',
    ])
  })

  it('says where', () => {
    const parsed = parseSettings(example.replace('decidedBy: standard', 'decidedBy: relaxed'), 'pw.yaml')
    const line = example.split('\n').findIndex((text) => text.includes('decidedBy: standard')) + 1
    expect(parsed.ok ? [] : parsed.problems.map(describeProblem)).toEqual([
      `pw.yaml:${line}:16: standingApprovals.dev-wednesdays.decidedBy names "relaxed", a policy of kind lazy consensus. Name a policy of kind quorum: what approves for months must itself be approved.`,
    ])
  })
})
