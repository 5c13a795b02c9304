/** A vote covers what it was cast for and everything that is contained in it. */

import { describe, expect, it } from 'vitest'
import type { AssessedAsset, Assessment } from '../../src/core/assessment/assess.ts'
import type { Patch } from '../../src/core/catalog.ts'
import type { PackageChange } from '../../src/core/change.ts'
import type { PatchSubject } from '../../src/core/proposal/proposal.ts'
import { departures, judgedAnew } from '../../src/core/within.ts'
import { anAsset } from '../support/asset.ts'
import { content } from '../support/proposals.ts'

function change(name: string, from: string, to: string): PackageChange {
  return { name, architecture: 'amd64', from, to }
}

function patch(source: string, to: string, names: readonly string[] = [source]): Patch {
  const packages = names.map((name) => ({ name, architecture: 'amd64', to }))
  const id = `debian:12/${source}/${to}`
  const none = { cves: [], advisories: [], origins: [], evidence: [], assumptions: [], dueAt: null }
  return { id, platform: 'debian:12', source, type: 'security', version: to, packages, priority: 'scheduled', ...none }
}

const openssl = patch('openssl', '3', ['openssl', 'libssl3'])
const curl = patch('curl', '8')
const two = [change('libssl3', '2', '3'), change('openssl', '2', '3')]

/** web1 was voted on for both binaries of openssl, and for curl. */
function voted(): PatchSubject {
  const { subject } = content(1)
  if (subject.kind !== 'patches') throw new Error('not patches')
  const planned = { asset: anAsset('web1'), transaction: [], previewProblem: null }
  const changes = [...two, change('curl', '7', '8')]
  return { ...subject, patches: [openssl, curl], assets: [{ ...planned, patches: [openssl.id, curl.id], changes }] }
}

function assessment(patches: readonly Patch[], entry: Partial<AssessedAsset> | null): Assessment {
  const bare = {
    observedAt: '2026-11-20T00:00:00Z',
    held: [],
    withheld: [],
    notAssessed: [],
    asset: anAsset('web1'),
    changes: [],
  }
  return {
    patches,
    withheld: [],
    assets: entry === null ? [] : [{ ...bare, patches: patches.map(({ id }) => id), ...entry }],
  }
}

function now(missing: Assessment, wanted: Assessment = missing) {
  return departures(voted(), { missing, wanted })
}

describe('an asset that was voted on', () => {
  it('is not up to date where the vendor has the fix and it is not offered any more', () => {
    const withheld = [{ patch: openssl.id, held: null }]
    const lost = { changes: [], patches: [], withheld, listsRefreshedAt: '2026-11-20T06:00:00.000Z' }
    const what = 'its package lists do not have it'
    expect(now(assessment([], lost))).toEqual([{ asset: 'lab/web1', leftOut: { reason: 'not offered', what } }])
    const other = { ...lost, withheld: [{ patch: 'debian:12/bash/5', held: null }] }
    expect(now(assessment([], other))).toEqual([{ asset: 'lab/web1', leftOut: { reason: 'up to date' } }])
  })

  it('is not up to date where its security archive is gone', () => {
    const archives = { security: false, problem: null }
    const what = 'its security archive is missing'
    expect(now(assessment([], { changes: [], patches: [], archives }))).toEqual([
      { asset: 'lab/web1', leftOut: { reason: 'not offered', what } },
    ])
  })

  it('gets all of it where it still needs just that, whatever it would start from by now', () => {
    const changes = [change('curl', '7.5', '8'), ...two]
    expect(now(assessment([openssl, curl], { changes }))).toEqual([])
  })

  it('gets what is left where it misses less', () => {
    expect(now(assessment([openssl], { changes: two }))).toEqual([{ asset: 'lab/web1', done: ['curl:amd64'] }])
    const one = [change('openssl', '2', '3')]
    expect(now(assessment([openssl], { changes: one }))).toEqual([
      { asset: 'lab/web1', done: ['libssl3:amd64', 'curl:amd64'] },
    ])
  })

  it.each([
    ['misses nothing', assessment([], {}), { reason: 'up to date' }],
    [
      'misses only what another decision is about',
      assessment([patch('bash', '5')], { changes: [change('bash', '4', '5')] }),
      { reason: 'up to date' },
    ],
    ['is gone', assessment([], null), { reason: 'gone' }],
    [
      'is served by another engine',
      assessment([openssl], { changes: two, asset: anAsset('web1', { engine: 'awx' }) }),
      { reason: 'another engine', what: 'awx' },
    ],
    [
      'was made anew with another release',
      assessment([], { asset: anAsset('web1', { platform: 'debian:13' }) }),
      { reason: 'another system', what: 'debian:13' },
    ],
    [
      'would get another version',
      assessment([patch('openssl', '4'), curl], { changes: [change('openssl', '2', '4'), change('curl', '7', '8')] }),
      { reason: 'another version', what: 'openssl 4' },
    ],
    [
      'would get another package of the same patch',
      assessment([patch('openssl', '3', ['openssl', 'libssl3', 'libssl-dev'])], {
        changes: [change('libssl-dev', '2', '3'), ...two],
      }),
      { reason: 'more', what: 'libssl-dev 3' },
    ],
    [
      'does not install it by itself any more',
      assessment([], { held: [{ name: 'openssl', reason: 'hold' }] }),
      { reason: 'on hold', what: 'openssl' },
    ],
  ] as const)('is left out where it %s', (_, missing, leftOut) => {
    expect(now(missing)).toEqual([{ asset: 'lab/web1', leftOut }])
  })

  it('is left out where nobody knew what it would get when it was voted on', () => {
    const subject = voted()
    const blind = { ...subject, assets: subject.assets.map((one) => ({ ...one, previewProblem: 'no answer' })) }
    const missing = assessment([openssl, curl], { changes: [change('curl', '7', '8'), ...two] })
    const leftOut = { reason: 'not previewed', what: 'no answer' }
    expect(departures(blind, { missing, wanted: missing })).toEqual([{ asset: 'lab/web1', leftOut }])
  })

  it('is left out where it misses it and people have decided against it since', () => {
    const missing = assessment([openssl], { changes: two })
    const unwanted = assessment([openssl], { patches: [], changes: [] })
    expect(now(missing, unwanted)).toEqual([{ asset: 'lab/web1', leftOut: { reason: 'not proposed' } }])
  })
})

it('facts about a patch are those of today, and what it changes stays as it was voted', () => {
  const today = { ...patch('openssl', '3', ['openssl', 'libssl3', 'libssl-dev']), priority: 'immediate' as const }
  expect(judgedAnew([openssl, curl], [today])).toEqual([{ ...openssl, priority: 'immediate' }, curl])
})
