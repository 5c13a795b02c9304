/** Commands that need neither a service nor a database. */

import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, expect, it, vi } from 'vitest'
import { main } from '../../src/cli/cli.ts'
import { sharedData } from '../integrations/shared-data.ts'

async function patchwarden(argv: string[], input = '') {
  let out = ''
  let err = ''
  const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += String(text)
    return true
  })
  const stderr = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    err += String(text)
    return true
  })
  const stdin = vi
    .spyOn(process, 'stdin', 'get')
    .mockReturnValue(Readable.from([Buffer.from(input)]) as typeof process.stdin)
  try {
    return { code: await main(argv), out, err }
  } finally {
    for (const spy of [stdout, stderr, stdin]) spy.mockRestore()
  }
}

describe('versions', () => {
  it('answers each line in order, with tabs and blanks, and marks what is no version', async () => {
    const { code, out, err } = await patchwarden(['versions', 'rpm'], '1.0~rc1\t1.0\n1.0-1 1.0-1\n\n2:1 10\n1.0! 1.0\n')
    expect([code, out]).toEqual([0, '<\n=\n!\n>\n!\n'])
    expect(err).toMatch(/Line 3 .*not two versions/)
    expect(err).toMatch(/Line 5 .*"1.0!" is no rpm version/)
  })

  it('refuses a line that would fill the memory', async () => {
    const { code, err } = await patchwarden(['versions', 'dpkg'], 'x'.repeat(3_000_000))
    expect([code, err]).toEqual([2, 'A line is longer than 1000000 characters: is it the right file?\n'])
  })
})

describe('decide', () => {
  it('writes the words of the table, whatever the case of keys and values', async () => {
    const facts = [
      '{"Exploitation":"none","System Exposure":"small","Automatable":"no","Human Impact":"low"}',
      '{"EXPLOITATION":"Active","system exposure":"open","automatable":true,"Human Impact v2.0.2":"very high"}',
    ]
    const { code, out } = await patchwarden(['decide', 'ssvc-deployer'], `${facts.join('\n')}\n`)
    expect([code, out]).toEqual([0, 'defer\nimmediate\n'])
  })

  it('knows the directive of CISA, with its forensic outcome', async () => {
    const facts = '{"In KEV":"yes","Publicly Exposed":"yes","Automatable":"no","Technical Impact":"total"}\n'
    expect((await patchwarden(['decide', 'cisa-bod-26-04'], facts)).out).toBe('3 days & forensic investigation\n')
  })

  it('says what is missing, what is unknown and what is no JSON, a line each', async () => {
    const input = '{"Exploitation":"none"}\n{"Exploitation":"maybe"}\nnothing\n'
    const { out, err } = await patchwarden(['decide', 'ssvc-deployer'], input)
    expect(out).toBe('!\n!\n!\n')
    expect(err).toMatch(/Line 1 .*The fact "System Exposure" is missing; its values are small, controlled, open/)
    expect(err).toMatch(/Line 2 .*"maybe" is no value of "Exploitation"/)
    expect(err).toMatch(/Line 3 .*not JSON/)
  })

  it('takes a table of your own, and refuses one that is none', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pw-table-'))
    writeFileSync(join(folder, 'mine.csv'), 'row,Colour v1.0,"What, then v1"\n0,red,"stop, now"\n1,green,go\n')
    expect((await patchwarden(['decide', join(folder, 'mine.csv')], '{"colour":"RED"}\n')).out).toBe('stop, now\n')
    writeFileSync(join(folder, 'bad.csv'), 'row,Colour v1.0,What v1\n0,red,stop\n1,red,go\n')
    expect(await patchwarden(['decide', join(folder, 'bad.csv')])).toMatchObject({
      code: 2,
      err: expect.stringContaining('Line 3 of the decision table has the same facts as line 2'),
    })
    expect(await patchwarden(['decide', 'nowhere'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('does not exist'),
    })
  })
})

describe('assess, offline', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pw-offline-'))
  const feeds = mkdtempSync(join(tmpdir(), 'pw-feeds-'))
  const inventory = join(folder, 'web01.status')
  writeFileSync(
    inventory,
    [
      'Package: libcurl4\nStatus: install ok installed\nArchitecture: amd64\nSource: curl\nVersion: 7.88.1-10\n',
      'Package: curl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 7.88.1-10\n',
      'Package: nodejs\nStatus: install ok installed\nArchitecture: amd64\nVersion: 20.20.2-1nodesource1\n',
      '',
    ].join('\n'),
  )
  const record = {
    schema_version: '1.7.0',
    id: 'DSA-9001-1',
    modified: '2026-11-01T00:00:00Z',
    published: '2026-11-01T00:00:00Z',
    upstream: ['CVE-2026-9800001'],
    affected: [
      {
        package: { ecosystem: 'Debian:12', name: 'curl' },
        ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '7.88.1-10+deb12u1' }] }],
      },
    ],
  }
  writeFileSync(join(feeds, 'one'), JSON.stringify(record))
  writeFileSync(
    join(feeds, 'two'),
    JSON.stringify({
      catalogVersion: '2026.11.10',
      count: 1,
      vulnerabilities: [
        {
          cveID: 'CVE-2026-9800001',
          dateAdded: '2026-11-10',
          dueDate: '2026-11-13',
          knownRansomwareCampaignUse: 'Known',
        },
      ],
    }),
  )
  writeFileSync(join(feeds, 'readme.txt'), 'not a feed\n')
  const base = ['assess', '--inventory', inventory, '--platform', 'debian:12', '--catalog', feeds]

  it('prints one object for each CVE on each binary package', async () => {
    const { code, out, err } = await patchwarden([
      ...base,
      '--json',
      '--exposure',
      'open',
      '--criticality',
      'very high',
    ])
    expect(code).toBe(0)
    expect(err).toContain('readme.txt is no feed file')
    const lines = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines.map((line) => line.package)).toEqual(['libcurl4', 'curl'])
    expect(lines[0]).toEqual({
      asset: 'web01',
      package: 'libcurl4',
      source: 'curl',
      installed: '7.88.1-10',
      cve: 'CVE-2026-9800001',
      advisory: 'DSA-9001-1',
      fixedVersion: '7.88.1-10+deb12u1',
      type: 'security',
      subscription: null,
      priority: 'immediate',
    })
  })

  it('prints one row for each patch to people, and what it did not assess', async () => {
    const { out } = await patchwarden(base)
    expect(out).toMatch(/^out-of-cycle +security curl 7\.88\.1-10\+deb12u1 on 1 \(web01\), 1 CVE, due 2026-11-13/)
    expect(out).toContain('1 package is not assessed, because others built it: nodejs (nodesource)')
  })

  it('ends with 1 over a threshold, and with 2 and a sentence for bad use', async () => {
    expect((await patchwarden([...base, '--fail-on', 'out-of-cycle'])).code).toBe(1)
    expect(
      (await patchwarden([...base, '--fail-on', 'immediate', '--exposure', 'small', '--criticality', 'low'])).code,
    ).toBe(0)
    expect(await patchwarden(['assess', '--inventory', inventory])).toMatchObject({
      code: 2,
      err: expect.stringContaining('--catalog'),
    })
    expect(
      await patchwarden(['assess', '--inventory', inventory, '--catalog', '/nowhere', '--platform', 'debian:12']),
    ).toMatchObject({
      code: 2,
      err: expect.stringContaining('/nowhere'),
    })
    expect(await patchwarden([...base, '--table', 'none'])).toMatchObject({ code: 2 })
    expect(await patchwarden([...base, '--exposure', 'wide'])).toMatchObject({
      code: 2,
      err: '--exposure takes small, controlled, open.\n',
    })
  })

  const status = sharedData('debian/host/dpkg-status.gz')
  it.skipIf(status === null)('finds on a real machine the 5,081 CVEs that debsecan finds there', async () => {
    const feed = sharedData('debian/debsecan-feed') ?? ''
    const { out } = await patchwarden([
      'assess',
      '--inventory',
      status ?? '',
      '--platform',
      'debian:12',
      '--catalog',
      feed,
      '--json',
    ])
    expect(out.trim().split('\n')).toHaveLength(5_081)
  })
})
