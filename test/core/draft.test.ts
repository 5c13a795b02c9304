import { describe, expect, it } from 'vitest'
import type { AssessedAsset, Assessment } from '../../src/core/assessment/assess.ts'
import type { Patch } from '../../src/core/catalog.ts'
import { draftSubjects, type Grouping, type OpenGroup } from '../../src/core/draft.ts'
import { exploitedCves, regressionsOf } from '../../src/core/follow-up.ts'
import { limits } from '../../src/core/limits.ts'
import type { Priority } from '../../src/core/priority/priority.ts'
import type { RingRule } from '../../src/core/ring-rule.ts'
import { anAsset } from '../support/asset.ts'

function patch(source: string, priority: Priority, more: Partial<Patch> = {}): Patch {
  const platform = more.platform ?? 'debian:12'
  return {
    id: `${platform}/${source}/2`,
    platform,
    source,
    type: 'security',
    version: '2',
    packages: [{ name: source, architecture: 'amd64', to: '2' }],
    cves: [],
    advisories: [],
    origins: [],
    priority,
    evidence: [],
    assumptions: [],
    dueAt: null,
    ...more,
  }
}

function assessmentOf(patches: readonly Patch[]): Assessment {
  const entry: AssessedAsset = {
    asset: anAsset('web1'),
    observedAt: '2026-11-20T00:00:00Z',
    patches: patches.map((one) => one.id),
    changes: patches.map(({ source }) => ({ name: source, architecture: 'amd64', from: '1', to: '2' })),
    held: [],
    withheld: [],
    notAssessed: [],
  }
  return { patches, withheld: [], assets: [entry] }
}

const gate = { minSuccessPercent: 100, maxFailures: 0, unreachable: 'as failure' } as const
const plan = {
  team: 'web',
  window: { name: 'any', timeZone: 'UTC', rules: [], leadSeconds: 0, minimumSeconds: 0 },
  rings: [
    {
      name: 'all',
      select: { kind: 'rest' as const },
      batch: { kind: 'count' as const, value: 1 },
      soakSeconds: 0,
      gate,
    },
  ],
  health: [],
} as unknown as Parameters<typeof draftSubjects>[0]['teams'][number]

function drafts(patches: readonly Patch[], open: readonly OpenGroup[] = [], grouping: Grouping = 'tier') {
  const found = draftSubjects({ assessments: new Map([['web', assessmentOf(patches)]]), teams: [plan], open, grouping })
  return found.map(({ existing, subject, priority }) => [existing, priority, subject.patches.map((one) => one.source)])
}

function group(id: string, priority: Priority, sources: readonly string[], takesMore = true): OpenGroup {
  const patches = sources.map((source) => ({ platform: 'debian:12', source }))
  return { id, team: 'web', engine: 'ssh', takesMore, priority, patches }
}

describe('what goes into one proposal', () => {
  const three = [patch('openssl', 'immediate'), patch('curl', 'scheduled'), patch('bash', 'scheduled')]

  it('is what has one platform and tier; an asset is in each with only what it changes there', () => {
    expect(drafts(three)).toEqual([
      [null, 'immediate', ['openssl']],
      [null, 'scheduled', ['curl', 'bash']],
    ])
    expect(drafts(three, [], 'team')).toEqual([[null, 'immediate', ['openssl', 'curl', 'bash']]])
    expect(drafts([patch('a', 'defer'), patch('b', 'defer', { platform: 'debian:13' })], [], 'platform')).toHaveLength(
      2,
    )
  })

  it('stays where it was asked for, whatever its priority becomes', () => {
    const raised = [patch('curl', 'immediate'), patch('bash', 'scheduled')]
    expect(drafts(raised, [group('PW-3', 'scheduled', ['curl', 'bash'])])).toEqual([
      ['PW-3', 'immediate', ['curl', 'bash']],
    ])
  })

  it('joins an open one of its tier, but not one that is approved already', () => {
    const both = [patch('curl', 'scheduled'), patch('new', 'scheduled')]
    expect(drafts(both, [group('PW-3', 'scheduled', ['curl'])])).toEqual([['PW-3', 'scheduled', ['curl', 'new']]])
    expect(drafts(both, [group('PW-3', 'scheduled', ['curl'], false)])).toEqual([
      ['PW-3', 'scheduled', ['curl']],
      [null, 'scheduled', ['new']],
    ])
  })
})

describe('a server that is not offered what the vendor has fixed', () => {
  it('stands on the cards of its team and platform, with the reason', () => {
    const { patches, assets } = assessmentOf([patch('openssl', 'scheduled')])
    const [one] = assets
    if (one === undefined) throw new Error('no asset')
    const lost = patch('curl', 'immediate')
    const other = (name: string, more: Partial<AssessedAsset>): AssessedAsset => ({
      ...one,
      asset: anAsset(name),
      patches: [],
      changes: [],
      withheld: [{ patch: lost.id, held: null }],
      ...more,
    })
    const archives = { security: false, problem: null }
    const all = [
      one,
      other('web2', { withheld: [{ patch: lost.id, held: 'hold' }] }),
      other('web3', { archives }),
      other('web4', { archives }),
    ]
    const whyNow = (withheld: Assessment['withheld']) =>
      draftSubjects({
        assessments: new Map([['web', { patches, withheld, assets: all }]]),
        teams: [plan],
        open: [],
        grouping: 'tier',
      })[0]?.whyNow
    expect(whyNow([lost])).toContain(
      ` Fixed by the vendor, but not offered: curl ${lost.version}, to web2 (held by apt-mark); web3, web4 (its security archive is missing).`,
    )
    expect(whyNow([{ ...lost, fixedOn: '2026-11-19' }])).toContain(`curl ${lost.version} (on 2026-11-19), to web2`)
    expect(whyNow([{ ...lost, platform: 'debian:13' }])).not.toContain('not offered')
    expect(whyNow([])).not.toContain('not offered')
  })
})

describe('what is not offered to a server', () => {
  const [immediate, scheduled] = [patch('openssl', 'immediate'), patch('curl', 'scheduled')]

  /** What each proposal tells of, if these patches are not offered to web2. */
  function told(withheld: readonly Patch[], open: readonly OpenGroup[] = []) {
    const { patches, assets } = assessmentOf([immediate, scheduled])
    const [one] = assets
    if (one === undefined) throw new Error('no asset')
    const lacks = withheld.map(({ id }) => ({ patch: id, held: null }))
    const other: AssessedAsset = { ...one, asset: anAsset('web2'), patches: [], changes: [], withheld: lacks }
    const assessments = new Map([['web', { patches, withheld, assets: [one, other] }]])
    const found = draftSubjects({ assessments, teams: [plan], open, grouping: 'tier' })
    return found.map(({ priority, notOffered }) => [priority, /offered: (.*), to/.exec(notOffered)?.[1] ?? null])
  }

  it('stands on the card that would ask for it, and changes no other', () => {
    expect(told([patch('bash', 'scheduled')])).toEqual([
      ['immediate', null],
      ['scheduled', 'bash 2'],
    ])
    const newer = patch('curl', 'immediate', { id: 'debian:12/curl/3', version: '3' })
    expect(told([newer])).toEqual([
      ['immediate', null],
      ['scheduled', 'curl 3'],
    ])
  })

  it('stands on the same card at the next look', () => {
    const withheld = [patch('bash', 'scheduled'), patch('vim', 'defer'), patch('openssl', 'scheduled')]
    const opened = [group('PW-1', 'immediate', ['openssl']), group('PW-2', 'scheduled', ['curl'])]
    expect(told(withheld, opened)).toEqual(told(withheld))
  })

  it('stands on the most urgent card of its platform where no card would ask for it', () => {
    expect(told([patch('bash', 'defer'), patch('vim', 'defer', { platform: 'debian:13' })])).toEqual([
      ['immediate', 'bash 2'],
      ['scheduled', null],
    ])
  })
})

describe('facts that change', () => {
  const kev = { fact: 'Exploitation', value: 'active (CVE-2026-1)', source: 'CISA KEV', date: '2026-11-20', note: null }

  it('name the CVEs that are listed as exploited', () => {
    expect(exploitedCves([patch('a', 'immediate', { evidence: [kev] }), patch('b', 'defer')])).toEqual(['CVE-2026-1'])
  })

  it.each([
    [['DSA-5356-2'], ['DSA-5356-1'], [{ advisory: 'DSA-5356-2', mends: 'DSA-5356-1' }]],
    [['USN-6402-3'], ['USN-6402-1', 'USN-6402-2'], [{ advisory: 'USN-6402-3', mends: 'USN-6402-2' }]],
    [['DSA-5356-1'], ['DSA-5356-2'], []],
    [['DSA-5357-1'], ['DSA-5356-1'], []],
    [['RHSA-2026:1'], ['RHSA-2026:1'], []],
  ])('tell %j a follow-up of %j', (now, before, expected) => {
    expect(
      regressionsOf([patch('a', 'defer', { advisories: now })], [patch('a', 'defer', { advisories: before })]),
    ).toEqual(expected)
  })
})

it('what does not fit into one decision waits for the next, and the first says so', () => {
  const { patches, assets } = assessmentOf([patch('openssl', 'scheduled')])
  const [one] = assets
  if (one === undefined) throw new Error('no asset')
  const many = Array.from({ length: limits.assetsPerProposal + 1_234 }, (_, index) => {
    const name = `host-${String(index).padStart(6, '0')}`
    return { ...one, asset: { ...one.asset, id: `fleet/${name}`, name } }
  })
  const [first, ...others] = draftSubjects({
    assessments: new Map([['web', { patches, withheld: [], assets: many }]]),
    teams: [plan],
    open: [],
    grouping: 'tier',
  })
  expect(others).toEqual([])
  expect(first?.subject.assets).toHaveLength(limits.assetsPerProposal)
  expect(first?.subject.rings.flatMap((ring) => ring.assets)).toHaveLength(limits.assetsPerProposal)
  expect(first?.whyNow).toMatch(
    / 1,234 more servers miss the same: a decision holds 100,000 at most, so they come with the next one\.$/,
  )
})

describe('engines of a team', () => {
  const ssl = patch('openssl', 'scheduled')
  const { assets: sample } = assessmentOf([ssl])
  const on = (name: string, engine: string, tags: readonly string[] = []): AssessedAsset[] =>
    sample.map((one) => ({ ...one, asset: { ...one.asset, id: `lab/${name}`, name, engine, tags } }))
  const fleet = [...on('a1', 'ssh'), ...on('a2', 'ssh'), ...on('w1', 'wsus'), ...on('w2', 'wsus')]
  const rest = plan.rings[0] as RingRule
  const canary = { ...rest, name: 'canary', select: { kind: 'count' as const, count: 1 } }

  function lanes(assets: readonly AssessedAsset[], more: Partial<Parameters<typeof draftSubjects>[0]> = {}) {
    const options = { teams: [{ ...plan, rings: [canary, rest] }], open: [], grouping: 'tier' as const, ...more }
    return draftSubjects({ assessments: new Map([['web', { patches: [ssl], assets, withheld: [] }]]), ...options }).map(
      ({ existing, subject }) => ({
        existing,
        engine: subject.engine,
        rings: subject.rings.map((ring) => [ring.name, ring.engine, ring.assets.map((id) => id.replace('lab/', ''))]),
      }),
    )
  }

  it('are lanes of one proposal, each with its own rings', () => {
    expect(lanes(fleet)).toEqual([
      {
        existing: null,
        engine: 'ssh',
        rings: [
          ['canary', undefined, ['a1']],
          ['all', undefined, ['a2']],
          ['canary', 'wsus', ['w1']],
          ['all', 'wsus', ['w2']],
        ],
      },
    ])
  })

  it('whose systems learn late come last, and so does a lane without a test ring', () => {
    expect(lanes(fleet, { late: new Set(['ssh']) })[0]?.engine).toBe('wsus')
    const test = { ...rest, name: 'test', select: { kind: 'tag' as const, tag: 'lab' }, beforeVote: true as const }
    const teams = [{ ...plan, rings: [test, rest] }]
    const tagged = [...on('a1', 'ssh'), ...on('w1', 'wsus', ['lab']), ...on('w2', 'wsus')]
    expect(lanes(tagged, { teams })[0]).toMatchObject({
      engine: 'wsus',
      rings: [
        ['test', undefined, ['w1']],
        ['all', undefined, ['w2']],
        ['all', 'ssh', ['a1']],
      ],
    })
    // Only the first ring of the first lane runs before the vote.
    const both = [...on('a1', 'ssh', ['lab']), ...on('w1', 'wsus', ['lab'])]
    const [found] = draftSubjects({
      assessments: new Map([['web', { patches: [ssl], assets: both, withheld: [] }]]),
      teams,
      open: [],
      grouping: 'tier',
    })
    expect(found?.subject.rings.map(({ beforeVote }) => beforeVote)).toEqual([true, undefined])
  })

  it('join an open proposal as a further lane, and one of their own of before stays theirs', () => {
    const joined = lanes(fleet, { open: [{ ...group('PW-3', 'scheduled', ['openssl']), engine: 'wsus' }] })
    expect(joined).toMatchObject([{ existing: 'PW-3', engine: 'ssh', rings: [{}, {}, {}, {}] }])
    const each = [
      group('PW-3', 'scheduled', ['openssl']),
      { ...group('PW-4', 'scheduled', ['openssl']), engine: 'wsus' },
    ]
    expect(lanes(fleet, { open: each }).map(({ existing, engine }) => [existing, engine])).toEqual([
      ['PW-3', 'ssh'],
      ['PW-4', 'wsus'],
    ])
  })

  it('keep their rings in a proposal that is revised, lane by lane', () => {
    const ring = (name: string, ids: readonly string[], engine?: string) => ({
      name,
      assets: ids.map((id) => `lab/${id}`),
      batchSize: 1,
      soakSeconds: 0,
      gate,
      ...(engine ? { engine } : {}),
    })
    const rings = [
      ring('canary', ['a2']),
      ring('all', ['a1']),
      ring('canary', ['w2'], 'wsus'),
      ring('all', ['w1'], 'wsus'),
    ]
    const open = [{ ...group('PW-3', 'scheduled', ['openssl']), rings }]
    expect(lanes(fleet, { open })[0]?.rings).toEqual([
      ['canary', undefined, ['a2']],
      ['all', undefined, ['a1']],
      ['canary', 'wsus', ['w2']],
      ['all', 'wsus', ['w1']],
    ])
    // A lane of which nothing is left is gone.
    expect(lanes(fleet.slice(2), { open })[0]).toMatchObject({
      engine: 'wsus',
      rings: [
        ['canary', undefined, ['w2']],
        ['all', undefined, ['w1']],
      ],
    })
  })

  it('wait for another where the team says so, if that one is part of it', () => {
    const teams = [{ ...plan, lanes: [{ engine: 'wsus', after: 'ssh' }] }]
    const first = (assets: readonly AssessedAsset[]) =>
      draftSubjects({
        assessments: new Map([['web', { patches: [ssl], assets, withheld: [] }]]),
        teams,
        open: [],
        grouping: 'tier',
      })[0]?.subject.rings.map(({ after }) => after)
    expect(first(fleet)).toEqual([undefined, 'ssh'])
    expect(first(fleet.slice(2))).toEqual([undefined])
  })
})
