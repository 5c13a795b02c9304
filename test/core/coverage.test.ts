import { describe, expect, it, test } from 'vitest'
import { judgedLines, notJudgedLines } from '../../src/chat/coverage.ts'
import { coverageOf, fleetCoverage, packageManagerOf, whyNotAssessed } from '../../src/core/coverage.ts'
import { anAsset, aSnapshot } from '../support/asset.ts'

const bash = { name: 'bash', version: '5.2', architecture: 'amd64', source: 'bash', sourceVersion: '5.2' }
const readAt = '2026-11-28T07:42:00.000Z'
const refreshedAt = '2026-11-28T00:00:00.000Z'
const voices = new Map([['debian:12', [{ feed: 'deb', readAt }]]])
const known = { platform: 'debian:12', spoken: true, asked: false, packages: 3, foreign: 0 }

describe('an asset is assessed where a feed or its package manager speaks of it', () => {
  test.each([
    [known, null],
    [{ ...known, spoken: false, asked: true }, null],
    [{ ...known, spoken: false }, 'no feed speaks of debian:12'],
    [{ ...known, packages: 0 }, 'its inventory lists no package'],
    [{ ...known, packages: 0, asked: true }, 'its inventory lists no package'],
    [{ ...known, platform: 'unknown', spoken: false }, 'its inventory does not say its platform'],
    [{ ...known, foreign: 2 }, null],
    [{ ...known, foreign: 3 }, 'nothing says that the vendor of debian:12 built any of its packages'],
    [{ ...known, foreign: 3, asked: true }, null],
  ])('%j', (given, why) => expect(whyNotAssessed(given)).toBe(why))
})

test.each([
  ['debian:12', 'apt'],
  ['linuxmint:21.3', 'apt'],
  ['rocky:9', 'dnf'],
  ['amazon:2023', 'dnf'],
  ['sles:15.6', 'zypper'],
  ['opensuse:tumbleweed', 'zypper'],
  ['alpine:3.20', 'apk'],
])('the package manager of %s is %s', (platform, manager) => expect(packageManagerOf(platform)).toBe(manager))

it('the coverage of a fleet says who speaks of each platform, since when, and who is left', () => {
  const one = (name: string, platform: string, more: object = {}) => {
    return coverageOf(aSnapshot(anAsset(name, { platform }), { packages: [bash], ...more }), voices, [])
  }
  const coverage = fleetCoverage(
    [
      one('web1', 'debian:12'),
      one('web2', 'debian:12', { listsRefreshedAt: refreshedAt }),
      one('mint', 'linuxmint:22', { listsRefreshedAt: refreshedAt }),
      ...['a', 'b', 'c', 'd', 'e', 'f'].map((name) => one(name, 'oracle:9')),
    ],
    [{ feed: 'kev', problem: 'it is an HTML page', readAt: null }],
    2,
  )
  expect(judgedLines(coverage)).toEqual([
    'debian:12 (2 servers) is judged by deb (read 2026-11-28 07:42), apt on 1 (lists since 2026-11-28 00:00).',
    'linuxmint:22 (1 server) is judged by apt on it (lists since 2026-11-28 00:00); no feed speaks of it.',
  ])
  expect(notJudgedLines(coverage)).toEqual([
    'Not assessed: 6 servers on oracle:9, because no feed speaks of oracle:9: a, b, c, d, e and 1 more.',
    'The feed kev was never read, because of this: it is an HTML page',
    '2 records of feeds could not be read and are left out.',
  ])
})
