import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  assetWindowsFor,
  calendarFreezes,
  freezes,
  healthFor,
  measureRules,
  membersFor,
  policyFor,
  policyForStandingRule,
  rolloutFor,
  standingRules,
  teamsOfChannel,
  windowFor,
} from '../../src/config/resolve.ts'
import type { Settings } from '../../src/config/schema.ts'
import { nextWindow, openWindow } from '../../src/core/window.ts'
import { crossCheck, defaultConfig, parseSettings } from '../../src/integrations/configuration.ts'

function example(): Settings {
  const text = readFileSync(new URL('../../patchwarden.example.yaml', import.meta.url), 'utf8')
  const parsed = parseSettings(text, 'patchwarden.example.yaml')
  if (!parsed.ok) throw new Error('the example must be right')
  return parsed.settings
}

describe('what the core gets of the example file', () => {
  const config = example()

  it('a window to be measured', () => {
    expect(measureRules(config)).toEqual([
      {
        window: 'nights',
        load: 'web-load',
        durationSeconds: 10_800,
        weeks: 6,
        timeZone: 'Europe/Berlin',
        use: 'schedule',
        days: [1, 2, 3, 4],
        between: { from: '20:00', to: '06:00' },
      },
    ])
  })

  it('calendars of freezes', () => {
    expect(calendarFreezes(config)).toEqual([
      { calendar: 'https://calendar.example.net/changes.ics', match: 'change freeze', teams: ['web', 'payments'] },
    ])
  })

  it('a quorum policy', () => {
    expect(policyFor(config, 'web')).toEqual({
      name: 'standard',
      approval: {
        kind: 'quorum',
        needs: [
          { role: 'owner', count: 1 },
          { role: 'security', count: 1 },
        ],
      },
      selfApproval: 'forbidden',
      cli: 'refused',
      expiresAfterSeconds: 604_800,
      remindAfterSeconds: 86_400,
      messageAfterSeconds: 172_800,
      escalateAfterSeconds: 345_600,
      escalateTo: ['operator'],
      urgent: { messageAfterSeconds: 3_600, escalateAfterSeconds: 7_200, repeatEverySeconds: 86_400 },
      stop: ['owner', 'on-call', 'security'],
      resume: [{ role: 'owner', count: 1 }],
      breakGlass: { roles: ['operator'], reviewWithinSeconds: 86_400 },
      reboot: 'if required',
      restartServices: 'if required',
      testRing: 'required',
      inventoryMaxAgeSeconds: 86_400,
      acknowledgement: {
        askBeforeSeconds: 1_800,
        remindEverySeconds: 600,
        escalateAfterSeconds: 1_200,
        escalateTo: ['operator'],
        otherwise: 'wait',
      },
      stepUpRings: ['broad'],
    })
  })

  it('lazy consensus without a reminder', () => {
    const policy = policyFor(config, 'payments')
    expect(policy?.approval).toEqual({
      kind: 'lazy consensus',
      noticeSeconds: 86_400,
      objectors: ['owner', 'security'],
    })
    expect(policy?.remindAfterSeconds).toBeNull()
    expect(policy?.breakGlass).toBeNull()
  })

  it('a standing policy, its rule, and the policy under which the rule is voted', () => {
    expect(policyFor(config, 'development')?.approval).toEqual({
      kind: 'standing',
      rule: 'dev-wednesdays',
      noticeSeconds: 4 * 3_600,
      objectors: ['owner', 'security'],
      fallback: [{ role: 'owner', count: 1 }],
    })
    expect(standingRules(config)).toEqual([
      {
        name: 'dev-wednesdays',
        team: 'development',
        tags: ['dev'],
        types: ['security', 'bugfix'],
        // Midnight in Berlin, one hour ahead of UTC until 28 March 2027, two from then on.
        expiresAt: '2027-03-31T21:59:59.000Z',
      },
    ])
    expect(policyForStandingRule(config, 'dev-wednesdays')?.name).toBe('standard')
    expect(policyForStandingRule(config, 'constructor')).toBeNull()
  })

  it('windows in the zone of the rule, else of the team', () => {
    expect(windowFor(config, 'web')).toEqual({
      name: 'nights',
      rules: [
        {
          days: [2, 4],
          start: '02:00',
          durationSeconds: 10_800,
          timeZone: 'Europe/Berlin',
          everyWeeks: 1,
          anchor: null,
        },
        {
          days: [6, 7],
          start: '01:00',
          durationSeconds: 14_400,
          timeZone: 'Europe/Berlin',
          everyWeeks: 1,
          anchor: null,
        },
      ],
    })
    expect(windowFor(config, 'development')?.rules[0]).toMatchObject({ everyWeeks: 2, anchor: '2026-01-07' })
  })

  it('windows by recurrence rule, after Patch Tuesday, of single assets, with lead and notice', () => {
    const [ofTag, ofAsset] = assetWindowsFor(config, 'web')
    expect(ofTag).toEqual({
      of: { tag: 'db' },
      window: {
        name: 'sundays',
        rules: [
          {
            rrule: 'FREQ=WEEKLY;INTERVAL=2;BYDAY=SU',
            startsAt: '2026-01-04T03:00',
            durationSeconds: 7_200,
            timeZone: 'Europe/Berlin',
          },
        ],
        leadSeconds: 43_200,
        noticeSeconds: 3_600,
      },
    })
    expect(ofAsset).toEqual({
      of: { asset: 'web03' },
      window: {
        name: 'after-patch-tuesday',
        rules: [{ afterPatchTuesdayDays: 4, start: '01:00', durationSeconds: 10_800, timeZone: 'asset' }],
      },
    })
    expect(assetWindowsFor(config, 'payments')).toEqual([])
  })

  it('any time is open at any time', () => {
    const plan = windowFor(config, 'payments')
    if (plan === null) throw new Error('payments has a window')
    for (const at of ['2026-03-29T01:30:00Z', '2026-10-25T00:59:59Z', '2026-11-21T12:00:00Z']) {
      expect(openWindow(plan, [], 'payments', at)).not.toBeNull()
    }
  })

  it('freezes with their last day, in the zone of the configuration', () => {
    expect(freezes(config)).toEqual([
      { name: 'Year end', from: '2026-12-18T23:00:00.000Z', to: '2027-01-03T23:00:00.000Z', teams: null },
      { name: 'Product launch', from: '2027-02-01T07:00:00.000Z', to: '2027-02-02T17:00:00.000Z', teams: ['web'] },
    ])
    const plan = windowFor(config, 'payments')
    if (plan === null) throw new Error('payments has a window')
    expect(nextWindow(plan, freezes(config), 'payments', '2027-01-03T22:59:59Z')?.start).toBe(
      '2027-01-03T23:00:00.000Z',
    )
  })

  it('rings with batches and gates', () => {
    const rings = rolloutFor(config, 'web')?.rings ?? []
    expect(rings.map(({ name, select, batch, soakSeconds }) => ({ name, select, batch, soakSeconds }))).toEqual([
      {
        name: 'test',
        select: { kind: 'list', assets: ['web02.example.net'] },
        batch: { kind: 'count', value: 1 },
        soakSeconds: 0,
      },
      {
        name: 'canary',
        select: { kind: 'tag', tag: 'canary' },
        batch: { kind: 'count', value: 1 },
        soakSeconds: 1_200,
      },
      { name: 'first', select: { kind: 'count', count: 2 }, batch: { kind: 'count', value: 1 }, soakSeconds: 1_200 },
      {
        name: 'early',
        select: { kind: 'percent', percent: 25 },
        batch: { kind: 'percent', value: 50 },
        soakSeconds: 3_600,
      },
      { name: 'broad', select: { kind: 'rest' }, batch: { kind: 'percent', value: 25 }, soakSeconds: 0 },
    ])
    expect(rings.map((ring) => ring.beforeVote)).toEqual([true, undefined, undefined, undefined, undefined])
    expect(rings.map((ring) => ring.concurrency)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      { kind: 'percent', value: 50 },
    ])
    expect(rings[1]?.gate).toEqual({ minSuccessPercent: 100, maxFailures: 0, unreachable: 'as failure' })
    expect(rings[4]?.gate).toEqual({
      minSuccessPercent: 95,
      maxFailures: 2,
      unreachable: 'ignored',
      go: ['on-call'],
      checks: [
        {
          kind: 'health',
          check: { kind: 'http', url: 'https://shop.example.net/health', expectStatus: 200, timeoutSeconds: 5 },
        },
        { kind: 'health', check: { kind: 'tcp', host: 'db.example.net', port: 5432, timeoutSeconds: 5 } },
        {
          kind: 'health',
          check: { kind: 'command', command: ['/usr/local/bin/smoke-test', 'shop'], timeoutSeconds: 60 },
        },
        { kind: 'metric', source: 'prom', query: 'job:http_errors:ratio5m', atMost: 0.02, atLeast: 0 },
      ],
    })
  })

  it('what surrounds the rings', () => {
    const { rings: _, ...around } = rolloutFor(config, 'web') ?? { rings: [] }
    expect(around).toEqual({
      failureBudget: { kind: 'percent', value: 5 },
      clusters: [{ tag: 'cluster:*', atOnce: 1, minHealthy: { kind: 'percent', value: 50 } }],
      hooks: [
        { moment: 'drain', command: ['/usr/local/bin/drain', '{name}'], timeoutSeconds: 120 },
        { moment: 'snapshot', command: ['/usr/local/bin/snapshot', '{name}', '{key}'], timeoutSeconds: 600 },
        { moment: 'pre-check', command: ['/usr/local/bin/may-patch', '{name}'], timeoutSeconds: 60 },
        { moment: 'post-check', command: ['/usr/local/bin/smoke-test', '{address}'], timeoutSeconds: 300 },
        { moment: 'undrain', command: ['/usr/local/bin/undrain', '{name}'], timeoutSeconds: 120 },
        { moment: 'restore', command: ['/usr/local/bin/restore', '{name}', '{key}'], timeoutSeconds: 1_800 },
      ],
      silence: 'alerts',
    })
    expect(Object.keys(rolloutFor(config, 'payments') ?? {})).toEqual(['rings', 'silence'])
  })

  it('health checks', () => {
    expect(healthFor(config, 'web')).toEqual([
      { kind: 'http', url: 'http://{address}:8080/health', expectStatus: 200, timeoutSeconds: 5 },
      { kind: 'tcp', port: 22, timeoutSeconds: 3, on: { tags: ['db'], engines: ['apt'] } },
      { kind: 'command', command: ['/usr/lib/nagios/plugins/check_ssh', '{address}'], timeoutSeconds: 10 },
      {
        kind: 'query',
        query: 'SELECT 1 FROM listening_ports WHERE port = 443',
        source: 'workstations',
        timeoutSeconds: 60,
      },
    ])
  })

  it('members with the roles of their team and of the organisation', () => {
    expect(membersFor(config, 'web')).toEqual([
      { id: 'mara', name: 'Mara Keller', roles: ['operator', 'informed', 'owner', 'on-call'] },
      { id: 'tom', name: 'Tom Okafor', roles: ['security'] },
      { id: 'aisha', name: 'Aisha Rahman', roles: ['security'] },
      { id: 'jonas', name: 'Jonas Berg', roles: ['on-call'] },
      { id: 'noor', name: 'Noor Haddad', roles: ['operator', 'informed', 'owner'] },
    ])
  })

  it.each(['office', 'nobody', 'constructor', '__proto__'])(
    'nothing for team %s, which is watched only or unknown',
    (team) => {
      expect(policyFor(config, team)).toBeNull()
      expect(windowFor(config, team)).toBeNull()
      expect(rolloutFor(config, team)).toBeNull()
      expect(healthFor(config, team)).toEqual([])
    },
  )
})

describe('without a configuration file', () => {
  const config = defaultConfig('/srv/pw')

  it('a labelled example runs that has no problem', () => {
    expect(config).toMatchObject({ example: true, file: null, dataDir: '/srv/pw/.patchwarden' })
    expect(crossCheck(config).problems).toEqual([])
  })

  it('this machine is watched and never changed', () => {
    expect(config.sources['this-machine']).toMatchObject({ kind: 'local', engine: null, team: 'this-machine' })
    expect(policyFor(config, 'this-machine')).toBeNull()
    expect(teamsOfChannel(config, 'this-machine')).toEqual(['this-machine'])
  })

  it('every team of the shipped fleet is there, with an owner, security and somebody on call', () => {
    const shipped: { assets: { team: string }[] } = JSON.parse(
      readFileSync(new URL('../../examples/fleet.json', import.meta.url), 'utf8'),
    )
    for (const team of new Set(shipped.assets.map((asset) => asset.team))) {
      const roles = membersFor(config, team).flatMap((member) => member.roles)
      expect(roles).toEqual(expect.arrayContaining(['owner', 'security', 'on-call']))
      expect(policyFor(config, team)?.approval).toMatchObject({ kind: 'quorum' })
    }
  })

  it('the engine changes the copy in the data folder, and the source reads the same', () => {
    const { simulated } = config.engines
    expect(simulated).toMatchObject({ kind: 'simulated', state: '/srv/pw/.patchwarden/example/fleet.json' })
    expect(config.sources.example).toMatchObject({ path: '/srv/pw/.patchwarden/example/fleet.json' })
  })
})
