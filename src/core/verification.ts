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

/** The result of looking at an asset. `gone`: the inventory does not list it any more, so nobody looked. */
export type Look = Observation | { readonly kind: 'gone'; readonly asset: string }

/** The id of the asset. */
export function lookedAt(look: Look): string {
  return look.kind === 'gone' ? look.asset : observedAsset(look).id
}

/** What is said of every end. */
type Base = Omit<Verification, 'end' | 'reason'>

/**
 * What one asset says about itself after its deployment, compared with what was promised. The engine's outcome
 * explains; the asset's own fresh package list and health decide. `look` must have been made after the deployment.
 */
export function verify(
  planned: PlannedAsset,
  outcome: DeploymentOutcome,
  look: Look,
  facts: VerificationFacts,
): Verification {
  const { health, before, now, rollsBack = false } = facts
  if (outcome.state === 'not begun') return notBegun(outcome.reason, health, now)
  if (look.kind !== 'seen') return notSeen(planned, outcome, look, facts)
  const { snapshot } = look
  const packages = planned.changes.map((change) => promised(change, snapshot))
  const newUpdates = newSecurityUpdates(planned, snapshot)
  const base: Base = {
    packages,
    health,
    ...(before === undefined ? {} : { healthBefore: before }),
    ...(snapshot.staleServices.length === 0 ? {} : { staleServices: snapshot.staleServices }),
    ...(newUpdates.length === 0 ? {} : { newUpdates }),
    at: now,
  }
  const broken = packages.filter((one) => !isAsPromised(one, snapshot, rollsBack))
  const [first] = broken
  if (first !== undefined) {
    const what =
      broken.length === 1
        ? `${first.name} is ${first.version ?? 'not installed'}, ${first.promised} was promised`
        : `${broken.length} of ${packages.length} packages are not as promised`
    const names = broken.map(({ name }) => name)
    return { ...base, ...endWithout(outcome, what, whyKeptAway(names, snapshot)) }
  }
  return { ...base, ...(unhealthyEnd(health, before ?? []) ?? endWithAll(outcome, snapshot, rollsBack)) }
}

type End = Pick<Verification, 'end' | 'reason'>

function notSeen(
  planned: PlannedAsset,
  outcome: DeploymentOutcome,
  look: Exclude<Look, { readonly kind: 'seen' }>,
  { health, before, now }: VerificationFacts,
): Verification {
  const rest = { health, ...(before === undefined ? {} : { healthBefore: before }), at: now }
  // Why nothing was done is known, whatever has become of the asset.
  if (look.kind === 'gone' && outcome.state === 'held back')
    return { end: 'held back', reason: clause(outcome.reason), packages: [], ...rest }
  const untouched = outcome.state === 'held back' || (outcome.state === 'unreachable' && !outcome.touched)
  const ran = untouched ? 'nothing was started on it' : 'what it holds now is unknown'
  const seen = look.kind === 'gone' ? `It is ${GONE}` : `It does not answer (${clause(look.reason)})`
  const packages = planned.changes.map((change) => ({ name: change.name, promised: change.to, version: null }))
  return { end: 'unreachable', reason: `${seen}; ${ran}`, packages, ...rest }
}

type Promised = Verification['packages'][number]

function promised(change: PlannedAsset['changes'][number], { packages }: AssetSnapshot): Promised {
  const installed = packages.filter((item) => item.name === change.name)
  const exact = installed.find((item) => item.architecture === change.architecture)
  const found = exact ?? (installed.length === 1 ? installed[0] : undefined)
  return { name: change.name, promised: change.to, version: found?.version ?? null }
}

function isAsPromised({ version, promised }: Promised, { asset }: AssetSnapshot, rollsBack: boolean): boolean {
  if (version === null) return false
  const compared = schemeFor(asset.platform).compare(version, promised)
  return rollsBack ? compared === 0 : compared >= 0
}

/** How an asset ended that does not have all that was promised: `what` it lacks, and `keptAway`: why, if known. */
function endWithout(
  outcome: Exclude<DeploymentOutcome, { state: 'not begun' }>,
  what: string,
  keptAway: string | null,
): End {
  switch (outcome.state) {
    case 'held back':
      return { end: 'held back', reason: `${clause(outcome.reason)}${keptAway === null ? '' : `; ${keptAway}`}` }
    case 'failed':
      return { end: 'failed', reason: `${clause(outcome.reason)} (${what})` }
    case 'unreachable':
      return { end: 'still missing', reason: `${clause(outcome.reason)}; it answers again now: ${what}` }
    case 'succeeded':
      if (keptAway !== null) return { end: 'held back', reason: `${what}: ${keptAway}` }
      return { end: 'still missing', reason: `The engine reported success, but ${what}` }
  }
}

/** The end of an asset with all that was promised, where it is not healthy; `null`: it is. */
function unhealthyEnd(health: readonly HealthResult[], before: readonly HealthResult[]): End | null {
  const unhealthy = health.filter((result) => !result.healthy)
  if (unhealthy.length === 0) return null
  const unhealthyBefore = new Set(before.filter((result) => !result.healthy).map((result) => result.check))
  const list = unhealthy.map((result) => `${result.check}: ${result.detail}`).join('; ')
  const since = unhealthy.every((result) => unhealthyBefore.has(result.check)) ? ', as it was before' : ''
  return { end: 'failed', reason: `The promised versions are installed, but it is not healthy${since}: ${list}` }
}

/** The end of a healthy asset with all that was promised. */
function endWithAll(outcome: DeploymentOutcome, snapshot: AssetSnapshot, rollsBack: boolean): End {
  if (outcome.state === 'failed')
    return { end: 'failed', reason: `${clause(outcome.reason)} (it reports the promised versions all the same)` }
  if (rollsBack) return { end: 'rolled back', reason: 'It reports the versions from before' }
  if (snapshot.rebootRequired) {
    const by = snapshot.rebootPackages.length > 0 ? ` (asked for by ${snapshot.rebootPackages.join(', ')})` : ''
    return { end: 'waiting for reboot', reason: `Installed; a reboot is still needed${by}` }
  }
  if (outcome.state === 'succeeded' && outcome.rebooted) {
    const reason = 'Installed, rebooted, and seen again with the promised versions'
    return { end: 'rebooted and re-scanned', reason }
  }
  if (outcome.state === 'held back')
    return { end: 'installed', reason: 'The promised versions are there already, installed by somebody else' }
  return { end: 'installed', reason: `It reports the promised versions${staleNote(snapshot.staleServices)}` }
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

/**
 * What keeps packages from being installed, in the words of the asset's own package manager; `null` where it names
 * nothing.
 */
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
      return 'is phased by the vendor: this server gets it later'
    case 'kept back':
      return 'is kept back: its dependencies conflict or are not available'
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
