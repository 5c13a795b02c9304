import type { Asset, Listing, Observation } from '../../core/asset.ts'
import type { InventorySource, ObserveOptions } from '../../core/ports.ts'
import { inputLimits } from '../input-limits.ts'
import { parseProbe, probeScript } from '../probe/index.ts'
import { whenAborted } from '../when-aborted.ts'
import { ranInstead } from './connection-problem.ts'
import type { SshConnections } from './connections.ts'
import { inOrderOfEnd } from './in-order-of-end.ts'
import type { SshTarget } from './target.ts'
import { runOverSsh } from './transport.ts'

export interface SshHost {
  /** The asset as configured. Its platform is replaced by the platform that the host reports. */
  readonly asset: Asset
  readonly target: SshTarget
  /** The login may use sudo, as upgrades do. Then services of other users are looked at, too. */
  readonly sudo?: boolean
  /** Why it cannot be reached as it is listed; left out or `null`: it can. */
  readonly problem?: string | null
}

export interface SshInventoryOptions {
  readonly name: string
  /** The hosts, or what reads them at each look. */
  readonly hosts: readonly SshHost[] | ((signal: AbortSignal) => Promise<readonly SshHost[]>)
  /** What the source says of itself before `asked over SSH`. Default: how many hosts there are. */
  readonly from?: string
  readonly shrinking?: 'held back'
  /** True: each host refreshes its package lists before the look. */
  readonly refresh: boolean
  /** The number of hosts that are asked at the same time. */
  readonly concurrency: number
  /** Shared with the engine of the same hosts. Left out: every look logs in separately. */
  readonly connections?: SshConnections
  readonly clock: () => Date
  /** Seconds for one look at one host. Default 180. */
  readonly timeoutSeconds?: number
}

/** A host that says nothing for so long costs its place in the row no longer: most of those never answer. */
const SILENT_MS = 2_000

/** Looks at hosts with the OpenSSH client. Yields each host as soon as it has answered. */
export function createSshInventory(options: SshInventoryOptions): InventorySource {
  const { name, hosts, refresh, concurrency, connections, clock } = options
  const timeoutSeconds = options.timeoutSeconds ?? inputLimits.hostLookSeconds

  async function look(
    { asset, target, problem = null }: SshHost,
    script: string,
    signal: AbortSignal,
    aside: () => void,
  ): Promise<Observation> {
    if (problem !== null) {
      return { kind: 'unreachable', asset, reason: `${asset.name} ${problem}.`, at: clock().toISOString() }
    }
    const silent = setTimeout(aside, SILENT_MS)
    const onOutput = () => clearTimeout(silent)
    const remote = { script, as: 'user', timeoutSeconds, signal, connections, onOutput } as const
    const answer = await runOverSsh(asset.name, target, remote).finally(onOutput)
    const now = clock()
    const reason = answer.kind === 'ran' ? ranInstead(asset.name, answer) : answer.reason
    if (reason !== null) return { kind: 'unreachable', asset, reason, at: now.toISOString() }
    return parseProbe(answer.stdout, { asset, now })
  }

  async function* observe({ only, depth, signal }: ObserveOptions): AsyncGenerator<Observation | Listing> {
    signal.throwIfAborted()
    const chosen = only === undefined ? null : new Set(only)
    const listed = typeof hosts === 'function' ? await hosts(signal) : hosts
    signal.throwIfAborted()
    const wanted = listed.filter((host) => chosen?.has(host.asset.id) ?? true)
    const stop = new AbortController()
    const forget = whenAborted(signal, () => stop.abort(signal.reason))
    const script = probeScript({ refresh, depth })
    const asRoot = probeScript({ refresh, depth, sudo: true })
    const tasks = wanted.map(
      (host) => (aside: () => void) => look(host, host.sudo === true ? asRoot : script, stop.signal, aside),
    )
    yield* inOrderOfEnd(tasks, concurrency, () => {
      forget()
      stop.abort()
    })
    if (chosen === null) yield { kind: 'all' }
  }

  const many = typeof hosts === 'function' ? 'Hosts' : hosts.length === 1 ? 'One host' : `${hosts.length} hosts`
  const { from = many, shrinking } = options
  return { name, describe: `${from} asked over SSH`, ...(shrinking ? { shrinking } : {}), observe }
}
