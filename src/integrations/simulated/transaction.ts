/** Plans and applies the transactions of a simulated package manager. */

import { createHash } from 'node:crypto'
import type { PackageChange } from '../../core/change.ts'
import type { RebootRule, TransactionStep } from '../../core/ports.ts'
import { compareDpkg } from '../../core/versions/dpkg.ts'
import type { SimulatedAsset } from './fleet-state.ts'

export type Plan =
  | { readonly possible: true; readonly steps: readonly TransactionStep[] }
  | { readonly possible: false; readonly reason: string }

/** Returns the steps that `changes` cause on the asset now. A version that is already installed needs no step. */
export function planTransaction(asset: SimulatedAsset, changes: readonly PackageChange[]): Plan {
  const steps: TransactionStep[] = []
  for (const { name, architecture, from, to } of changes) {
    const installed = asset.packages.find((one) => one.name === name && one.architecture === architecture)
    if (installed?.version === to) continue
    if (from !== null && installed?.version === from && compareDpkg(from, to) > 0) {
      steps.push({ action: 'downgrade', name, architecture, from, to })
      continue
    }
    const update = asset.pending.find((one) => one.name === name && one.architecture === architecture)
    if (update === undefined) {
      const now = installed === undefined ? 'does not have it' : `has ${installed.version}`
      return { possible: false, reason: `${asset.name} is offered no ${name} ${to}; it ${now}` }
    }
    if (update.candidate !== to) {
      return { possible: false, reason: `${asset.name} is offered ${name} ${update.candidate}, not ${to}` }
    }
    if (update.held === 'hold') return { possible: false, reason: `${name} is on hold on ${asset.name}` }
    const before = installed?.version ?? null
    steps.push({ action: before === null ? 'install' : 'upgrade', name, architecture, from: before, to })
  }
  return { possible: true, steps }
}

/**
 * One sentence that says how a transaction goes beyond the approved one; `null` when it is the same or only a part of
 * it.
 */
export function transactionDifference(
  approved: readonly TransactionStep[],
  now: readonly TransactionStep[],
): string | null {
  const [before, after] = [byResult(approved), byResult(now)]
  const added = [...after].filter(([result]) => !before.has(result)).map(([, step]) => stepText(step))
  const gone = [...before].filter(([result]) => !after.has(result)).map(([, step]) => stepText(step))
  if (added.length === 0) return null
  const parts = [`it would now also ${added.join(', ')}`]
  if (gone.length > 0) parts.push(`it would no longer ${gone.join(', ')}`)
  return `The transaction is not the approved one: ${parts.join('; ')}`
}

/** Steps by their result. The version before a step does not matter, because the result was approved. */
function byResult(steps: readonly TransactionStep[]): ReadonlyMap<string, TransactionStep> {
  return new Map(
    steps.map((step) => {
      const { action, name, architecture, to } = step
      return [`${action === 'upgrade' ? 'install' : action} ${name}:${architecture} ${to}`, step]
    }),
  )
}

function stepText({ action, name, architecture, from, to }: TransactionStep): string {
  const change = [from, to].filter((version) => version !== null).join(' -> ')
  return `${action} ${name}:${architecture} ${change}`
}

export interface Applied {
  readonly asset: SimulatedAsset
  readonly changed: readonly PackageChange[]
  readonly rebooted: boolean
}

/**
 * Returns the asset after `steps`, and after a reboot if the rule and the packages require one. The new boot id is made
 * from `runKey`.
 */
export function applyTransaction(
  asset: SimulatedAsset,
  steps: readonly TransactionStep[],
  reboot: RebootRule,
  runKey: string,
): Applied {
  const next: SimulatedAsset = { ...asset, packages: [...asset.packages], pending: [...asset.pending] }
  const changed: PackageChange[] = []
  for (const { action, name, architecture, from, to } of steps) {
    if (to === null) continue
    const update = next.pending.find((one) => one.name === name && one.architecture === architecture)
    const source = update?.source ?? name
    const installed = { name, version: to, architecture, source, sourceVersion: to }
    const index = next.packages.findIndex((one) => one.name === name && one.architecture === architecture)
    if (index === -1) next.packages.push(installed)
    else next.packages[index] = { ...next.packages[index], ...installed }
    next.pending = next.pending.filter((one) => one !== update)
    if (update) next.installedUpdates = [...next.installedUpdates, update]
    if (action === 'downgrade') {
      // As in a real archive, the version before the rollback is offered again. The problem that it caused is over.
      next.pending.push(...next.installedUpdates.filter((one) => one.name === name && one.candidate === from))
      next.unhealthy = null
    }
    changed.push({ name, architecture, from, to })
    if (update?.needsReboot !== true) continue
    next.rebootRequired = true
    next.rebootPackages = [...new Set([...next.rebootPackages, name])]
    next.nextKernel = update.kernel ?? next.nextKernel
  }
  const rebooted = reboot === 'if required' && next.rebootRequired
  return { asset: rebooted ? boot(next, runKey) : next, changed, rebooted }
}

function boot(asset: SimulatedAsset, runKey: string): SimulatedAsset {
  return {
    ...asset,
    bootId: bootIdOf(`${asset.name} ${runKey}`),
    runningKernel: asset.nextKernel ?? asset.runningKernel,
    nextKernel: null,
    rebootRequired: false,
    rebootPackages: [],
    staleServices: [],
  }
}

/** The same seed gives the same boot id. So a run that is applied again after a crash has the same boot id. */
export function bootIdOf(seed: string): string {
  const hex = createHash('sha256').update(`boot ${seed}`).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
