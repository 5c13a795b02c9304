import { expect, test } from 'vitest'
import type { InstalledPackage } from '../../src/core/asset.ts'
import type { PackageChange } from '../../src/core/change.ts'
import { driftOf, lateWordsOf } from '../../src/core/drift.ts'
import type { EndState } from '../../src/core/proposal/proposal.ts'
import { anAsset, aSnapshot } from '../support/asset.ts'
import { proposalCase } from '../support/proposal-case.ts'
import { content } from '../support/proposals.ts'

const later = '2026-11-20T02:00:00.000Z'

/** A rollout of one, web1, whose end was seen on 2026-11-20 at 01:00. */
function ended(end: EndState = 'installed') {
  const one = proposalCase({ content: content(1) })
  one.vote('noor', 'approve')
  one.vote('tom', 'approve')
  one.give({ type: 'start' })
  one.pass(1)
  one.finishBatch(end)
  return one.state()
}

function openssl(version: string, more: Partial<InstalledPackage> = {}): InstalledPackage {
  return { name: 'openssl', version, architecture: 'amd64', source: 'openssl', sourceVersion: version, ...more }
}

function seen(packages: readonly InstalledPackage[], observedAt = later) {
  return [aSnapshot(anAsset('web1'), { packages, observedAt })]
}

test('an asset that reports something older than was verified on it has drifted', () => {
  expect(driftOf(ended(), seen([openssl('3.0.20')]))).toEqual([
    { asset: 'lab/web1', what: 'openssl is 3.0.20, 3.0.22 was verified' },
  ])
})

test.each<[string, readonly InstalledPackage[]]>([
  ['what was verified', [openssl('3.0.22')]],
  ['something newer, by the rules of its platform', [openssl('3.0.100')]],
  ['nothing of it, as it was removed', []],
  ['an older one of another architecture', [openssl('3.0.20', { architecture: 'i386' }), openssl('3.0.22')]],
  ['an older version of another package', [openssl('1.0', { name: 'curl' })]],
])('one that reports %s has not', (_, packages) => {
  expect(driftOf(ended(), seen(packages))).toEqual([])
})

test('only a look that was made after the verification counts', () => {
  const at = '2026-11-20T01:00:00.000Z'
  expect(driftOf(ended(), seen([openssl('3.0.20')], at))).toEqual([])
  expect(driftOf(ended(), seen([openssl('3.0.20')], '2026-11-20T01:00:01.000Z'))).toHaveLength(1)
})

test('what never ended well, or is no part of it, cannot drift', () => {
  expect(driftOf(ended('failed'), seen([openssl('3.0.20')]))).toEqual([])
  expect(driftOf(ended(), [aSnapshot(anAsset('db1'), { packages: [openssl('3.0.20')], observedAt: later })])).toEqual(
    [],
  )
})

test('nothing drifts before it was rolled out', () => {
  expect(driftOf(proposalCase({ content: content(1) }).state(), seen([openssl('3.0.20')]))).toEqual([])
})

test('older versions are what a rollback promised', () => {
  const { subject, ...rest } = ended()
  if (subject.kind !== 'patches') throw new Error('not patches')
  const back = { ...rest, subject: { ...subject, rollsBack: { proposal: 'PW-0', keys: {} } } }
  expect(driftOf(back, seen([openssl('3.0.20')]))).toEqual([])
})

test('of several packages one is named, and how many more are older', () => {
  const names = ['openssl', 'libssl3', 'curl']
  const changes: readonly PackageChange[] = names.map((name) => ({ name, architecture: 'amd64', from: '1', to: '2' }))
  const { subject, ...rest } = ended()
  if (subject.kind !== 'patches') throw new Error('not patches')
  const assets = subject.assets.map((planned) => ({ ...planned, changes }))
  const packages = names.map((name) => openssl('1', { name }))
  expect(driftOf({ ...rest, subject: { ...subject, assets } }, seen(packages))).toEqual([
    { asset: 'lab/web1', what: 'openssl is 1, 2 was verified, and 2 more are older' },
  ])
})

test.each<[string, EndState, readonly InstalledPackage[], string | null, boolean]>([
  ['that all is there', 'silent', [openssl('3.0.22')], 'all of it is installed', true],
  ['that something is missing', 'silent', [openssl('3.0.20')], 'openssl is not as promised', false],
  ['anything, though it had not answered', 'unreachable', [openssl('3.0.22')], 'all of it is installed', true],
  ['anything, though it had not told enough', 'not known', [openssl('3.0.20')], 'openssl is not as promised', false],
  ['anything, though its end is known', 'failed', [openssl('3.0.22')], null, true],
])('a late word: it says %s', (_, end, packages, what, applied) => {
  const words = lateWordsOf(ended(end), seen(packages))
  expect(words).toEqual(what === null ? [] : [{ asset: 'lab/web1', word: { applied, what, saidAt: later } }])
})

test('a word from before the end is not late', () => {
  expect(lateWordsOf(ended('silent'), seen([openssl('3.0.22')], '2026-11-20T01:00:00.000Z'))).toEqual([])
})
