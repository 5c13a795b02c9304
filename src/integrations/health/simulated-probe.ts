import type { Asset } from '../../core/asset.ts'
import { errorText } from '../../core/error-text.ts'
import type { HealthCheck, HealthProbe, HealthResult } from '../../core/ports.ts'
import { readFleetState, type SimulatedAsset } from '../simulated/fleet-state.ts'

export interface SimulatedProbeOptions {
  /** The example fleet's state file. */
  readonly stateFile: string
  /** Checks assets that are not simulated. */
  readonly otherwise: HealthProbe
}

/** Reads the health of simulated assets from the state file. All other assets are really checked. Never throws. */
export function createSimulatedProbe(options: SimulatedProbeOptions): HealthProbe {
  const { stateFile, otherwise } = options
  return {
    async check(asset, checks, signal) {
      if (!asset.simulated) return otherwise.check(asset, checks, signal)
      const verdict = await look(stateFile, asset)
      return checks.map((check) => simulatedResult(check, asset, verdict))
    },
  }
}

type Verdict = { readonly problem: string | null }

async function look(stateFile: string, asset: Asset): Promise<Verdict> {
  try {
    const record = (await readFleetState(stateFile)).find(asset.name)
    return { problem: record === null ? 'it is not in the example fleet' : problemOf(record) }
  } catch (error) {
    return { problem: errorText(error) }
  }
}

function problemOf(record: SimulatedAsset): string | null {
  if (record.fault === 'unreachable') return 'no answer (simulated)'
  return record.unhealthy
}

function simulatedResult(check: HealthCheck, asset: Asset, { problem }: Verdict): HealthResult {
  switch (check.kind) {
    case 'http': {
      const name = check.url.replaceAll('{address}', asset.address).replaceAll('{name}', asset.name)
      return { check: name, healthy: problem === null, detail: problem ?? `${check.expectStatus} (simulated)` }
    }
    case 'tcp':
      return { check: `tcp port ${check.port}`, healthy: problem === null, detail: problem ?? 'connected (simulated)' }
    case 'query':
      return { check: check.query, healthy: problem === null, detail: problem ?? '1 row (simulated)' }
    case 'command':
      return {
        check: check.command.join(' '),
        healthy: problem === null,
        detail: problem ?? 'exit status 0 (simulated)',
      }
  }
}
