import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { decompress } from 'fzstd'
import { describe, expect, it } from 'vitest'
import { versionSchemes } from '../../src/core/versions/scheme.ts'
import { sharedData } from '../integrations/shared-data.ts'

/** Examples from the documents named; the larger tables below are kept outside the repository. */
const examples: Record<string, readonly string[]> = {
  // deb-version(7)
  dpkg: ['1.0~rc1', '1.0~rc1-1', '1.0', '1.0-1', '1.0-1+b1', '1.0a', '1.0+git1', '1.0.1', '1.10', '1:0.1', '2:0.1'],
  // rpm-version(7): tilde before the end, caret after it; a missing release before any
  rpm: ['1.0~rc1', '1.0', '1.0-1.el8', '1.0-1.el9', '1.0^git1', '1.0.1', '1.01a', '1.2', '1.10', '1:0.1'],
  // apk-package(5)
  apk: ['1.0_alpha', '1.0_beta', '1.0_rc1', '1.0', '1.0-r1', '1.0_git20240101', '1.0_p1', '1.0a', '1.0.1', '1.1', '2'],
  // https://semver.org section 11
  semver: [
    '1.0.0-alpha',
    '1.0.0-alpha.1',
    '1.0.0-alpha.beta',
    '1.0.0-beta',
    '1.0.0-beta.2',
    '1.0.0-beta.11',
    '1.0.0-rc.1',
    '1.0.0',
    '2.0.0',
    '2.1.0',
    '2.1.1',
  ],
  // release health pages of Windows
  windows: [
    '10.0.14393.6709',
    '10.0.17763.5458',
    '10.0.20348.2322',
    '10.0.20348.2340',
    '10.0.26100.1',
    '10.0.26100.10',
  ],
}

describe.each(Object.entries(examples))('%s', (name, inOrder) => {
  const scheme = versionSchemes.get(name)
  if (!scheme) throw new Error(`there is no scheme ${name}`)

  it('orders examples of its documents', () => {
    const shuffled = [...inOrder].reverse()
    expect(shuffled.sort(scheme.compare)).toEqual(inOrder)
    for (const version of inOrder) expect(scheme.valid(version), version).toBe(true)
  })

  it('is the same order from both sides, and transitive among valid versions', () => {
    const part = fc.constantFrom('0', '1', '2', '10', '01')
    const version =
      name === 'windows'
        ? fc.tuple(part, part, part).map((parts) => parts.join('.'))
        : fc
            .tuple(part, part, fc.constantFrom('', '-1', '-r1', '.1', '_p1', '~rc1', '-rc.1', '+b1', 'a'))
            .map(([a, b, tail]) => `${a}.${b}${tail}`)
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        expect(scheme.compare(a, b)).toBe(-scheme.compare(b, a) + 0)
        if (![a, b, c].every(scheme.valid)) return
        if (scheme.compare(a, b) <= 0 && scheme.compare(b, c) <= 0) expect(scheme.compare(a, c)).toBeLessThanOrEqual(0)
      }),
      { numRuns: 2_000 },
    )
  })

  it('has a place for any text and never throws', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        expect([-1, 0, 1]).toContain(scheme.compare(a, b))
        expect(scheme.valid(a) || true).toBe(true)
      }),
    )
    expect(scheme.valid('')).toBe(false)
    expect(scheme.valid('1.0 1')).toBe(false)
    expect(scheme.valid('1.0!')).toBe(false)
  })
})

type Row = readonly [a: string, b: string, order: number]

/** `A<tab>B<tab>order` */
function table(text: string, order: number | null = null): Row[] {
  return lines(text).map((line) => {
    const [a = '', b = '', given] = line.split('\t')
    return [a, b, order ?? Number(given)]
  })
}

/** `A < B` */
function relations(text: string): Row[] {
  return lines(text).flatMap((line) => {
    const [, a = '', sign = '', b = ''] = /^(\S+) ([<=>]) (\S+)/.exec(line) ?? []
    return sign === '' ? [] : [[a, b, '<=>'.indexOf(sign) - 1] satisfies Row]
  })
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#') && !line.startsWith('//'))
}

const tables: readonly (readonly [scheme: string, file: string, rows: number, read: (text: string) => Row[]])[] = [
  ['dpkg', 'dpkg-Dpkg_Version.tsv', 43, table],
  ['dpkg', 'deb_real_pairs.tsv.gz', 25_000, table],
  ['dpkg', 'scalibr-debian-versions.txt', 20, relations],
  ['dpkg', 'scalibr-debian-versions-generated.txt.zst', 14_000, relations],
  ['rpm', 'rpmvercmp.tsv', 91, table],
  ['rpm', 'rpm_real_pairs.tsv.gz', 12_500, table],
  ['rpm', 'scalibr-redhat-versions.txt', 150, relations],
  ['apk', 'scalibr-alpine-versions.txt', 750, relations],
  ['semver', 'scalibr-semver-versions.txt', 80, relations],
  ['semver', 'semver_gt.tsv', 31, (text) => table(text, 1)],
  ['semver', 'semver_eq.tsv', 37, (text) => table(text, 0)],
]

describe.each(tables)('%s against %s', (name, file, atLeast, read) => {
  const path = sharedData(`versions/${file}`)
  it.skipIf(path === null)('agrees with every pair', () => {
    const packed = readFileSync(path ?? '')
    const bytes = file.endsWith('.gz') ? gunzipSync(packed) : file.endsWith('.zst') ? decompress(packed) : packed
    const rows = read(new TextDecoder().decode(bytes))
    expect(rows.length).toBeGreaterThanOrEqual(atLeast)
    const scheme = versionSchemes.get(name)
    expect(
      rows.filter(([a, b, order]) => scheme?.compare(a, b) !== order || scheme.compare(b, a) !== -order + 0),
    ).toEqual([])
    expect(rows.filter(([a, b]) => !scheme?.valid(a) || !scheme.valid(b))).toEqual([])
  })
})

const validity = sharedData('versions/deb_validity.tsv')
it.skipIf(validity === null)('takes for a Debian version what dpkg takes for one', () => {
  const rows = readFileSync(validity ?? '', 'utf8')
    .split('\n')
    .filter((line) => line !== '')
  const wrong = rows.filter((line) => {
    const [version = '', word] = line.split('\t')
    return (versionSchemes.get('dpkg')?.valid(version) ? 'valid' : 'invalid') !== word
  })
  expect(wrong).toEqual([])
})

it.skipIf(!hasDpkg())('agrees with the dpkg of this machine', () => {
  const versions = examples.dpkg ?? []
  for (const a of versions) {
    for (const b of versions) {
      const older = run('dpkg', ['--compare-versions', a, 'lt', b])
      expect([a, b, versionSchemes.get('dpkg')?.compare(a, b) === -1]).toEqual([a, b, older])
    }
  }
})

function hasDpkg(): boolean {
  const found = run('dpkg', ['--compare-versions', '1', 'lt', '2'])
  if (!found) console.info('skipped: there is no dpkg on this machine')
  return found
}

function run(command: string, args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
