import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { InstalledPackage } from '../../src/core/asset.ts'
import {
  architectureOf,
  type Change,
  canBeReversed,
  changeKey,
  changeLine,
  changeTarget,
  firstVersionBefore,
  isApplied,
  isUpdateName,
  leftToDo,
  type PackageChange,
  packageChanges,
  reversed,
  sameChange,
  type UpdateChange,
} from '../../src/core/change.ts'
import { stepsOf } from '../../src/core/preview.ts'

function installed(name: string, version: string, architecture = 'amd64'): InstalledPackage {
  return { name, version, architecture, source: name, sourceVersion: version }
}

const windows = (build: string, ...updates: readonly string[]) => ({
  asset: { platform: 'windows:server-2022' },
  packages: [installed('Windows', build, 'all'), ...updates.map((kb) => installed(kb, '1', 'all'))],
})
const debian = (...packages: readonly InstalledPackage[]) => ({ asset: { platform: 'debian:12' }, packages })

const openssl: PackageChange = { name: 'openssl', architecture: 'amd64', from: '3.0.15-1', to: '3.0.17-1' }
/** March 2024 of Windows Server 2022: https://support.microsoft.com/help/5035857 says build 20348.2340. */
const march: UpdateChange = { kind: 'update', name: 'KB5035857', build: '10.0.20348.2340' }
/** A servicing update that names no build. */
const single: UpdateChange = { kind: 'update', name: 'KB5034439', build: null }

describe('a package', () => {
  test.each([
    ['the promised version', [installed('openssl', '3.0.17-1')], 'yes', '3.0.17-1'],
    ['a later one', [installed('openssl', '3.0.17-1+deb12u2')], 'yes', '3.0.17-1+deb12u2'],
    ['an older one', [installed('openssl', '3.0.15-1')], 'no', '3.0.15-1'],
    ['it is not installed', [installed('bash', '5')], 'no', null],
    [
      'of several architectures its own counts',
      [installed('openssl', '3.0.17-1', 'i386'), installed('openssl', '3.0.15-1')],
      'no',
      '3.0.15-1',
    ],
    ['alone under its name, of whatever architecture', [installed('openssl', '3.0.17-1', 'all')], 'yes', '3.0.17-1'],
    ['nothing is listed at all', [], 'not known', null],
  ] as const)('%s', (_what, packages, applied, found) => {
    expect(isApplied(openssl, debian(...packages))).toEqual({ applied, found })
  })

  test('that goes back is there with exactly the version from before', () => {
    const back = reversed(openssl, '3.0.15-1')
    expect(back).toEqual({ ...openssl, from: '3.0.17-1', to: '3.0.15-1' })
    if (back === null) return
    expect(isApplied(back, debian(installed('openssl', '3.0.17-1'))).applied).toBe('no')
    expect(isApplied(back, debian(installed('openssl', '3.0.15-1'))).applied).toBe('yes')
  })

  test('that was newly installed is not taken back', () => {
    expect(reversed({ ...openssl, from: null }, null)).toBeNull()
  })
})

describe('an update of Windows', () => {
  test.each([
    ['its build is reached', windows('10.0.20348.2340'), 'yes'],
    ['a newer cumulative update is there in its place', windows('10.0.20348.2402', 'KB5036909'), 'yes'],
    ['it is listed, whatever the build says', windows('10.0.20348', 'KB5035857'), 'yes'],
    ['the build is before its own', windows('10.0.20348.2322'), 'no'],
    ['the build is given without its revision', windows('10.0.20348', 'KB5034439'), 'not known'],
    ['the machine has another release of Windows by now', windows('10.0.26100.1742'), 'not known'],
  ] as const)('%s', (_what, software, applied) => {
    expect(isApplied(march, software).applied).toBe(applied)
  })

  test('that names no build is missing where updates are listed and it is not, and not known where none is listed', () => {
    expect(isApplied(single, windows('10.0.20348.2340', 'KB5034439')).applied).toBe('yes')
    expect(isApplied(single, windows('10.0.20348.2340', 'KB5035857')).applied).toBe('no')
    expect(isApplied(single, windows('10.0.20348.2340')).applied).toBe('not known')
  })

  test('is taken back by taking it off, which is there when it is not', () => {
    const off = reversed(march, null)
    expect(off).toEqual({ ...march, undone: true })
    if (off === null) return
    expect(isApplied(off, windows('10.0.20348.2340')).applied).toBe('no')
    expect(isApplied(off, windows('10.0.20348.2322')).applied).toBe('yes')
    expect(isApplied(off, windows('10.0.20348')).applied).toBe('not known')
    expect(reversed(off, null)).toEqual(march)
    expect(stepsOf([off])).toEqual([{ action: 'remove', name: 'KB5035857', architecture: 'all', from: null, to: null }])
  })

  test('is refused by engines of packages with a sentence', () => {
    expect(packageChanges([openssl], 'ssh')).toEqual([openssl])
    expect(() => packageChanges([openssl, march], 'ssh')).toThrow(
      'KB5035857 is an update of Windows, and the engine ssh installs packages only.',
    )
  })
})

test('changes are said in words', () => {
  expect(changeLine(openssl)).toBe('openssl 3.0.15-1 → 3.0.17-1')
  expect(changeLine({ ...openssl, from: null })).toBe('openssl (new) → 3.0.17-1')
  expect(changeLine(march)).toBe('KB5035857 (build 10.0.20348.2340)')
  expect(changeLine(single)).toBe('KB5034439')
  expect(changeLine({ ...march, undone: true as const })).toBe('KB5035857 taken off')
  expect([openssl, march, single].map(changeTarget)).toEqual(['3.0.17-1', '10.0.20348.2340', 'KB5034439'])
})

test('an update has no architecture, no version before, and a number for a key', () => {
  expect([openssl, march].map(architectureOf)).toEqual(['amd64', 'all'])
  expect([openssl, march].map(changeKey)).toEqual(['openssl:amd64', 'KB5035857'])
  const added = { ...openssl, from: null }
  expect(firstVersionBefore([march, added, openssl])).toBe('3.0.15-1')
  expect(firstVersionBefore([march, added])).toBeNull()
  expect([openssl, added, march].map(canBeReversed)).toEqual([true, false, true])
  const named = { ...openssl, name: 'KB5035857' }
  expect(sameChange(named, { ...march, build: named.to })).toBe(false)
  expect(sameChange({ ...march, build: named.to }, named)).toBe(false)
  expect(sameChange({ ...march, undone: true as const }, march)).toBe(false)
  // Only a package of that whole name is an update.
  expect(['KB5035857', 'kb5035857', 'KB5035857-docs', 'lib-KB5035857', 'KB'].map(isUpdateName)).toEqual([
    true,
    true,
    false,
    false,
    false,
  ])
})

test('a package that is to stay at its version is there with any later one, and so is one that was newly installed', () => {
  const same = { ...openssl, from: openssl.to }
  expect(isApplied(same, debian(installed('openssl', '3.0.18-1'))).applied).toBe('yes')
  expect(isApplied({ ...openssl, from: null }, debian(installed('openssl', '3.0.18-1'))).applied).toBe('yes')
})

test('what is tried again asks for no update that is there, and for packages together', () => {
  const software = windows('10.0.20348.2340', 'KB5035857')
  expect(leftToDo([march, single], software)).toEqual([single])
  expect(leftToDo([march], software)).toEqual([march])
  const half = debian(installed('openssl', '3.0.17-1'))
  const libssl = { ...openssl, name: 'libssl3' }
  expect(leftToDo([openssl, libssl], half)).toEqual([openssl, libssl])
})

const anyChange: fc.Arbitrary<Change> = fc.oneof(
  fc.record({
    name: fc.constantFrom('openssl', 'bash'),
    architecture: fc.constantFrom('amd64', 'i386'),
    from: fc.constantFrom(null, '1', '2'),
    to: fc.constantFrom('3', '4'),
  }),
  fc.record({
    kind: fc.constant('update' as const),
    name: fc.constantFrom('KB5035857', 'KB5034439'),
    build: fc.constantFrom(null, '10.0.20348.2340'),
  }),
)

test('what is the same has the same key and target, and taking it back twice is where it began', () => {
  fc.assert(
    fc.property(anyChange, anyChange, (one, other) => {
      const same: boolean = sameChange(one, other)
      if (same) {
        expect(changeKey(one)).toBe(changeKey(other))
        expect(changeTarget(one)).toBe(changeTarget(other))
      }
      expect(same).toBe(JSON.stringify(one) === JSON.stringify(other))
      const from = one.kind === 'update' ? null : one.from
      const back = reversed(one, from)
      const newlyInstalled: boolean = one.kind !== 'update' && from === null
      expect(back === null).toBe(newlyInstalled)
      if (back === null) return
      const again = reversed(back, back.kind === 'update' ? null : back.from)
      expect(again !== null && sameChange(again, one)).toBe(true)
    }),
  )
})
