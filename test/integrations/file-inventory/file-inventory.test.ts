import { execFileSync } from 'node:child_process'
import { readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AssetSnapshot, type Observation, onlyLooks } from '../../../src/core/asset.ts'
import type { FileFormat } from '../../../src/core/inventory-formats.ts'
import { createFileInventory } from '../../../src/integrations/file-inventory/index.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { sharedData } from '../shared-data.ts'

const folder = temporaryFolder('pw-inventory')
const defaults = { name: 'web01', platform: 'debian:12', team: 'web', timeZone: 'Europe/Berlin', engine: 'ssh' }
const now = new Date('2026-11-20T12:00:00Z')
const written = new Date('2026-11-19T08:00:00Z')
let files = 0

function fileWith(content: string | Buffer): string {
  const path = join(folder, `inventory-${++files}`)
  writeFileSync(path, content)
  utimesSync(path, written, written)
  return path
}

async function observe(format: FileFormat, path: string, only?: readonly string[]): Promise<Observation[]> {
  const source = createFileInventory({ name: 'files', path, format, defaults, clock: () => now })
  const seen: Observation[] = []
  const signal = new AbortController().signal
  for await (const observation of onlyLooks(source.observe(only === undefined ? { signal } : { only, signal })))
    seen.push(observation)
  return seen
}

async function snapshots(format: FileFormat, content: string | Buffer): Promise<AssetSnapshot[]> {
  const all = await observe(format, fileWith(content))
  return all.flatMap((observation) => (observation.kind === 'seen' ? [observation.snapshot] : []))
}

const status = `Package: libssl3
Status: install ok installed
Architecture: amd64
Source: openssl (3.0.17-1)
Version: 3.0.17-1+b1
Description: Secure Sockets Layer toolkit
 Version: 9 is only text here
 .
 more

Package: bash
Status: hold ok installed
Architecture: amd64
Version: 5.2.15-2+b13

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1.0

Package: nginx
Status: install ok half-configured
Architecture: amd64
Version: 1.22.1-9
`

describe('a dpkg status file', () => {
  it('gives the packages whose files are on the disk, with source package and source version', async () => {
    const [snapshot] = await snapshots('dpkg-status', status)
    expect(snapshot?.packages).toEqual([
      { name: 'libssl3', version: '3.0.17-1+b1', architecture: 'amd64', source: 'openssl', sourceVersion: '3.0.17-1' },
      { name: 'bash', version: '5.2.15-2+b13', architecture: 'amd64', source: 'bash', sourceVersion: '5.2.15-2+b13' },
      { name: 'nginx', version: '1.22.1-9', architecture: 'amd64', source: 'nginx', sourceVersion: '1.22.1-9' },
    ])
    expect(snapshot?.asset).toMatchObject({ id: 'files/web01', platform: 'debian:12', team: 'web', engine: 'ssh' })
  })

  it('counts as looked at when it was written', async () => {
    const [snapshot] = await snapshots('dpkg-status', gzipSync(status))
    expect(snapshot?.observedAt).toBe('2026-11-19T08:00:00.000Z')
  })

  it('warns about packages that dpkg left half done', async () => {
    const [seen] = await observe('dpkg-status', fileWith(status))
    expect(seen).toMatchObject({ kind: 'seen', warnings: ['nginx is half-configured: run dpkg --configure -a'] })
  })

  it.each([
    ['is empty', ''],
    ['is cut off in a line', status.slice(0, 40)],
    ['is a web page', '<html><body>Access Denied</body></html>\n'],
    ['names no installed package', 'Hello: world\n'],
    ['is gzip that was cut off', gzipSync(status).subarray(0, 100)],
  ])('is refused with a sentence when it %s', async (_, content) => {
    const path = fileWith(content)
    await expect(observe('dpkg-status', path)).rejects.toThrow(path)
  })

  it('is refused at once without a platform and a team for its asset', () => {
    const options = { name: 'files', path: 'status', format: 'dpkg-status' as const, clock: () => now }
    expect(() => createFileInventory({ ...options, defaults: { name: 'web01' } })).toThrow(/platform, team/)
  })

  const real = sharedData('debian/host/dpkg-status.gz')
  const installed = sharedData('debian/host/installed.tsv')
  it.skipIf(real === null || installed === null)('of a real host agrees with dpkg-query', async () => {
    const [seen] = await observe('dpkg-status', real ?? '')
    const ours = seen?.kind === 'seen' ? seen.snapshot.packages : []
    const rows = readFileSync(installed ?? '', 'utf8')
      .trimEnd()
      .split('\n')
    const theirs = rows.map((row) => row.split('\t'))
    expect(ours.map((one) => [one.name, one.architecture, one.version, one.source, one.sourceVersion])).toEqual(theirs)
  })

  it.skipIf(!hasDpkg())('of this machine agrees with dpkg-query', async () => {
    const fields = ['db:Status-Status', 'Package', 'Version', 'Architecture', 'source:Package', 'source:Version']
    const format = `${fields.map((field) => `$\{${field}}`).join('\t')}\n`
    const lines = execFileSync('dpkg-query', ['-W', '-f', format], { encoding: 'utf8' }).trimEnd().split('\n')
    const theirs = lines.flatMap((line) => (line.startsWith('installed\t') ? [line.slice('installed\t'.length)] : []))
    const [seen] = await observe('dpkg-status', '/var/lib/dpkg/status')
    const ours = seen?.kind === 'seen' ? seen.snapshot.packages : []
    const texts = ours.map((one) => [one.name, one.version, one.architecture, one.source, one.sourceVersion].join('\t'))
    expect(texts.sort()).toEqual(theirs.sort())
  })
})

const good = {
  name: 'web01',
  platform: 'debian:12',
  team: 'web',
  tags: ['prod'],
  exposure: 'open',
  criticality: 'high',
  timeZone: 'Australia/Sydney',
  packages: [{ name: 'nginx', version: '1.22.1-9', architecture: 'amd64' }],
  pending: [
    {
      name: 'nginx',
      architecture: 'amd64',
      installed: '1.22.1-9',
      candidate: '1.22.1-10',
      source: 'nginx',
      origins: ['Debian-Security:12/oldstable-security'],
      security: true,
    },
  ],
}

describe('a JSON inventory', () => {
  it('gives each asset with its packages and pending updates', async () => {
    const [snapshot] = await snapshots('json', JSON.stringify({ assets: [good] }))
    expect(snapshot).toMatchObject({
      asset: { id: 'files/web01', exposure: 'open', timeZone: 'Australia/Sydney', address: 'web01', simulated: false },
      packages: [{ name: 'nginx', source: 'nginx', sourceVersion: '1.22.1-9' }],
      pending: [{ candidate: '1.22.1-10', security: true, held: null }],
      observedAt: '2026-11-19T08:00:00.000Z',
    })
  })

  it('counts a simulated asset as looked at now', async () => {
    const [snapshot] = await snapshots('json', JSON.stringify({ assets: [{ ...good, simulated: true }] }))
    expect(snapshot?.observedAt).toBe('2026-11-20T12:00:00.000Z')
  })

  it.each([
    ['an unknown time zone', { ...good, timeZone: 'Mars/Olympus' }, 'asset 2: timeZone is not an IANA time zone'],
    ['a package without version', { ...good, packages: [{ name: 'nginx' }] }, 'asset 2: packages[0].version'],
    ['an exposure nobody knows', { ...good, exposure: 'wide' }, 'asset 2: exposure'],
    ['no object', 'web02', 'asset 2: the asset'],
    ['a name already taken', { ...good, name: 'first' }, 'the name "first" is taken'],
  ])('reports an asset with %s and keeps the rest', async (_, bad, reason) => {
    const assets = [{ ...good, name: 'first' }, bad, { ...good, name: 'third' }]
    const all = await observe('json', fileWith(JSON.stringify({ assets })))
    expect(all.map((observation) => observation.kind)).toEqual(['seen', 'unreachable', 'seen'])
    const [, second] = all
    expect(second?.kind === 'unreachable' ? second.reason : '').toContain(reason)
  })

  it('never gives two assets the same id', async () => {
    const all = await observe('json', fileWith(JSON.stringify({ assets: [good, good, good] })))
    const ids = all.map(
      (observation) => (observation.kind === 'seen' ? observation.snapshot.asset : observation.asset).id,
    )
    expect(new Set(ids).size).toBe(3)
  })

  it('looks only at the assets asked for', async () => {
    const path = fileWith(JSON.stringify({ assets: [good, { ...good, name: 'web02' }] }))
    const all = await observe('json', path, ['files/web02'])
    expect(all).toHaveLength(1)
    expect(all[0]).toMatchObject({ snapshot: { asset: { name: 'web02' } } })
  })

  it.each([
    ['cut off', '{\n  "assets": [\n    {"name": "we', 'is cut off at line 3, column 17'],
    ['malformed', '{\n  "assets": [\n    {"name" "web"}]}', 'at line 3, column'],
    ['without a list', '{"hosts": []}', 'has no list "assets"'],
    ['a web page', '<!DOCTYPE html><title>Sign in</title>', 'is an HTML page'],
    ['empty', '', 'is empty'],
  ])('that is %s is refused as a whole', async (_, content, sentence) => {
    await expect(observe('json', fileWith(content))).rejects.toThrow(sentence)
  })

  it('that is missing is refused with its path', async () => {
    await expect(observe('json', join(folder, 'nowhere.json'))).rejects.toThrow(
      /nowhere.json cannot be read: there is no/,
    )
  })

  it('cut off anywhere is refused or, at full length, read; it never crashes', async () => {
    const content = JSON.stringify({ assets: [good] })
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: content.length - 1 }), async (length) => {
        await expect(observe('json', fileWith(content.slice(0, length)))).rejects.toThrow(/empty|cut off/)
      }),
      { numRuns: 60 },
    )
  })
})

const csv = `asset,package,version,architecture,source,sourceVersion
web01,libssl3,3.0.17-1+b1,amd64,openssl,3.0.17-1
web02,bash,5.2.15-2,amd64,,
web01,"odd, name",1,all,,
`

describe('a CSV inventory', () => {
  it('gathers the packages of each asset, in any order', async () => {
    const all = await snapshots('csv', csv)
    expect(all.map((one) => [one.asset.name, one.packages.length])).toEqual([
      ['web01', 2],
      ['web02', 1],
    ])
    expect(all[1]?.packages[0]).toMatchObject({ source: 'bash', sourceVersion: '5.2.15-2' })
  })

  it('warns about a bad row and keeps the rest', async () => {
    const [first, ...rest] = await observe('csv', fileWith(`${csv}web03,only-three,1\nweb04,,1,all,,\n`))
    expect(rest).toHaveLength(1)
    expect(first?.kind === 'seen' ? first.warnings : []).toEqual([
      expect.stringContaining('line 5: 3 values where the header has 6'),
      expect.stringContaining('line 6: package is empty'),
    ])
  })

  it('reports every asset as unreachable where neither row nor defaults name a platform', async () => {
    const options = { name: 'files', path: fileWith(csv), format: 'csv' as const, clock: () => now }
    const source = createFileInventory({ ...options, defaults: { team: 'web' } })
    for await (const observation of onlyLooks(source.observe({ signal: new AbortController().signal }))) {
      expect(observation).toMatchObject({ kind: 'unreachable', reason: expect.stringContaining('no platform') })
    }
  })

  it.each([
    ['cut off', csv.slice(0, -4), 'is cut off'],
    ['cut off in quotes', 'asset,package,version,architecture,source,sourceVersion\nweb01,"x\n', 'is cut off inside'],
    ['without header', 'web01,bash,1,all,,\n', 'has no column asset'],
    ['empty', '', 'is empty'],
  ])('that is %s is refused as a whole', async (_, content, sentence) => {
    await expect(observe('csv', fileWith(content))).rejects.toThrow(sentence)
  })
})

function hasDpkg(): boolean {
  try {
    execFileSync('dpkg-query', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
