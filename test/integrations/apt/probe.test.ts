import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AssetSnapshot, Observation } from '../../../src/core/asset.ts'
import { parseProbe } from '../../../src/integrations/apt/index.ts'
import { probeScript } from '../../../src/integrations/probe/index.ts'
import { anAsset } from '../../support/asset.ts'

/** What probe.sh printed on a Debian 12 host. */
const real = readFileSync(new URL('./fixtures/debian-12.txt', import.meta.url), 'utf8')

const now = new Date('2026-11-20T12:00:00Z')
const asset = anAsset('web01', {
  platform: '',
  tags: ['canary'],
  exposure: 'open',
  timeZone: 'Europe/Berlin',
  source: 'prod',
  engine: 'apt',
  address: '192.0.2.1',
})

function read(output: string): Observation {
  return parseProbe(output, { asset, now })
}

function seen(output: string): { snapshot: AssetSnapshot; warnings: readonly string[] } {
  const observation = read(output)
  if (observation.kind !== 'seen') throw new Error(observation.reason)
  return observation
}

function reasonOf(output: string): string {
  const observation = read(output)
  if (observation.kind === 'seen') throw new Error('it was seen')
  return observation.reason
}

/** The real answer with one section's value or lines replaced. */
function withSection(name: string, lines: readonly string[], value = ''): string {
  const pattern = new RegExp(`\n@@ ${name}( [^\n]*)?\n[^]*?(?=\n@@ )`)
  return real.replace(pattern, () => `\n@@ ${name}${value === '' ? '' : ` ${value}`}\n${lines.join('\n')}\n`)
}

function added(name: string, lines: readonly string[]): string {
  return real.replace(new RegExp(`\n@@ ${name}( [^\n]*)?\n`), (header) => `${header}${lines.join('\n')}\n`)
}

describe('who built a package', () => {
  const archives = [
    '@@ archives',
    'Package files:',
    ' 100 /var/lib/dpkg/status',
    '     release a=now',
    ' 500 https://deb.example.net/node_20.x nodistro/main amd64 Packages',
    '     release o=. nodistro,a=nodistro,n=nodistro,l=. nodistro,c=main,b=amd64',
    ' 500 http://deb.debian.org/debian bookworm/main amd64 Packages',
    '     release v=12.15,o=Debian,a=oldstable,n=bookworm,l=Debian,c=main,b=amd64',
    '@@ versions',
    'bash:',
    '  Installed: 5.2.15-2+b13',
    '  Version table:',
    ' *** 5.2.15-2+b13 500',
    '        500 http://deb.debian.org/debian bookworm/main amd64 Packages',
    '        100 /var/lib/dpkg/status',
    'dash:',
    '  Version table:',
    ' *** 0.5.12-2 500',
    '        500 https://deb.example.net/node_20.x nodistro/main amd64 Packages',
    '        100 /var/lib/dpkg/status',
    '     0.5.12-1 500',
    '        500 http://deb.debian.org/debian bookworm/main amd64 Packages',
    'dpkg:',
    '  Version table:',
    ' *** 1.21.23 100',
    '        100 /var/lib/dpkg/status',
  ]

  it('is told by the archive that offers the installed version, where it is not the distribution', () => {
    const { snapshot } = seen(real.replace('\n@@ sources', () => `\n${archives.join('\n')}\n\n@@ sources`))
    const foreign = snapshot.packages.filter((item) => item.origin !== undefined)
    expect(foreign.map((item) => [item.name, item.origin])).toEqual([['dash', '. nodistro']])
  })
})

describe('the archives of a host', () => {
  const debian = [
    'Package files:',
    ' 100 /var/lib/dpkg/status',
    '     release a=now',
    ' 500 http://deb.debian.org/debian bookworm/main amd64 Packages',
    '     release v=12.15,o=Debian,a=oldstable,n=bookworm,l=Debian,c=main,b=amd64',
    '     origin deb.debian.org',
  ]
  function look(archives: readonly string[]) {
    return seen(real.replace('\n@@ sources', () => `\n@@ archives\n${archives.join('\n')}\n\n@@ sources`)).snapshot
  }

  // Lines as apt-cache policy prints them.
  it.each([
    [
      'the one of Debian',
      'v=12,o=Debian,a=oldstable-security,n=bookworm-security,l=Debian-Security,c=main,b=amd64',
      true,
    ],
    ['the one of Ubuntu', 'v=22.04,o=Ubuntu,a=jammy-security,n=jammy,l=Ubuntu,c=main,b=amd64', true],
    ['extended support', 'o=Freexian,a=buster,n=buster,l=Extended LTS,c=main,b=amd64', true],
    ['updates alone', 'v=12-updates,o=Debian,a=oldstable-updates,n=bookworm-updates,l=Debian,c=main,b=amd64', false],
  ])('have a security archive, or not: %s', (_, release, security) => {
    const lines = [...debian, ' 500 http://mirror/x x/main amd64 Packages', `     release ${release}`]
    expect(look(lines).archives).toEqual({ security, problem: null })
  })

  it('are not known where apt prints nothing', () => {
    expect(seen(real.replace(/\n@@ archives\n[\s\S]*?\n@@ versions/, '\n@@ versions')).snapshot.archives).toMatchObject(
      {
        security: null,
      },
    )
  })

  it('say in the same words at every look why they could not be refreshed', () => {
    const words =
      'E: Release file for http://mirror/debian/dists/bookworm/InRelease is expired (invalid since 3d 4h 5min 6s). Updates for this repository will not be applied.'
    const failed = real.replace(
      '\n@@ lists-age',
      () => `\n@@ refresh\n\n@@ refresh-status 100\n${words}\n\n@@ lists-age`,
    )
    expect(seen(failed).snapshot.archives?.problem).toBe(
      'E: Release file for http://mirror/debian/dists/bookworm/InRelease is expired. Updates for this repository will not be applied',
    )
  })
})

describe('a look at a Debian host', () => {
  it('says what it is, keeps what the configuration says, and has its packages with their sources', () => {
    const { snapshot, warnings } = seen(real)
    expect(warnings).toEqual([])
    expect(snapshot.asset).toEqual({ ...asset, platform: 'debian:12' })
    expect(snapshot.packages.length).toBeGreaterThan(100)
    expect(snapshot.packages.find((one) => one.name === 'libssl3')).toMatchObject({
      source: 'openssl',
      architecture: 'amd64',
    })
    // the source's version differs from the binary's here
    expect(snapshot.packages.find((one) => one.name === 'bash')).toMatchObject({
      version: expect.stringMatching(/\+b\d+$/),
      sourceVersion: expect.not.stringMatching(/\+b\d+$/),
    })
  })

  it('lists pending security updates under their source package', () => {
    const { pending } = seen(real).snapshot
    expect(pending).toHaveLength(18)
    expect(pending.find((one) => one.name === 'libssl3')).toMatchObject({
      source: 'openssl',
      security: true,
      held: null,
      origins: ['Debian-Security:oldstable-security'],
    })
  })

  it('counts the age of its package lists back from our clock', () => {
    const { snapshot } = seen(withSection('lists-age', [], '3600'))
    expect(snapshot.listsRefreshedAt).toBe('2026-11-20T11:00:00.000Z')
    expect(snapshot.observedAt).toBe('2026-11-20T12:00:00.000Z')
  })

  it('reads a reboot that packages ask for', () => {
    const { snapshot } = seen(added('reboot', ['required', 'linux-image-amd64', 'dbus', 'dbus']))
    expect(snapshot).toMatchObject({ rebootRequired: true, rebootPackages: ['linux-image-amd64', 'dbus'] })
    expect(seen(real).snapshot).toMatchObject({ rebootRequired: false, rebootPackages: [] })
  })

  it('sees that a newer kernel waits for a reboot, flag or none', () => {
    const image = (release: string) =>
      `linux-image-${release}\t6.1.0-1\tamd64\tlinux-signed-amd64\t6.1\tinstall\tinstalled`
    const kernels = added('dpkg', [image('6.1.0-38-amd64'), image('6.1.0-39-amd64'), image('6.1.0-40-cloud-amd64')])
    const running = (release: string) => kernels.replace(/\n@@ kernel [^\n]*/, () => `\n@@ kernel ${release}`)
    expect(seen(running('6.1.0-38-amd64')).snapshot).toMatchObject({
      rebootRequired: true,
      rebootPackages: ['linux-image-6.1.0-39-amd64'],
    })
    expect(seen(running('6.1.0-39-amd64')).snapshot.rebootRequired).toBe(false)
    expect(seen(running('6.18.0-container')).snapshot.rebootRequired).toBe(false)
  })

  it.each([
    ['hold', 'openssl', 'hold'],
    ['kept back', 'openssl', 'install'],
  ])('shows an update that will not come: %s', (held, name, want) => {
    const without = real
      .split('\n')
      .filter((line) => !line.startsWith(`Inst ${name} `))
      .join('\n')
      .replace(new RegExp(`\n(${name}\t.*)\tinstall\tinstalled\n`), (_, start) => `\n${start}\t${want}\tinstalled\n`)
    expect(seen(without).snapshot.pending.find((one) => one.name === name)).toMatchObject({
      held,
      security: true,
      source: 'openssl',
    })
  })

  it('shows an update that is phased', () => {
    const without = real
      .split('\n')
      .filter((line) => !line.startsWith('Inst zip ') && !line.startsWith('Inst openssl '))
      .join('\n')
    const phased = without.replace(
      '\n@@ simulation\n',
      '\n@@ simulation\nThe following upgrades have been deferred due to phasing:\n  openssl\n',
    )
    expect(seen(phased).snapshot.pending.find((one) => one.name === 'openssl')?.held).toBe('phased')
  })

  it('names the source of a package that would be newly installed', () => {
    const text = added('simulation', ['Inst linux-image-6.1.0-40-amd64 (6.1.153-1 Debian:12.15/oldstable [amd64])'])
    const shown = [
      'Package: linux-image-6.1.0-40-amd64',
      'Source: linux-signed-amd64 (6.1.153+1)',
      'Version: 6.1.153-1',
      'Architecture: amd64',
    ]
    const whole = text.replace('\n@@ sources\n', `\n@@ sources\n${shown.join('\n')}\n`)
    expect(seen(whole).snapshot.pending.find((one) => one.installed === null)).toMatchObject({
      name: 'linux-image-6.1.0-40-amd64',
      source: 'linux-signed-amd64',
      sourceVersion: '6.1.153+1',
    })
  })

  it('names the source version of every candidate, whose numbering may be another', () => {
    const shown = [
      'Package: openssl',
      'Version: 3.0.22-1~deb12u2',
      '',
      'Package: libssl3',
      'Source: openssl (3.0.22-1~deb12u2+really)',
      'Version: 3.0.22-1~deb12u2',
    ]
    const { pending } = seen(real.replace('\n@@ sources\n', `\n@@ sources\n${shown.join('\n')}\n`)).snapshot
    const of = (name: string) => pending.find((one) => one.name === name)
    expect(of('openssl')).toMatchObject({ source: 'openssl', sourceVersion: '3.0.22-1~deb12u2' })
    expect(of('libssl3')).toMatchObject({ source: 'openssl', sourceVersion: '3.0.22-1~deb12u2+really' })
    expect(pending.filter((one) => one.sourceVersion !== undefined)).toHaveLength(2)
  })

  it('warns about packages that are half done', () => {
    const half = 'demo\t1.0\tall\tdemo\t1.0\tinstall\thalf-configured'
    expect(seen(added('dpkg', [half])).warnings).toEqual([
      'demo is half-configured: run "dpkg --configure -a" on the machine.',
    ])
    expect(seen(added('dpkg', [half])).snapshot.halfDone).toEqual([{ name: 'demo', how: 'is half-configured' }])
  })

  it('still says what is pending where apt cannot plan, and warns', () => {
    const failing = withSection('simulation-status', ['E: Unmet dependencies. Try apt --fix-broken install'], '100')
    const { snapshot, warnings } = seen(failing)
    expect(snapshot.pending).toHaveLength(18)
    expect(new Set(snapshot.pending.map((one) => one.held))).toEqual(new Set(['kept back']))
    expect(warnings.join()).toContain('apt cannot plan an upgrade there (E: Unmet dependencies')
  })

  it('says that a refresh failed, and does not claim fresh lists', () => {
    const failed = real.replace(
      '\n@@ lists-age',
      '\n@@ refresh\nErr:1 nowhere\n\n@@ refresh-status 100\nE: The repository is gone.\n\n@@ lists-age',
    )
    const { snapshot, warnings } = seen(failed)
    expect(warnings.join()).toContain('could not be refreshed, so newer versions may be missing')
    expect(snapshot.listsRefreshedAt).not.toBe(now.toISOString())
    const fresh = failed.replace('@@ refresh-status 100\nE: The repository is gone.', '@@ refresh-status 0')
    expect(seen(fresh).snapshot.listsRefreshedAt).toBe(now.toISOString())
  })
})

describe('an answer that cannot be used', () => {
  it('is one that was cut off, wherever', () => {
    fc.assert(
      fc.property(fc.nat({ max: real.trimEnd().length - 1 }), (length) => {
        expect(reasonOf(real.slice(0, length))).toBe('The answer of web01 was cut off; it is not used.')
      }),
    )
  })

  it.each([
    [
      'a machine without apt',
      '\n@@ patchwarden-probe 1\n\n@@ os-release\nID=fedora\nVERSION_ID=43\nPRETTY_NAME="Fedora Linux 43"\n\n@@ system Linux\n\n@@ no-apt\n\n@@ end\n',
      'web01 runs Fedora Linux 43 and has none of the package managers that are supported (apt, dnf 4, zypper).',
    ],
    [
      'a Mac',
      '\n@@ patchwarden-probe 1\n\n@@ os-release\n\n@@ system Darwin\n\n@@ no-apt\n\n@@ end\n',
      'web01 runs Darwin and has none of the package managers that are supported (apt, dnf 4, zypper).',
    ],
    [
      'a rolling release without a version',
      withSection('os-release', ['ID=debian', 'PRETTY_NAME="Debian sid"']),
      'does not say in /etc/os-release',
    ],
    [
      'a broken dpkg',
      withSection('dpkg-status', ['dpkg-query: error: failed to open package info file'], '2'),
      'dpkg on web01 does not list its packages (dpkg-query: error: failed to open package info file).',
    ],
    ['nothing', '', 'cut off'],
    ['a shell that says no', 'This account is currently not available.\n', 'cut off'],
  ])('is %s', (_, output, reason) => {
    expect(reasonOf(output)).toContain(reason)
  })

  it('is one where apt can tell nothing: never "nothing pending"', () => {
    const blind = withSection('simulation-status', ['E: The list of sources could not be read.'], '100').replace(
      '@@ upgradable-status 0',
      '@@ upgradable-status 100',
    )
    expect(reasonOf(blind)).toBe('apt on web01 cannot tell what is pending (E: The list of sources could not be read).')
  })

  it('keeps the platform where it is known', () => {
    const output = '\n@@ patchwarden-probe 1\n\n@@ os-release\nID="rhel"\nVERSION_ID="9.4"\n\n@@ no-apt\n\n@@ end\n'
    expect(read(output)).toMatchObject({ kind: 'unreachable', asset: { platform: 'rhel:9' } })
  })
})

describe('the script', () => {
  it('does nothing at all when it was cut off on its way', () => {
    const text = probeScript({ refresh: true })
    for (const share of [0.3, 0.6, 0.9, 0.99]) {
      const part = text.slice(0, Math.floor(text.length * share))
      let printed = ''
      try {
        printed = execFileSync('sh', ['-s'], { input: part, stdio: ['pipe', 'pipe', 'ignore'] }).toString()
      } catch {
        // a syntax error, which is as good as nothing
      }
      expect(printed).toBe('')
    }
  })

  it('refreshes only when asked', () => {
    expect(probeScript({ refresh: false })).not.toMatch(/^PW_REFRESH=/m)
    expect(probeScript({ refresh: true })).toMatch(/^PW_REFRESH=1\n/)
  })

  it('refreshes and plans nothing where only what is installed is wanted', () => {
    const text = probeScript({ refresh: true, depth: 'installed' })
    expect(text).not.toMatch(/^PW_REFRESH=1$/m)
    const output = execFileSync('sh', ['-s'], { input: text, stdio: ['pipe', 'pipe', 'ignore'] }).toString()
    expect(output).toContain('@@ end')
    expect(output).not.toMatch(/^@@ (simulation|upgradable|archives|versions|sources)/m)
  })
})
