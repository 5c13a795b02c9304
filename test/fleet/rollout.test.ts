import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Fleet, fleetReason, upFleet } from '../support/fleet.ts'
import { createService, type RunningService } from '../support/running-service.ts'

const reason = await fleetReason()
if (reason !== null) console.warn(`skipped the rollout on real hosts: ${reason}`)

/** Eight hosts: one canary, two early, five broad. */
function configuration(fleet: Fleet): string {
  const hosts = fleet.hosts.map((host, index) => {
    const tag = index === 0 ? 'canary' : index < 3 ? 'early' : 'broad'
    return `      - { name: ${host.name}, address: ${host.address}, tags: [${tag}] }`
  })
  return `
people:
  mara: { name: Mara }
  tom: { name: Tom }
  jonas: { name: Jonas }
roles: { security: [tom], operator: [mara] }
teams:
  web:
    name: Web
    channel: web
    roles: { owner: [mara], on-call: [jonas] }
    policy: standard
    window: any-time
    rollout: careful
    health: [{ http: "http://{address}:8080/health", timeout: 5 s }]
channels: { web: {} }
policies:
  standard: { kind: quorum, approvals: { owner: 1 }, cli: recorded, stop: [owner, on-call], resume: { owner: 1 }, reboot: if required }
windows: { any-time: { rules: [{ days: every day, start: "00:00", duration: 24 hours }] } }
rollouts:
  careful:
    rings:
      - { name: canary, select: { tag: canary }, batch: 1 }
      - { name: early, select: { tag: early }, batch: 2 }
      - { name: broad, select: rest, batch: 5, gate: { minSuccess: 80%, maxFailures: 1 } }
sources:
  lab:
    kind: ssh
    team: web
    engine: ssh
    user: patch
    identityFile: ${fleet.identity}
    knownHostsFile: ${fleet.knownHosts}
    exposure: open
    criticality: high
    connectTimeout: 3 s
    hosts:
${hosts.join('\n')}
engines: { ssh: { kind: ssh-apt, lockTimeout: 5 s, unreachableAfter: 1 min } }
proposals: { groupBy: team }
`
}

describe.skipIf(reason !== null)('the main job on real Debian hosts', () => {
  let fleet: Fleet
  let folder: string
  let service: RunningService

  beforeAll(async () => {
    fleet = await upFleet(8, { name: 'pwjob' })
    folder = await mkdtemp(path.join(tmpdir(), 'patchwarden job '))
  })
  afterAll(async () => {
    await fleet?.down()
    await rm(folder, { recursive: true, force: true })
  })
  beforeEach(async () => {
    await fleet.reset('all')
    const file = path.join(folder, 'patchwarden.yaml')
    await writeFile(file, configuration(fleet))
    service = await createService({ PATCHWARDEN_CONFIG: file })
    return () => service.remove()
  })

  async function status(id = 'PW-1'): Promise<string> {
    const { stdout } = await service.command('proposals', '--all', '--json')
    const all = stdout
      .trim()
      .split('\n')
      .flatMap((line) => (line === '' ? [] : [JSON.parse(line)]))
    return String(all.find((proposal) => proposal.id === id)?.status ?? 'none')
  }

  async function approve(): Promise<void> {
    expect(await service.command('vote', 'PW-1', 'approve', '--as', 'jonas')).toMatchObject({ code: 1 })
    expect(await service.command('vote', 'PW-1', 'approve', '--as', 'tom')).toMatchObject({ code: 1 })
    expect(await service.command('vote', 'PW-1', 'approve', '--as', 'mara')).toMatchObject({ code: 0 })
  }

  it('rolls out real security updates in three rings, each host once, and every host has what was promised', async () => {
    const promised = await fleet.pending('web01')
    expect(promised.length).toBeGreaterThan(5)
    await service.start()
    await expect.poll(() => status(), { timeout: 300_000, interval: 1_000 }).toBe('open')
    await approve()
    await expect.poll(() => status(), { timeout: 300_000, interval: 2_000 }).toBe('completed')
    for (const host of fleet.hosts) {
      for (const item of promised) {
        const asked = await fleet.exec(host.name, ['dpkg-query', '-W', '-f', '$' + '{Version}', item.package])
        expect(asked.stdout, `${host.name} ${item.package}`).toBe(item.candidate)
      }
      expect(await fleet.aptTransactions(host.name), host.name).toHaveLength(1)
    }
    const report = await service.command('report', 'PW-1')
    expect(report.stdout).toContain('8 done, 0 not done, 0 never answered, 0 not touched')
    expect(await service.command('vote', 'PW-1', 'approve', '--as', 'tom')).toMatchObject({ code: 1 })
    expect(await service.command('audit', 'verify', '--rebuild')).toMatchObject({ code: 0 })
  })

  it('stops when a service is unhealthy after the upgrade, and counts a host that is down apart', async () => {
    await fleet.publish('2.0', 'unhealthy')
    await service.start()
    await expect.poll(() => status(), { timeout: 300_000, interval: 1_000 }).toBe('open')
    await approve()
    await expect.poll(() => status(), { timeout: 300_000, interval: 1_000 }).toBe('halted')
    const { stdout } = await service.command('report', 'PW-1')
    expect(stdout).toContain('not healthy')
    // The way back: by one person, at once, to what was there before.
    const back = await service.command('rollback', 'PW-1', '--as', 'jonas', '--because', 'The pages fail since.')
    expect(back).toMatchObject({ code: 0, stdout: expect.stringContaining('PW-2 rolls PW-1 back') })
    await expect.poll(() => status('PW-2'), { timeout: 300_000, interval: 1_000 }).toBe('completed')
    const version = await fleet.exec('web01', ['dpkg-query', '-W', '-f', '$' + '{Version}', 'demo-app'])
    expect(version.stdout).toBe('1.0')
    expect((await service.command('report', 'PW-2')).stdout).toContain('rolled back')
    expect((await service.command('report', 'PW-1')).stdout).toContain('withdrawn')
    await fleet.unpublish('2.0')
  })
})
