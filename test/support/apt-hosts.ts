import type { Asset } from '../../src/core/asset.ts'
import type { PackageChange } from '../../src/core/change.ts'
import type { DeployScene } from '../contracts/deploy-engine.ts'
import { anAsset } from './asset.ts'
import type { Fleet } from './fleet.ts'
import { until } from './until.ts'

/** Real security updates, and one of the fleet's own that can be made to fail. */
const UPDATED = ['openssl', 'libssl3', 'demo-app']
const WRITTEN = ['/var/lib/dpkg', '/var/lib/apt', '/var/cache/apt', '/var/log/apt', '/var/lib/patchwarden', '/etc']

/** The hosts of a fleet as assets. */
export function fleetAssets(fleet: Fleet, engine: string): readonly Asset[] {
  return fleet.hosts.map((host) => anAsset(host.name, { engine, address: host.address }))
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

type OfHosts = 'changesFor' | 'installed' | 'transactions' | 'fingerprint' | 'breakInstallation' | 'disconnect'

export interface AptHosts extends Pick<DeployScene, OfHosts> {
  /** As installed, with real updates pending and one of the fleet's own. */
  fresh(): Promise<void>
  /** What the command prints. */
  shell(host: string, command: string): Promise<string>
}

/** What the contract of deploy engines asks of hosts, by dpkg's and apt's own records. `unread`: files that do not count. */
export function aptHosts(fleet: Fleet, unread = ''): AptHosts {
  async function shell(host: string, command: string): Promise<string> {
    return (await fleet.exec(host, ['sh', '-c', command])).stdout
  }

  return {
    shell,
    async fresh() {
      await fleet.publish('2.0', 'good')
      await fleet.reset('all')
      await Promise.all(fleet.hosts.map((host) => shell(host.name, 'apt-get -q update')))
    },
    changesFor: (asset) => pendingChanges(fleet, asset.name, UPDATED),
    installed: (asset, name) => installedOn(fleet, asset.name, name),
    transactions: async (asset) => (await fleet.aptTransactions(asset.name)).length,
    async fingerprint({ name }) {
      // A run may still fetch what it keeps when its outcome is known.
      await until('no run goes on', 20, async () => (await shell(name, 'pgrep -f [p]atchwarden/runs || true')) === '')
      const found = `find ${WRITTEN.join(' ')} -type f ! -name '${unread}' -printf '%p %s %T@\\n' 2>/dev/null`
      return shell(name, `${found} | sort`)
    },
    breakInstallation: (asset) => fleet.fault('postinst-fails', asset.name),
    disconnect: (asset) => fleet.fault('down', asset.name),
  }
}
