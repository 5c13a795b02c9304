import { setTimeout as sleep } from 'node:timers/promises'
import type { Asset } from '../../src/core/asset.ts'
import type { PackageChange } from '../../src/core/change.ts'
import type { DeployEngine, InventorySource } from '../../src/core/ports.ts'
import { createSshInventory, type SshEngineOptions } from '../../src/integrations/ssh/index.ts'
import type { DeployScene } from '../contracts/deploy-engine.ts'
import { anAsset } from './asset.ts'
import type { Fleet } from './fleet.ts'
import { fleetEngine, loginOf } from './ssh-hosts.ts'

/** What differs between the kinds of hosts that install RPM packages. */
export interface RpmKind {
  readonly platform: string
  /** Lets a host fetch its package lists. */
  readonly refresh: string
  /** Prints how many transactions that changed demo-app the package manager itself has on record. */
  readonly transactions: string
}

export const rpmKinds = {
  dnf: {
    platform: 'rocky:9',
    // dnf creates its history when it first resolves anything.
    refresh: 'dnf -q makecache --refresh; dnf -q -C history list',
    transactions: 'dnf -q -C history list | grep -cE "^ *[0-9]+ +\\|"',
  },
  zypper: {
    platform: 'opensuse:15.6',
    refresh: 'zypper -q --non-interactive refresh --force',
    transactions: "grep -c '|install|demo-app|' /var/log/zypp/history",
  },
} as const satisfies Record<string, RpmKind>

/** Waits until no run goes on. */
const untilQuiet = 'while pgrep -f [p]atchwarden/runs >/dev/null; do sleep 0.2; done'

/** demo-app and the demo-lib that it needs, from 1.0 to this version. */
export function demoChanges(version: string, from = '1.0'): readonly PackageChange[] {
  return ['demo-app', 'demo-lib'].map((name) => ({
    name,
    architecture: 'noarch',
    from: `${from}-1`,
    to: `${version}-1`,
  }))
}

export interface RpmHosts {
  readonly assets: readonly Asset[]
  /** Lets a host fetch its package lists. */
  refresh(host: string): Promise<void>
  createEngine(options?: Partial<SshEngineOptions>): DeployEngine
  createInventory(): InventorySource
  /** All hosts unpatched, with package lists of what is published now. */
  fresh(): Promise<void>
  shell(host: string, command: string): Promise<string>
  installed(asset: Asset, name: string): Promise<string | null>
  transactions(asset: Asset): Promise<number>
  /** Where 2.0 of demo-app is published. */
  scene(): Promise<DeployScene>
}

export function rpmHosts(fleet: Fleet, kind: RpmKind): RpmHosts {
  const assets: readonly Asset[] = fleet.hosts.map((host) =>
    anAsset(host.name, { platform: kind.platform, address: host.address }),
  )

  async function shell(host: string, command: string): Promise<string> {
    return (await fleet.exec(host, ['sh', '-c', command])).stdout.trim()
  }
  const target = (asset: Asset) => loginOf(fleet, asset)
  function createInventory(): InventorySource {
    return createSshInventory({
      name: 'lab',
      hosts: assets.map((asset) => ({ asset, target: target(asset) })),
      refresh: false,
      concurrency: 2,
      clock: () => new Date(),
    })
  }
  const createEngine = (options: Partial<SshEngineOptions> = {}) => fleetEngine(fleet, options)
  /** What a run still fetches when its outcome is known holds the lock of the package manager. */
  async function refresh(host: string): Promise<void> {
    const { code, stdout, stderr } = await fleet.exec(host, ['sh', '-c', `${untilQuiet}; ${kind.refresh}`])
    if (code !== 0) throw new Error(`${host} cannot fetch its package lists: ${stdout}${stderr}`)
  }
  async function fresh(): Promise<void> {
    await fleet.reset('all')
    await Promise.all(fleet.hosts.map((host) => refresh(host.name)))
  }
  async function installed(asset: Asset, name: string): Promise<string | null> {
    const asked = await fleet.exec(asset.name, ['rpm', '-q', '--qf', '%{VERSION}-%{RELEASE}', name])
    return asked.code === 0 ? asked.stdout : null
  }
  async function transactions(asset: Asset): Promise<number> {
    return Number(await shell(asset.name, kind.transactions))
  }

  return {
    assets,
    refresh,
    createEngine,
    createInventory,
    fresh,
    shell,
    installed,
    transactions,
    async scene() {
      await fresh()
      return {
        engine: createEngine(),
        restart: createEngine,
        assets,
        changesFor: async () => demoChanges('2.0'),
        pass: () => sleep(200),
        installed,
        transactions,
        // Whoever reads the database of rpm touches the two files beside it, which hold nothing.
        // A run may still fetch what it keeps when its outcome is known.
        fingerprint: (asset) =>
          shell(
            asset.name,
            `${untilQuiet}; find /var/lib/rpm /var/lib/dnf /var/lib/zypp /var/cache/dnf /var/cache/zypp /var/lib/patchwarden /etc -type f ! -name '*-shm' ! -name '*-wal' -printf '%p %s %T@\\n' 2>/dev/null | sort`,
          ),
        breakInstallation: (asset) => fleet.fault('postinst-fails', asset.name),
        disconnect: (asset) => fleet.fault('down', asset.name),
      }
    },
  }
}
