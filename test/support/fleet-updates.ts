import type { Asset } from '../../src/core/asset.ts'
import type { PackageChange } from '../../src/core/catalog.ts'
import type { Fleet } from './fleet.ts'

/** The hosts of a fleet as assets, each with its own packages pending. */
export function fleetAssets(fleet: Fleet, engine: string): readonly Asset[] {
  return fleet.hosts.map((host) => ({
    id: `lab/${host.name}`,
    name: host.name,
    platform: 'debian:12',
    team: 'web',
    tags: [],
    exposure: null,
    criticality: null,
    timeZone: 'UTC',
    source: 'lab',
    engine,
    address: host.address,
    simulated: false,
  }))
}

/** What apt on the host would upgrade of these packages now. */
export async function pendingChanges(
  fleet: Fleet,
  host: string,
  packages: readonly string[],
): Promise<readonly PackageChange[]> {
  const pending = await fleet.pending(host)
  return pending
    .filter((update) => packages.includes(update.package))
    .map(({ package: name, installed, candidate }) => ({
      name,
      architecture: name === 'demo-app' ? 'all' : 'amd64',
      from: installed,
      to: candidate,
    }))
}

/** The version that dpkg on the host says is installed; `null`: none. */
export async function installedOn(fleet: Fleet, host: string, name: string): Promise<string | null> {
  const asked = await fleet.exec(host, ['dpkg-query', '-W', '-f', '$' + '{Version}', name])
  return asked.code === 0 ? asked.stdout : null
}
