/** What a report says of that which stands between the servers of a team and an all-clear. */

import { expect, test } from 'vitest'
import { coverageSection } from '../../src/chat/coverage-report.ts'
import { assess } from '../../src/core/assessment/assess.ts'
import { catalogView } from '../../src/core/assessment/catalog-view.ts'
import { coverageOf, fleetCoverage } from '../../src/core/coverage.ts'
import { teamLacks } from '../../src/core/team-coverage.ts'
import { anAsset, aSnapshot } from '../support/asset.ts'
import { deployerRule } from '../support/priority-rules.ts'

const at = '2026-11-20T12:00:00.000Z'
const installed = (name: string, source: string, version: string) => ({
  name,
  version,
  architecture: 'amd64',
  source,
  sourceVersion: version,
})
const openssl = installed('libssl3', 'openssl', '3.0.15-1~deb12u1')
const offer = {
  name: 'libssl3',
  architecture: 'amd64',
  installed: openssl.version,
  candidate: '3.0.16-1~deb12u1',
  source: 'openssl',
  sourceVersion: '3.0.16-1~deb12u1',
  origins: [],
  security: true,
}
const refreshed = { listsRefreshedAt: '2026-11-20T06:00:00.000Z' }
const snapshots = [
  aSnapshot(anAsset('web1'), { packages: [openssl], pending: [{ ...offer, held: 'hold' }], ...refreshed }),
  aSnapshot(anAsset('web2'), {
    packages: [openssl, installed('nginx', 'nginx', '1.26.1-2~jammy')],
    archives: { security: false, problem: null },
    ...refreshed,
  }),
  aSnapshot(anAsset('ora1', { platform: 'oracle:9' }), { packages: [installed('bash', 'bash', '5.1.8-6.el9')] }),
]
const fix = { platform: 'debian:12', package: 'openssl', by: 'source', cves: ['CVE-2026-1000007'] } as const
const notice = {
  id: 'DSA-6000-1',
  title: 'openssl',
  published: '2026-11-19',
  cves: ['CVE-2026-1000007'],
  fixes: [{ platform: 'debian:12', source: 'openssl', fixedVersion: '3.0.16-1~deb12u1' }],
}

test('a report names what nobody judges, what is fixed and not offered, what is held, and since when', () => {
  const catalog = catalogView([{ fixes: [{ ...fix, fixedVersion: '3.0.16-1~deb12u1' }], advisories: [notice] }])
  const assessment = assess({ snapshots, catalog, rule: deployerRule, now: at })
  const voices = new Map([['debian:12', [{ feed: 'deb', readAt: '2026-11-20T07:00:00.000Z' }]]])
  const coverage = fleetCoverage(
    snapshots.map((snapshot) => coverageOf(snapshot, voices, [])),
    [],
    0,
  )
  expect(coverageSection({ at, coverage, lacks: teamLacks(assessment, at) })).toEqual([
    '## What is judged, as of 2026-11-20 12:00 UTC',
    '',
    '- Not assessed: ora1 (oracle:9), because no feed speaks of oracle:9.',
    '- debian:12 (2 servers) is judged by deb (read 2026-11-20 07:00), apt on all (lists since 2026-11-20 06:00).',
    '- 1 package on 1 server is not assessed, because others built it.',
    '',
    '| fixed by the vendor, not offered | on | priority | servers | why |',
    '| --- | --- | --- | --- | --- |',
    '| openssl 3.0.16-1\\~deb12u1 | 2026-11-19 | scheduled | web1 | held by apt-mark |',
    '| openssl 3.0.16-1\\~deb12u1 | 2026-11-19 | scheduled | web2 | its security archive is missing |',
    '',
    '| package with a newer version that is not installed | why | servers |',
    '| --- | --- | --- |',
    '| libssl3 | hold | web1 |',
  ])
})

test('a report says that nothing could be judged where no server is known', () => {
  const nobody = fleetCoverage([], [], 0)
  const lines = coverageSection({ at, coverage: nobody, lacks: null })
  expect(lines.at(-1)).toMatch(/^- What is fixed and not offered, .* is in the report/)
  expect(lines).toContain('- No server of the team is known, so nothing could be judged.')
})
