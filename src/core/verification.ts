import { type AssetSnapshot, type Observation, observedAsset } from './asset.ts'
import { GONE } from './away.ts'
import type { DeploymentOutcome, HealthResult, HookMoment } from './ports.ts'
import type { PlannedAsset, Verification } from './proposal/proposal.ts'
import { schemeFor } from './versions/scheme.ts'

export interface VerificationFacts {
  readonly health: readonly HealthResult[]
  /** How it was before it was touched; left out where nobody looked. */
  readonly before?: readonly HealthResult[]
  /** ISO 8601 UTC. */
  readonly now: string
  /** The versions from before were promised: newer ones are not good enough. */
  readonly rollsBack?: boolean
}

/** What came of looking at an asset. `gone`: the inventory does not list it any more, so that nobody looked. */
export type Look = Observation | { readonly kind: 'gone'; readonly asset: string }

/** The id of the asset. */
export function lookedAt(look: Look): string {
  return look.kind === 'gone' ? look.asset : observedAsset(look).id
}

/**
 * What one asset says of itself after its deployment, against what was promised. The engine's outcome explains; the
 * asset's own fresh package list and health decide. `look` must have been made after the deployment.
 */
export function verify(
  planned: PlannedAsset,
  outcome: DeploymentOutcome,
  look: Look,
  { health, before, now, rollsBack = false }: VerificationFacts,
): Verification {
  const baseline = before === undefined ? {} : { healthBefore: before }
  if (outcome.state === 'not begun') return notBegun(outcome.reason, health, now)
  // Why nothing was done is known, whatever has become of the asset.
  if (look.kind === 'gone' && outcome.state === 'held back') {
    return { end: 'held back', reason: clause(outcome.reason), packages: [], health, ...baseline, at: now }
  }
  if (look.kind !== 'seen') {
    const untouched = outcome.state === 'held back' || (outcome.state === 'unreachable' && !outcome.touched)
    const ran = untouched ? 'nothing was started on it' : 'what it holds now is unknown'
    const packages = planned.changes.map((change) => ({ name: change.name, promised: change.to, version: null }))
    return {
      end: 'unreachable',
      reason: `${look.kind === 'gone' ? `It is ${GONE}` : `It does not answer (${clause(look.reason)})`}; ${ran}`,
      packages,
      health,
      ...baseline,
      at: now,
    }
  }
  const { snapshot } = look
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
  const newUpdates = newSecurityUpdates(planned, snapshot)
  const base = {
    packages,
    health,
    ...baseline,
    ...(snapshot.staleServices.length === 0 ? {} : { staleServices: snapshot.staleServices }),
    ...(newUpdates.length === 0 ? {} : { newUpdates }),
    at: now,
  }

  if (missing.length > 0) {
    const first = missing[0]
    const what =
      missing.length === 1 && first
        ? `${first.name} is ${first.version ?? 'not installed'}, ${first.promised} was promised`
        : `${missing.length} of ${packages.length} packages are not as promised`
    const kept = whyKeptAway(
      missing.map(({ name }) => name),
      snapshot,
    )
    switch (outcome.state) {
      case 'held back':
        return { ...base, end: 'held back', reason: `${clause(outcome.reason)}${kept === null ? '' : `; ${kept}`}` }
      case 'failed':
        return { ...base, end: 'failed', reason: `${clause(outcome.reason)} (${what})` }
      case 'unreachable':
        return { ...base, end: 'still missing', reason: `${clause(outcome.reason)}; it answers again now: ${what}` }
      case 'succeeded':
        if (kept !== null) return { ...base, end: 'held back', reason: `${what}: ${kept}` }
        return { ...base, end: 'still missing', reason: `The engine reported success, but ${what}` }
    }
  }
  const sickBefore = new Set((before ?? []).filter((result) => !result.healthy).map((result) => result.check))
  const sick = health.filter((result) => !result.healthy)
  if (sick.length > 0) {
    const list = sick.map((result) => `${result.check}: ${result.detail}`).join('; ')
    const since = sick.every((result) => sickBefore.has(result.check)) ? ', as it was before' : ''
    return {
      ...base,
      end: 'failed',
      reason: `The promised versions are installed, but it is not healthy${since}: ${list}`,
    }
  }
  if (outcome.state === 'failed') {
    return {
      ...base,
      end: 'failed',
      reason: `${clause(outcome.reason)} (it reports the promised versions all the same)`,
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
  return { ...base, end: 'installed', reason: `It reports the promised versions${staleNote(snapshot.staleServices)}` }
}

/** Its turn comes again, unless it cannot be brought back into service. */
function notBegun(reason: string, health: readonly HealthResult[], now: string): Verification {
  const undrain = health.find(({ check, healthy }) => check === UNDRAIN && !healthy)
  const base = { packages: [], health, at: now }
  if (undrain === undefined) return { ...base, end: 'not touched', reason: clause(reason) }
  const stuck = `the step ${UNDRAIN} failed: ${clause(undrain.detail)}`
  return { ...base, end: 'failed', reason: `Nothing was begun on it, but ${stuck}` }
}

const UNDRAIN: HookMoment = 'undrain'

function staleNote(services: readonly string[]): string {
  if (services.length === 0) return ''
  const one = services.length === 1
  return `; ${listed(services)} still ${one ? 'runs' : 'run'} what was replaced: restart ${one ? 'it' : 'them'} or reboot`
}

const NAMED = 5

function listed(names: readonly string[]): string {
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : ''
  return `${names.slice(0, NAMED).join(', ')}${more}`
}

/** What keeps packages from being installed, in the words of the asset's own package manager; `null` where it names nothing. */
function whyKeptAway(names: readonly string[], snapshot: AssetSnapshot): string | null {
  const held = snapshot.pending.filter((update) => update.held !== null && names.includes(update.name))
  if (held.length === 0) return null
  const reasons = new Map<string, string[]>()
  for (const { name, held: why } of held) {
    if (why === null) continue
    const list = reasons.get(why) ?? []
    reasons.set(why, list)
    list.push(name)
  }
  return [...reasons].map(([why, of]) => `${listed(of)} ${heldWords(why)}`).join('; ')
}

function heldWords(why: string): string {
  switch (why) {
    case 'hold':
      return 'is on hold there'
    case 'phased':
      return 'is phased by the vendor: this asset gets it later'
    case 'kept back':
      return 'is kept back: its dependencies conflict or are not to be had'
    default:
      return why
  }
}

/** Security updates that wait now, beside what was promised. */
function newSecurityUpdates(planned: PlannedAsset, snapshot: AssetSnapshot): readonly string[] {
  const promised = new Set(planned.changes.map((change) => change.name))
  return snapshot.pending
    .filter((update) => update.security && update.held === null && !promised.has(update.name))
    .map((update) => `${update.name} ${update.candidate}`)
}

/** A sentence as a part of another. */
function clause(sentence: string): string {
  return sentence.trimEnd().replace(/\.$/, '')
}
