import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseUpgradable } from '../../../src/integrations/apt/pending.ts'
import { isSecurity, parseSimulation } from '../../../src/integrations/apt/simulation.ts'
import { sharedData } from '../shared-data.ts'

const simulated = sharedData('debian/host/apt-dist-upgrade-simulated.txt')
const upgradable = sharedData('debian/host/apt-upgradable.txt')

describe.skipIf(simulated === null || upgradable === null)('on a real machine with 136 pending updates', () => {
  const steps = simulated === null ? [] : parseSimulation(readFileSync(simulated, 'utf8')).steps
  const list = upgradable === null ? [] : parseUpgradable(readFileSync(upgradable, 'utf8').split('\n'))

  it('the simulation and "apt list --upgradable" name the same packages and versions', () => {
    const upgrades = steps.filter((step) => step.action === 'upgrade')
    const text = (name: string, architecture: string, from: string | null, to: string | null) =>
      `${name}:${architecture} ${from} -> ${to}`
    const fromSimulation = upgrades.map((step) => text(step.name, step.architecture, step.from, step.to)).sort()
    const fromList = list.map((one) => text(one.name, one.architecture, one.installed, one.candidate)).sort()
    expect(fromSimulation).toHaveLength(136)
    expect(fromSimulation).toEqual(fromList)
  })

  it('both agree on which come from the security archive', () => {
    const fromSimulation = steps.filter((step) => isSecurity(step.origins)).map((step) => step.name)
    const fromList = list.filter((one) => isSecurity(one.suites)).map((one) => one.name)
    expect(new Set(fromSimulation)).toEqual(new Set(fromList))
    expect(fromSimulation.length).toBeGreaterThan(10)
  })

  it('every "Inst" line is understood', () => {
    const text = simulated === null ? '' : readFileSync(simulated, 'utf8')
    expect(parseSimulation(text).warnings).toEqual([])
    expect(steps).toHaveLength(text.split('\n').filter((line) => line.startsWith('Inst ')).length)
  })
})

describe('a line of the simulation', () => {
  const lines: [string, object][] = [
    [
      'Inst openssl [3.0.13-0ubuntu3.5] (3.0.13-0ubuntu3.6 Ubuntu:24.04/noble-updates, Ubuntu:24.04/noble-security [amd64]) []',
      {
        action: 'upgrade',
        name: 'openssl',
        architecture: 'amd64',
        from: '3.0.13-0ubuntu3.5',
        to: '3.0.13-0ubuntu3.6',
        origins: ['Ubuntu:24.04/noble-updates', 'Ubuntu:24.04/noble-security'],
      },
    ],
    [
      'Inst linux-image-6.8.0-51-generic (6.8.0-51.52 Ubuntu:24.04/noble-security [amd64])',
      { action: 'install', name: 'linux-image-6.8.0-51-generic', from: null, to: '6.8.0-51.52' },
    ],
    [
      'Inst libc6:i386 [2.36-9] (2.36-10 Debian:12.15/oldstable [i386]) [libc6:amd64 on libc6:i386]',
      { action: 'upgrade', name: 'libc6', architecture: 'i386' },
    ],
    ['Inst tzdata [1] (2 Debian-Security:12/stable-security [all])', { architecture: 'all' }],
    ['Inst local-thing [1] (2 [amd64])', { to: '2', origins: [] }],
    ['Inst docker-ce [1] (2 Docker CE:stable [amd64])', { origins: ['Docker CE:stable'] }],
    ['Remv old-thing [1.0]', { action: 'remove', name: 'old-thing', from: '1.0', to: null, origins: [] }],
    ['Purg old-thing [1.0]', { action: 'remove', name: 'old-thing', from: '1.0', to: null }],
  ]
  it.each(lines)('%s', (line, expected) => {
    const { steps, warnings } = parseSimulation(`Reading package lists...\n${line}\nConf whatever (1 x [amd64])\n`)
    expect(warnings).toEqual([])
    expect(steps).toHaveLength(1)
    expect(steps[0]).toMatchObject(expected)
  })

  it('that is a downgrade is one only where apt says so', () => {
    const text =
      'The following packages will be DOWNGRADED:\n  curl\n1 upgraded\nInst curl [2] (1 x [amd64])\nInst zip [2] (3 x [amd64])'
    expect(parseSimulation(text).steps.map((step) => step.action)).toEqual(['downgrade', 'upgrade'])
  })

  it('of a removal takes the architecture from what is installed', () => {
    const installed = [{ name: 'gone', version: '1', architecture: 'all', source: 'gone', sourceVersion: '1' }]
    expect(parseSimulation('Remv gone [1]', installed).steps[0]?.architecture).toBe('all')
  })

  it('that makes no sense is reported, never guessed', () => {
    const { steps, warnings } = parseSimulation('Inst half [1] (2 x')
    expect(steps).toEqual([])
    expect(warnings).toEqual(['apt printed a line that makes no sense: Inst half [1] (2 x'])
  })

  it('never throws, whatever it is', () => {
    fc.assert(
      fc.property(fc.string(), (rest) => {
        const { steps, warnings } = parseSimulation(`Inst ${rest.replaceAll('\n', ' ')}`)
        expect(steps.length + warnings.length).toBe(1)
      }),
    )
  })
})

describe('what will not be installed', () => {
  it('is told apart: kept back and phased', () => {
    const text = [
      'The following packages have been kept back:',
      '  docker-ce linux-image-amd64',
      '  nginx',
      'The following upgrades have been deferred due to phasing:',
      '  ubuntu-drivers-common',
      'The following packages will be upgraded:',
      '  zip',
    ].join('\n')
    expect(parseSimulation(text)).toMatchObject({
      keptBack: ['docker-ce', 'linux-image-amd64', 'nginx'],
      phased: ['ubuntu-drivers-common'],
    })
  })
})

describe('a security archive', () => {
  it.each([
    ['Debian-Security:12/oldstable-security', true],
    ['Debian-Security:oldstable-security', true],
    ['Ubuntu:24.04/noble-security', true],
    ['UbuntuESM:20.04/focal-infra-security', true],
    ['UbuntuESMApps:22.04/jammy-apps-updates', true],
    ['Debian:12.15/oldstable', false],
    ['Ubuntu:24.04/noble-updates', false],
    ['Docker CE:bookworm', false],
  ])('%s: %s', (origin, expected) => {
    expect(isSecurity([origin])).toBe(expected)
  })
})
