import type { AssetSnapshot, Listing, Observation } from '../../../src/core/asset.ts'
import type { InventorySource } from '../../../src/core/ports.ts'
import { createFleet } from '../../../src/integrations/fleet/client.ts'
import { createFleetInventory } from '../../../src/integrations/fleet/inventory.ts'
import { createFleetServer } from '../../../src/integrations/simulated-fleet/server.ts'
import type { FleetFaults, FleetHostState, FleetPackage } from '../../../src/integrations/simulated-fleet/state.ts'

export const NOW = '2026-11-20T10:00:00.000Z'
const TOKEN = 'token-of-the-test'
export const { signal } = new AbortController()

export function deb(name: string, version: string, builtFrom = ''): FleetPackage {
  return { source: 'deb', name, version, release: '', arch: 'amd64', vendor: '', epoch: '', builtFrom }
}

export function rpm(name: string, version: string, release: string, epoch = '0'): FleetPackage {
  const builtFrom = `${name}-${version}-${release}.src.rpm`
  return { source: 'rpm', name, version, release, arch: 'x86_64', vendor: 'Rocky Enterprise', epoch, builtFrom }
}

const debPackages = [
  deb('openssl', '3.0.17-1~deb12u2'),
  deb('libssl3', '3.0.17-1~deb12u2', 'openssl'),
  deb('samba-libs', '2:4.17.12+dfsg-0+deb12u1', 'samba (4.17.12)'),
]
const rpmPackages = [rpm('openssl', '3.0.7', '27.el9_4', '1'), rpm('bash', '5.1.8', '9.el9')]

/** A host on Debian 12, told an hour ago. */
export function aHost(id: number, changed: Partial<FleetHostState> = {}): FleetHostState {
  const hex = id.toString(16).padStart(8, '0')
  const packages = changed.packages ?? (changed.platform === 'rhel' ? rpmPackages : debPackages)
  return {
    ...{ id, hostname: `host${id}.corp.example`, uuid: `${hex}-1111-4222-8333-444455556666`, address: '10.1.2.3' },
    ...{ platform: 'debian', osVersion: 'Debian GNU/Linux 12.0.0', build: '', team: null, online: true },
    ...{ seenAt: NOW, detailAt: '2026-11-20T09:20:00Z', softwareAt: '2026-11-20T09:00:00Z' },
    ...{ listed: packages, packages, kernel: '6.1.0-38-amd64', reboot: false, processes: ['sshd'], answers: {} },
    ...changed,
  }
}

export const rocky = { platform: 'rhel', osVersion: 'Rocky Linux 9.4.0', kernel: '5.14.0-427.el9.x86_64' }
export const windows = {
  platform: 'windows',
  osVersion: 'Windows Server 2022 Datacenter 21H2 10.0.20348.2700',
  build: '10.0.20348.2849',
  packages: [],
  listed: [],
}

export interface SceneOptions {
  readonly hosts: FleetHostState[]
  readonly faults?: FleetFaults
  readonly live?: boolean
  readonly teams?: Readonly<Record<string, string>>
  readonly name?: string
}

/** An inventory of a Fleet with these hosts, which a test may change. */
export function fleetScene({ hosts, faults = {}, live = true, teams = {}, name = 'fleet' }: SceneOptions) {
  const at = { now: NOW }
  const clock = () => new Date(at.now)
  const server = createFleetServer({ token: TOKEN, clock, hosts: async () => hosts, faults })
  const own = { url: 'https://fleet.corp.example', token: TOKEN, variable: 'FLEET_TOKEN', clock }
  const pauses = { firstSeconds: 0.001, longestSeconds: 1 }
  const fleet = createFleet({ ...own, fetch: server.fetch, pauses })
  const defaults = { team: 'servers', timeZone: 'UTC' }
  const source = createFleetInventory({ name, fleet, live, clock, defaults, teams, simulated: false })
  return { source, server, at, hosts, paths: () => server.requests.map(({ method, path }) => `${method} ${path}`) }
}

export async function looksOf(
  source: InventorySource,
  only?: readonly string[],
): Promise<readonly (Observation | Listing)[]> {
  const found: (Observation | Listing)[] = []
  for await (const one of source.observe(only === undefined ? { signal } : { only, signal })) found.push(one)
  return found
}

/** The snapshot of an asset. Throws the reason why there is none. */
export function snapshotIn(looks: readonly (Observation | Listing)[], id: string): AssetSnapshot {
  for (const look of looks) {
    if (look.kind === 'unreachable' && look.asset.id === id) throw new Error(look.reason)
    if (look.kind === 'seen' && look.snapshot.asset.id === id) return look.snapshot
  }
  throw new Error(`${id} was not looked at.`)
}
