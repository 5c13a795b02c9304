import type { Observation } from './asset.ts'
import type { DeploymentOutcome, HealthResult } from './ports.ts'
import type { PlannedAsset, Verification } from './proposal/proposal.ts'
import { schemeFor } from './versions/scheme.ts'

/**
 * What one asset says of itself after its deployment, against what was promised. The engine's outcome explains; the
 * asset's own fresh package list and health decide. `observation` must have been made after the deployment.
 */
export function verify(
  planned: PlannedAsset,
  outcome: DeploymentOutcome,
  observation: Observation,
  health: readonly HealthResult[],
  now: string,
  /** The versions from before were promised: newer ones are not good enough. */
  rollsBack = false,
): Verification {
  if (observation.kind === 'unreachable') {
    const ran =
      outcome.state === 'unreachable' && !outcome.touched ? 'nothing was started on it' : 'what it holds now is unknown'
    const packages = planned.changes.map((change) => ({ name: change.name, promised: change.to, version: null }))
    return {
      end: 'unreachable',
      reason: `It does not answer (${clause(observation.reason)}); ${ran}`,
      packages,
      health,
      at: now,
    }
  }
  const { snapshot } = observation
  const scheme = schemeFor(snapshot.asset.platform)
  const packages = planned.changes.map((change) => {
    const installed = snapshot.packages.filter((item) => item.name === change.name)
    const exact = installed.find((item) => item.architecture === change.architecture)
    const found = exact ?? (installed.length === 1 ? installed[0] : undefined)
    return { name: change.name, promised: change.to, version: found?.version ?? null }
  })
  const missing = packages.filter(({ version, promised }) => {
    if (version === null) return true
    const compared = scheme.compare(version, promised)
    return rollsBack ? compared !== 0 : compared < 0
  })
  const base = { packages, health, at: now }

  if (missing.length > 0) {
    const first = missing[0]
    const what =
      missing.length === 1 && first
        ? `${first.name} is ${first.version ?? 'not installed'}, ${first.promised} was promised`
        : `${missing.length} of ${packages.length} packages are not as promised`
    switch (outcome.state) {
      case 'held back':
        return { ...base, end: 'held back', reason: clause(outcome.reason) }
      case 'failed':
        return { ...base, end: 'failed', reason: `${clause(outcome.reason)} (${what})` }
      case 'unreachable':
        return { ...base, end: 'still missing', reason: `${clause(outcome.reason)}; it answers again now: ${what}` }
      case 'succeeded':
        return { ...base, end: 'still missing', reason: `The engine reported success, but ${what}` }
    }
  }
  const sick = health.filter((result) => !result.healthy)
  if (sick.length > 0) {
    const list = sick.map((result) => `${result.check}: ${result.detail}`).join('; ')
    return { ...base, end: 'failed', reason: `The promised versions are installed, but it is not healthy: ${list}` }
  }
  if (outcome.state === 'failed') {
    return {
      ...base,
      end: 'failed',
      reason: `${clause(outcome.reason)} (the promised versions are installed all the same)`,
    }
  }
  if (rollsBack) return { ...base, end: 'rolled back', reason: 'It reports the versions from before' }
  if (snapshot.rebootRequired) {
    const by = snapshot.rebootPackages.length > 0 ? ` (asked for by ${snapshot.rebootPackages.join(', ')})` : ''
    return { ...base, end: 'waiting for reboot', reason: `Installed; a reboot is still needed${by}` }
  }
  if (outcome.state === 'succeeded' && outcome.rebooted) {
    return {
      ...base,
      end: 'rebooted and re-scanned',
      reason: 'Installed, rebooted, and seen again with the promised versions',
    }
  }
  if (outcome.state === 'held back') {
    return { ...base, end: 'installed', reason: 'The promised versions are there already, installed by somebody else' }
  }
  return { ...base, end: 'installed', reason: 'It reports the promised versions' }
}

/** A sentence as a part of another. */
function clause(sentence: string): string {
  return sentence.trimEnd().replace(/\.$/, '')
}
