import { type AssetSnapshot, type Observation, observedAsset } from './asset.ts'
import { GONE } from './away.ts'
import { type Change, changeTarget, isApplied } from './change.ts'
import { firstNames } from './first-names.ts'
import type { DeploymentOutcome, HealthResult, HookMoment } from './ports.ts'
import type { PlannedAsset, Verification } from './proposal/proposal.ts'
import { isBefore, minuteOf } from './time/instant.ts'

export interface VerificationFacts {
  readonly health: readonly HealthResult[]
  /** Health before the asset was touched; left out: nobody looked. */
  readonly before?: readonly HealthResult[]
  /** ISO 8601 UTC. */
  readonly now: string
  /** When the deployment was started, ISO 8601, UTC. Looks from before do not count. Left out: not known. */
  readonly startedAt?: string
  /** The rollout rolls an earlier one back. */
  readonly rollsBack?: boolean
  /** What the journals of our starts say of this asset. Left out: they were not asked. */
  readonly own?: OwnWork
}

/**
 * What the journals on the host, or the records of the engine's system, say of our starts of one asset under this
 * proposal. `at work`: a start has not ended there. `not ours`: none of them has changed it. `not known`: they do not
 * say.
 */
export type OwnWork =
  | { readonly kind: 'ours'; readonly startedAt: string; readonly outcome: DeploymentOutcome }
  | { readonly kind: 'at work'; readonly startedAt: string; readonly progress: string }
  | { readonly kind: 'not ours' }
  /** `says`: what the system of the asset says instead, as a sentence. */
  | { readonly kind: 'not known'; readonly says?: string }

/** The result of looking at an asset. `gone`: the inventory does not list the asset any more, so nobody looked. */
export type Look = Observation | { readonly kind: 'gone'; readonly asset: string }

/** The id of the asset. */
export function lookedAt(look: Look): string {
  return look.kind === 'gone' ? look.asset : observedAsset(look).id
}

/** What every verification has, whatever its end. */
type Base = Omit<Verification, 'end' | 'reason'>

/**
 * Compares what an asset says about itself after its deployment with what was promised. The engine's outcome only
 * explains; the asset's own new package list and health decide. `look` must be from after the deployment.
 */
export function verify(
  planned: PlannedAsset,
  outcome: DeploymentOutcome,
  look: Look,
  facts: VerificationFacts,
): Verification {
  const { health, before, now } = facts
  if (outcome.state === 'not begun') return notBegun(outcome.reason, health, now)
  if (look.kind !== 'seen') return notSeen(planned, outcome, look, facts)
  // A journal that has spoken since knows more than what was recorded when the connection was lost.
  if (facts.own?.kind === 'ours' && facts.own.outcome !== outcome && outcome.state !== 'succeeded')
    return verify(planned, facts.own.outcome, look, facts)
  const { snapshot } = look
  const early = saidBefore(snapshot, outcome, facts)
  const results = planned.changes.map((change) => resultOf(change, snapshot, early))
  const newUpdates = newSecurityUpdates(planned, snapshot)
  const base: Base = {
    packages: results.map(({ said }) => said),
    health,
    ...(before === undefined ? {} : { healthBefore: before }),
    ...(snapshot.staleServices.length === 0 ? {} : { staleServices: snapshot.staleServices }),
    ...(newUpdates.length === 0 ? {} : { newUpdates }),
    at: now,
  }
  const missing = results.filter(({ said }) => said.result === 'missing')
  if (missing.length > 0) {
    const keptAway = whyKeptAway(
      missing.map(({ said }) => said.name),
      snapshot,
    )
    const what = `${lacking(missing, results.length)}${stillAtWork(facts.own)}`
    return { ...base, ...endWithout(outcome, what, keptAway, facts.own) }
  }
  const untold = early ? saidNothing(snapshot) : whatIsUntold(results, snapshot)
  if (untold !== null) return { ...base, ...endUnknown(outcome, untold) }
  const end =
    endHalfDone(outcome, halfDoneOf(planned, snapshot)) ??
    unhealthyEnd(health, before ?? []) ??
    endWithAll(outcome, snapshot, facts)
  return { ...base, ...withNotes(end, outcome) }
}

/** What was to be installed and lies there half done, as clauses. */
function halfDoneOf({ changes, transaction }: PlannedAsset, { halfDone = [] }: AssetSnapshot): readonly string[] {
  const wanted = new Set([...changes, ...transaction].map(({ name }) => name))
  return halfDone.flatMap(({ name, how }) => (wanted.has(name) ? [`${name} ${how}`] : []))
}

/** The end of an asset that reports every version, but not whole; `null`: nothing lies there half done. */
function endHalfDone(outcome: DeploymentOutcome, left: readonly string[]): End | null {
  if (left.length === 0 || outcome.state === 'failed') return null
  const what = `left half done there: ${firstNames(left)}`
  if (outcome.state === 'held back') return { end: 'held back', reason: `${clause(outcome.reason)}; ${what}` }
  return { end: 'failed', reason: `It reports the promised versions, but an installation was interrupted; ${what}` }
}

/** What the installation left for people to see to belongs to its end, whatever that is. */
function withNotes({ end, reason }: End, outcome: DeploymentOutcome): End {
  const notes = outcome.state === 'succeeded' ? (outcome.notes ?? []) : []
  return { end, reason: [reason, ...notes].join('; ') }
}

type End = Pick<Verification, 'end' | 'reason'>

function notSeen(
  planned: PlannedAsset,
  outcome: DeploymentOutcome,
  look: Exclude<Look, { readonly kind: 'seen' }>,
  { health, before, now }: VerificationFacts,
): Verification {
  const rest = { health, ...(before === undefined ? {} : { healthBefore: before }), at: now }
  // The reason for changing nothing is known, even if the asset is gone now.
  if (look.kind === 'gone' && outcome.state === 'held back')
    return { end: 'held back', reason: clause(outcome.reason), packages: [], ...rest }
  if (outcome.state === 'silent') return { end: 'silent', reason: clause(outcome.reason), packages: [], ...rest }
  const untouched = outcome.state === 'held back' || (outcome.state === 'unreachable' && !outcome.touched)
  const ran = untouched ? 'nothing was started on it' : 'what it holds now is unknown'
  const answer = look.kind === 'gone' ? `It is ${GONE}` : `It does not answer (${clause(look.reason)})`
  // That our own reboot came before the silence is its likely cause.
  const rebooted = outcome.state === 'unreachable' && outcome.rebootedAt !== undefined
  const seen = rebooted ? clause(outcome.reason) : answer
  const packages = planned.changes.map(
    (change): Promised => ({ name: change.name, promised: changeTarget(change), version: null, result: 'not known' }),
  )
  return { end: 'unreachable', reason: `${seen}; ${ran}`, packages, ...rest }
}

type Promised = Verification['packages'][number]

interface Result {
  readonly change: Change
  readonly said: Promised
}

function resultOf(change: Change, snapshot: AssetSnapshot, early: boolean): Result {
  const { applied, found: version } = early
    ? ({ applied: 'not known', found: null } as const)
    : isApplied(change, snapshot)
  const said = { name: change.name, promised: changeTarget(change), version }
  if (applied === 'yes') return { change, said }
  return { change, said: { ...said, result: applied === 'no' ? 'missing' : 'not known' } }
}

/** A clause about the changes that are missing. `all`: number of promised changes. */
function lacking(missing: readonly Result[], all: number): string {
  const [first] = missing
  if (first === undefined || missing.length > 1)
    return `${missing.length} of ${all} ${missing.some(({ change }) => change.kind === 'update') ? 'changes' : 'packages'} are not as promised`
  const { change, said } = first
  if (change.kind !== 'update')
    return `${said.name} is ${said.version ?? 'not installed'}, ${said.promised} was promised`
  if (change.undone === true) return `${said.name} is still installed, and it was to be taken off`
  const build = said.version === null || change.build === null ? '' : ` (its build is ${said.version})`
  return `${said.name} is not installed${build}`
}

/** Whether the look is from before the start. Any look counts for an asset held back: nothing was started on it. */
function saidBefore({ observedAt }: AssetSnapshot, { state }: DeploymentOutcome, facts: VerificationFacts): boolean {
  return facts.startedAt !== undefined && state !== 'held back' && isBefore(observedAt, facts.startedAt)
}

/** A clause for an asset that has said nothing since it was started. */
function saidNothing({ observedAt }: AssetSnapshot): string {
  return `it has said nothing since it was started: its last word is of ${minuteOf(observedAt)} UTC`
}

/** A clause: what the asset does not tell about the promised changes; `null`: it tells of all of them. */
function whatIsUntold(results: readonly Result[], { observedAt }: AssetSnapshot): string | null {
  const names = results.flatMap(({ said }) => (said.result === 'not known' ? [said.name] : []))
  if (names.length === 0) return null
  const are = names.length === 1 ? 'is' : 'are'
  return `what it said on ${minuteOf(observedAt)} UTC does not tell whether ${firstNames(names)} ${are} there`
}

/** The end of an asset that lacks nothing it reports on, but does not report on every change. `what`: a clause. */
function endUnknown(outcome: Exclude<DeploymentOutcome, { state: 'not begun' }>, what: string): End {
  if (outcome.state === 'failed' || outcome.state === 'held back')
    return { end: outcome.state, reason: `${clause(outcome.reason)}; ${what}` }
  if (outcome.state === 'silent') return { end: 'silent', reason: clause(outcome.reason) }
  return { end: 'not known', reason: `${what.charAt(0).toUpperCase()}${what.slice(1)}` }
}

/** The end of an asset that lacks changes. `what`: a clause about them; `keptAway`: why they are missing, if known. */
function endWithout(
  outcome: Exclude<DeploymentOutcome, { state: 'not begun' }>,
  what: string,
  keptAway: string | null,
  own: OwnWork | undefined,
): End {
  switch (outcome.state) {
    case 'held back': {
      const kept = keptAway === null ? '' : `; ${keptAway}`
      return { end: 'held back', reason: `${clause(outcome.reason)}${kept}${stillAtWork(own)}` }
    }
    case 'failed':
      return { end: 'failed', reason: `${clause(outcome.reason)} (${what})` }
    case 'unreachable':
    case 'silent':
      return { end: 'still missing', reason: `${clause(outcome.reason)}; it answers again now: ${what}` }
    case 'succeeded':
      if (keptAway !== null) return { end: 'held back', reason: `${what}: ${keptAway}` }
      return { end: 'still missing', reason: `The engine reported success, but ${what}` }
  }
}

/** The end of an unhealthy asset with all promised changes; `null`: it is healthy. */
function unhealthyEnd(health: readonly HealthResult[], before: readonly HealthResult[]): End | null {
  const unhealthy = health.filter((result) => !result.healthy)
  if (unhealthy.length === 0) return null
  const unhealthyBefore = new Set(before.filter((result) => !result.healthy).map((result) => result.check))
  const list = unhealthy.map((result) => `${result.check}: ${result.detail}`).join('; ')
  const since = unhealthy.every((result) => unhealthyBefore.has(result.check)) ? ', as it was before' : ''
  return { end: 'failed', reason: `The promised versions are installed, but it is not healthy${since}: ${list}` }
}

/** The end of a healthy asset with all promised changes. */
function endWithAll(outcome: DeploymentOutcome, snapshot: AssetSnapshot, facts: VerificationFacts): End {
  const { rollsBack = false, own } = facts
  if (outcome.state === 'failed')
    return { end: 'failed', reason: `${clause(outcome.reason)} (it reports the promised versions all the same)` }
  if (rollsBack) return { end: 'rolled back', reason: 'It reports the versions from before' }
  if (snapshot.rebootRequired) {
    const by = snapshot.rebootPackages.length > 0 ? ` (asked for by ${snapshot.rebootPackages.join(', ')})` : ''
    return {
      end: 'waiting for reboot',
      reason: `Installed; ${rebootWords(outcome, snapshot)}a reboot is still needed${by}`,
    }
  }
  if (outcome.state === 'succeeded' && outcome.rebooted) {
    const reason = `Installed, rebooted${rebootedBy(outcome)}, and seen again with the promised versions${byOurStart(own)}`
    return { end: 'rebooted and re-scanned', reason }
  }
  const stale = staleNote(snapshot.staleServices)
  if (outcome.state === 'held back')
    return { end: 'installed', reason: `The promised versions are there already${whoDidIt(own)}${stale}` }
  return { end: 'installed', reason: `It reports the promised versions${byOurStart(own)}${stale}` }
}

/** What a reboot has not achieved; empty: there was none. */
function rebootWords(outcome: DeploymentOutcome, { runningKernel }: AssetSnapshot): string {
  if (outcome.state !== 'succeeded' || !outcome.rebooted) return ''
  const kernel = runningKernel === null ? '' : ` with the kernel ${runningKernel}`
  return `rebooted${rebootedBy(outcome)}, it came back${kernel}: `
}

/** A reboot without a time was not ordered by us: a system that was told restarts its machines by itself. */
function rebootedBy(outcome: DeploymentOutcome): string {
  const at = 'rebootedAt' in outcome ? outcome.rebootedAt : undefined
  return at === undefined ? '' : ` by Patchwarden at ${minuteOf(at)} UTC`
}

/** Who installed what was there before this start could begin. Only a journal or a record can say that it was not us. */
function whoDidIt(own: OwnWork | undefined): string {
  switch (own?.kind) {
    case 'not ours':
      return ', installed by somebody else'
    case 'at work':
      return stillAtWork(own)
    case 'ours':
      return byOurStart(own)
    default:
      return own?.says === undefined
        ? '; it is not known who installed them'
        : `; who installed them, only its system can say: ${clause(own.says)}`
  }
}

/** Names our own start, where the outcome that was recorded at first did not say that it had come to its end. */
function byOurStart(own: OwnWork | undefined): string {
  return own?.kind === 'ours'
    ? `: what Patchwarden began on ${minuteOf(own.startedAt)} UTC installed them, as its own journal says`
    : ''
}

function stillAtWork(own: OwnWork | undefined): string {
  if (own?.kind !== 'at work') return ''
  return `; what Patchwarden began on ${minuteOf(own.startedAt)} UTC has not ended there (${own.progress})`
}

/** The end of an asset on which no work began. It will be tried again, unless the step `undrain` failed. */
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
  return `; ${firstNames(services)} still ${one ? 'runs' : 'run'} what was replaced: restart ${one ? 'it' : 'them'} or reboot`
}

/** Why packages cannot be installed, as the asset's own package manager says; `null`: it gives no reason. */
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
  return [...reasons].map(([why, of]) => `${firstNames(of)} ${heldWords(why)}`).join('; ')
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

/** Security updates that are pending now and were not promised. */
function newSecurityUpdates(planned: PlannedAsset, snapshot: AssetSnapshot): readonly string[] {
  const promised = new Set(planned.changes.map((change) => change.name))
  return snapshot.pending
    .filter((update) => update.security && update.held === null && !promised.has(update.name))
    .map((update) => `${update.name} ${update.candidate}`)
}

/** A sentence without its full stop, as a part of another sentence. */
function clause(sentence: string): string {
  return sentence.trimEnd().replace(/\.$/, '')
}
