/** Inventory of the machine that Patchwarden runs on. This machine is never changed. docs/integrations/local-host.md */

import type { Asset, Observation } from '../../core/asset.ts'
import type { InventorySource, ObserveOptions } from '../../core/ports.ts'
import { type ProcessEnd, runBounded } from '../bounded-process.ts'
import { inputLimits } from '../input-limits.ts'
import { parseProbe, probeScript } from '../probe/index.ts'

export interface LocalInventoryOptions {
  readonly name: string
  /** The asset as configured. Its platform is replaced by the platform that the machine reports. */
  readonly asset: Asset
  readonly clock: () => Date
  /** Seconds for one look. Default 180. */
  readonly timeoutSeconds?: number
}

/** Always yields one observation. On a machine without a supported package manager, the observation says so. */
export function createLocalInventory(options: LocalInventoryOptions): InventorySource {
  const { name, asset, clock } = options
  const timeoutSeconds = options.timeoutSeconds ?? inputLimits.hostLookSeconds

  async function look(depth: ObserveOptions['depth'], signal: AbortSignal): Promise<Observation> {
    const ran = await runBounded({
      command: 'sh',
      args: ['-s'],
      input: probeScript({ refresh: false, depth }),
      timeoutSeconds,
      maxBytes: inputLimits.hostOutputBytes,
      signal,
    })
    signal.throwIfAborted()
    const problem = problemOf(ran, timeoutSeconds)
    if (problem === null) return parseProbe(ran.stdout, { asset, now: clock() })
    const reason = `This machine (${asset.name}) cannot be looked at: ${problem}.`
    return { kind: 'unreachable', asset, reason, at: clock().toISOString() }
  }

  return {
    name,
    describe: `This machine (${asset.name}), only watched`,
    async *observe({ only, depth, signal }) {
      signal.throwIfAborted()
      if (only !== undefined && !only.includes(asset.id)) return
      yield await look(depth, signal)
      if (only === undefined) yield { kind: 'all' }
    },
  }
}

function problemOf({ end }: ProcessEnd, timeoutSeconds: number): string | null {
  switch (end) {
    case 'exited':
      return null
    case 'timed out':
      return `dpkg and apt did not answer within ${timeoutSeconds} s`
    case 'too much output':
      return `its package list is longer than ${inputLimits.hostOutputBytes} bytes`
    case 'not found':
      return 'it has no POSIX shell (sh)'
    case 'aborted':
    case 'killed':
    case 'not started':
      return 'the shell that looks at it did not run to its end'
  }
}
