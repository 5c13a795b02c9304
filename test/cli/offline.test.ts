/** Commands that need neither a service nor a database. */

import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, expect, it, vi } from 'vitest'
import { main } from '../../src/cli/cli.ts'
import { sharedData } from '../integrations/shared-data.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

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
    expect(err).toMatch(/Line 5 .*"1.0!" is not a version of the scheme rpm/)
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
    expect(err).toMatch(/Line 2 .*"maybe" is not a value of "Exploitation"/)
    expect(err).toMatch(/Line 3 .*not JSON/)
  })

  it('takes a table of your own, and refuses one that is none', async () => {
    const folder = temporaryFolder('pw-table')
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

/** Without the lines about who judged. */
function withoutJudges(text: string): string {
  return text.replace(/^.* is judged by .*\n/gm, '')
}

describe('assess, offline', () => {
  const folder = temporaryFolder('pw-offline')
  const feeds = temporaryFolder('pw-feeds')
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
    expect(err).toContain('readme.txt is not a known feed file')
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

  it('ends with 1 where others built packages, for those who ask', async () => {
    expect((await patchwarden(base)).code).toBe(0)
    expect((await patchwarden([...base, '--strict'])).code).toBe(1)
  })

  /** A server with a package manager that offers `pending` and has libcurl4 without the fix. */
  function managed(pending: readonly object[], more: object = {}): string {
    const path = join(folder, 'managed.json')
    const curl = { name: 'libcurl4', version: '7.88.1-10', architecture: 'amd64', source: 'curl' }
    const listsRefreshedAt = new Date(Date.now() - 3_600_000).toISOString()
    const one = { name: 'web02', platform: 'debian:12', team: 'web', packages: [curl], pending, listsRefreshedAt }
    writeFileSync(path, JSON.stringify({ assets: [{ ...one, ...more }] }))
    return path
  }
  const offer = {
    name: 'libcurl4',
    architecture: 'amd64',
    installed: '7.88.1-10',
    candidate: '7.88.1-10+deb12u1',
    source: 'curl',
    origins: ['Debian-Security:12/oldstable-security'],
    security: true,
  }
  const assessed = (file: string, ...more: string[]) =>
    patchwarden(['assess', '--inventory', file, '--catalog', feeds, ...more])

  it.each([
    ['a hold', [{ ...offer, held: 'hold' }], {}, 'held by apt-mark'],
    ['a phased update', [{ ...offer, held: 'phased' }], {}, 'a phased update that has not reached it yet'],
    ['a package that is kept back', [{ ...offer, held: 'kept back' }], {}, 'kept back by its package manager'],
    ['a missing archive', [], { archives: { security: false } }, 'its security archive is missing'],
    [
      'a refresh that failed',
      [],
      { archives: { security: true, problem: 'E: Release file is expired' } },
      'its package lists could not be refreshed (E: Release file is expired)',
    ],
    ['a mirror that is behind', [], { archives: { security: true } }, 'is its mirror behind?'],
    ['nobody knows what', [], {}, 'is its security archive missing, or its mirror behind?'],
    [
      'old lists',
      [],
      { listsRefreshedAt: new Date(Date.now() - 9.5 * 86_400_000).toISOString() },
      'its package lists are 9 days old',
    ],
  ])('says what the vendor has fixed and the server is not offered, by %s', async (_, pending, more, reason) => {
    const file = managed(pending, more)
    const { out, code } = await assessed(file, '--fail-on', 'out-of-cycle')
    expect(out).toMatch(
      /^out-of-cycle +security curl 7\.88\.1-10\+deb12u1 not offered to 1 \(web02\), 1 CVE, due 2026-11-13, fixed by the vendor on 2026-11-01: /,
    )
    expect(out).toContain(reason)
    expect(out).not.toContain('Nothing is missing')
    expect(code).toBe(1)
    const [finding] = (await assessed(file, '--json')).out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(finding).toMatchObject({ cve: 'CVE-2026-9800001', notOffered: expect.stringContaining(reason) })
  })

  it('counts the same in the summary, by the same names', async () => {
    const { out } = await assessed(managed([{ ...offer, held: 'hold' }]), '--summary')
    expect(withoutJudges(out).split('\n')).toEqual([
      '1 servers, 1 installed packages in 1 distinct versions, 1 findings, 0 patches, 1 that are not offered everywhere, 1 packages held back',
      'out-of-cycle curl 7.88.1-10+deb12u1 (debian:12) not offered to 1, 1 CVEs',
      '',
    ])
    const json = JSON.parse((await assessed(managed([offer]), '--summary', '--json')).out)
    expect(json).toMatchObject({ assets: 1, findings: 1, withheld: [], heldPackages: 0, notAssessedPackages: 0 })
    expect(json.patches).toMatchObject([{ source: 'curl', assets: 1 }])
  })

  it('names weak lists where nothing is known to be missing', async () => {
    const bash = { packages: [{ name: 'bash', version: '5.2.15-2', architecture: 'amd64' }] }
    const { out } = await assessed(managed([], { ...bash, archives: { security: false } }))
    expect(withoutJudges(out)).toBe(
      'Nothing is missing of what could be judged.\nweb02: what it is offered may not be all: its security archive is missing\n',
    )
    expect(withoutJudges((await assessed(managed([], bash))).out)).toBe('Nothing is missing.\n')
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

describe('load', () => {
  const folder = temporaryFolder('patchwarden-load')
  const file = join(folder, 'web.csv')
  /** Berlin's clocks go back in these weeks; quiet on Tuesdays from 02:00 to 05:00 there. */
  const rows: string[] = []
  for (let at = Date.parse('2026-10-05T00:00:00+02:00'); at < Date.parse('2026-11-16T00:00:00+01:00'); at += 900_000) {
    const local = new Date(at + (at < Date.parse('2026-10-25T01:00:00Z') ? 7_200_000 : 3_600_000))
    const quiet = local.getUTCDay() === 2 && local.getUTCHours() >= 2 && local.getUTCHours() < 5
    const day = local.getUTCHours() >= 8 && local.getUTCHours() < 18
    rows.push(`${new Date(at).toISOString()},${quiet ? 2 : day ? 100 : 30}`)
  }
  writeFileSync(file, `time,value\n${rows.join('\n')}\n`)
  writeFileSync(join(folder, 'short.csv'), `${rows.slice(0, 1_000).join('\n')}\n`)

  it('prints the week and the quietest window of a file', async () => {
    const { code, out } = await patchwarden(['load', file, '--zone', 'Europe/Berlin'])
    const day = '▃▃▃▃▃▃▃▃██████████▃▃▃▃▃▃'
    expect(out).toBe(`     00    06    12    18

Mon  ${day}
Tue  ▃▃▁▁▁▃▃▃██████████▃▃▃▃▃▃
       ^^^
Wed  ${day}
Thu  ${day}
Fri  ${day}
Sat  ${day}
Sun  ${day}

quietest 3 h: Tue 02:00, 2 % of peak over 6 weeks (Europe/Berlin).
100 % of the time has data, 2026-10-04 to 2026-11-15; 4 samples were left out.
`)
    expect(code).toBe(0)
  })

  it('prints JSON, of a length that was asked for', async () => {
    const { code, out } = await patchwarden(['load', file, '--zone', 'Europe/Berlin', '--duration', 'PT2H', '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({
      kind: 'measured',
      rule: { days: [2], durationSeconds: 7_200, timeZone: 'Europe/Berlin' },
      evidence: { weeks: 6 },
    })
  })

  it('ends with 1 where the load cannot choose, and with 2 and a sentence for bad use', async () => {
    expect(await patchwarden(['load', join(folder, 'short.csv')])).toMatchObject({
      code: 1,
      out: 'The load cannot choose a window: there is 1 week of data; 3 weeks are needed.\n',
    })
    expect(await patchwarden(['load', join(folder, 'none.csv')])).toMatchObject({
      code: 2,
      err: `${join(folder, 'none.csv')} cannot be read: there is no such file\n`,
    })
    expect(await patchwarden(['load', file, '--zone', 'Berlin'])).toMatchObject({
      code: 2,
      err: '--zone takes an IANA time zone such as Europe/Berlin, not "Berlin".\n',
    })
    expect(await patchwarden(['load', file, '--duration', '3'])).toMatchObject({
      code: 2,
      err: '--duration is the bare number 3, without a unit; write PT3H or "3 hours".\n',
    })
  })

  it('asks the load of a measured window of the configuration', async () => {
    const config = join(folder, 'patchwarden.yaml')
    const recent = rows.map((row) => row.split(',')[1] ?? '')
    const start = Date.now() - recent.length * 900_000
    writeFileSync(
      join(folder, 'recent.csv'),
      recent.map((value, index) => `${Math.floor((start + index * 900_000) / 1_000)},${value}\n`).join(''),
    )
    writeFileSync(
      config,
      [
        'teams: { web: { name: Web, channel: web } }',
        'channels: { web: {} }',
        'sources: { here: { kind: local, team: web } }',
        'loads: { web-load: { kind: csv, path: recent.csv } }',
        'windows: { quiet: { measured: { load: web-load, duration: 2 hours }, rules: [] } }',
      ].join('\n'),
    )
    const { code, out } = await patchwarden(['--config', config, 'load', 'quiet', '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ kind: 'measured', rule: { durationSeconds: 7_200 } })
    expect((await patchwarden(['--config', config, 'load', 'web-load', '--json'])).code).toBe(0)
    expect(await patchwarden(['--config', config, 'load', 'nights'])).toMatchObject({
      code: 2,
      err: '"nights" is not a measured window, a load or a CSV file. There are quiet, web-load.\n',
    })
  })
})

describe('check --system', () => {
  it('asks one system alone, and knows no other names', async () => {
    const folder = temporaryFolder('pw-system')
    cpSync('examples', join(folder, 'examples'), { recursive: true })
    const check = (...more: readonly string[]) =>
      patchwarden(['--config', join(folder, 'examples', 'late-system.yaml'), 'check', ...more])
    const { code, out } = await check('--system', 'late')
    expect(code).toBe(0)
    expect(out).toMatch(/^ok {3}system late: inventory: 8 of 8 servers answer$/m)
    expect(out).not.toMatch(/^(ok {2}|FAIL) (feed|chat|database)/m)
    expect(await check('--system', 'other')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^There is no system "other": use late\./),
    })
  })
})
