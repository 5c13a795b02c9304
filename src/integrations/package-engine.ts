/** An engine that installs packages only, no Windows updates. */

import { type PackageChange, packageChanges } from '../core/change.ts'
import { errorText } from '../core/error-text.ts'
import { heldBack } from '../core/held-back.ts'
import type { Batch, DeployEngine, DeploymentRequest, PreflightResult, TransactionStep } from '../core/ports.ts'

export type PackageRequest = DeploymentRequest<PackageChange>
export type PackageBatch = Batch<PackageChange>

export interface PackageEngine extends Omit<DeployEngine, 'preview' | 'preflight' | 'start'> {
  preview(
    asset: PackageRequest['asset'],
    changes: readonly PackageChange[],
    signal: AbortSignal,
  ): Promise<readonly TransactionStep[]>
  preflight(batch: PackageBatch, signal: AbortSignal): Promise<readonly PreflightResult[]>
  start(batch: PackageBatch, signal: AbortSignal): ReturnType<DeployEngine['start']>
}

/**
 * Makes a `DeployEngine` of an engine for packages. A Windows update is refused with a sentence before anything begins.
 */
export function packageEngine(engine: PackageEngine): DeployEngine {
  const { name } = engine
  function packagesOf(request: DeploymentRequest): PackageRequest {
    return { ...request, changes: packageChanges(request.changes, name) }
  }
  return {
    ...engine,
    preview: async (asset, changes, signal) => engine.preview(asset, packageChanges(changes, name), signal),
    async preflight({ key, deployments }, signal) {
      const fit: PackageRequest[] = []
      const refused: PreflightResult[] = []
      for (const request of deployments) {
        try {
          fit.push(packagesOf(request))
        } catch (error) {
          refused.push({ asset: request.asset.id, ready: false, outcome: heldBack(errorText(error)) })
        }
      }
      return [...refused, ...(fit.length === 0 ? [] : await engine.preflight({ key, deployments: fit }, signal))]
    },
    start: async ({ key, deployments }, signal) =>
      engine.start({ key, deployments: deployments.map(packagesOf) }, signal),
  }
}
