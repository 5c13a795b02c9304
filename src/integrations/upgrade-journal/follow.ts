import type { Observation } from '../../core/asset.ts'
import type { PackageChange } from '../../core/change.ts'
import { heldBack } from '../../core/held-back.ts'
import { notBegun, STOPPED, TIME_OVER } from '../../core/not-begun.ts'
import type { DeploymentOutcome } from '../../core/ports.ts'
import { shortened } from '../apt/failure.ts'
import { linesOf, markedValue, type Sections, splitSections } from '../machine/sections.ts'
import { type ProbedAsset, readProbeWithin } from '../probe/index.ts'
import { keptFiles } from './kept-files.ts'
import type { PackageManager } from './package-manager.ts'
import { planDifference } from './plan.ts'

/** The progress of an upgrade, as its host reports it. */
export type Progress =
  | { readonly kind: 'running'; readonly progress: string; readonly ageSeconds: number; readonly log: string }
  /** Everything is installed, and the host was told to reboot. It does not have a new boot id yet. */
  | { readonly kind: 'rebooting'; readonly changed: readonly PackageChange[]; readonly log: string }
  | { readonly kind: 'ended'; readonly outcome: DeploymentOutcome }
  /** The answer cannot be used. */
  | { readonly kind: 'unclear'; readonly reason: string }

/** Reads the output of follow.sh on the host called `name`. */
export function parseProgress(manager: PackageManager, output: string, name: string, mark: string): Progress {
  const sections = splitSections(output, 'patchwarden-follow')
  if (sections === null) return { kind: 'unclear', reason: `The answer of ${name} was cut off.` }
  if (sections.has('no-journal')) {
    return { kind: 'unclear', reason: `${name} cannot keep a journal in /var/lib/patchwarden.` }
  }
  const owner = markedValue(sections, 'asset')
  if (owner !== null && owner !== mark) return ended(otherAsset(name))

  const result = markedValue(sections, 'result')
  const decision = markedValue(sections, 'decision')
  if (result === null) return withoutResult(manager, sections, name, decision)
  if (result.startsWith('held ')) return ended(heldBeforehand(manager, sections, name, result.slice('held '.length)))
  if (result !== 'exit 0') return ended(failed(manager, sections, name, decision))
  return succeeded(manager, sections)
}

/** Returns the host's look at itself after the upgrade; `null`: it was not asked for. */
export function parseLookAfter(output: string, probed: ProbedAsset): Observation | null {
  const sections = splitSections(output, 'patchwarden-follow')
  return sections === null ? null : readProbeWithin(sections, probed)
}

/** True when the output contains the result of the upgrade. Output without a result may be out of date. */
export function isLast(output: string): boolean {
  const sections = splitSections(output, 'patchwarden-follow')
  return sections !== null && markedValue(sections, 'result') !== null
}

export function otherAsset(name: string): Extract<DeploymentOutcome, { state: 'held back' }> {
  const reason = `${name} is the same machine as another server of this batch: list it once.`
  return { state: 'held back', reason, log: '' }
}

function ended(outcome: DeploymentOutcome): Progress {
  return { kind: 'ended', outcome }
}

function succeeded(manager: PackageManager, sections: Sections): Progress {
  const changed = changesOf(sections)
  const halfDone = linesOf(sections, 'half-done')
  if (halfDone.length > 0) {
    const reason = `The upgrade ended without an error, but left behind: ${named(halfDone)}. To mend it, ${manager.repair}.`
    return ended({ state: 'failed', reason, log: halfDone.slice(0, 20).join('\n') })
  }
  const services = linesOf(sections, 'services')
  const log = shortened([...linesOf(sections, 'log').filter(manager.isOutcome), ...services])
  const broken = services.filter((line) => line.startsWith('failed ')).map((line) => line.slice('failed '.length))
  if (broken.length > 0) {
    const named = broken.map((line) => line.split(' ', 1)[0]).join(', ')
    const whys = broken.length === 1 ? broken.map((line) => line.slice(named.length + 1)) : broken
    const reason = `All was installed, but ${named} did not restart: ${shortened(whys).replaceAll('\n', '; ')}.`
    return ended({ state: 'failed', reason, log })
  }
  const asked = markedValue(sections, 'reboot')
  const now = markedValue(sections, 'boot-id')
  const kept = keptFiles(linesOf(sections, 'log'))
  const done = { state: 'succeeded', changed, ...(kept.length === 0 ? {} : { notes: kept }) } as const
  if (sections.has('reboot-refused')) {
    const refused = `${log}\nThe host would not reboot when it was told to.`
    return ended({ ...done, rebooted: false, log: refused })
  }
  if (asked === null) return ended({ ...done, rebooted: false, log })
  if (asked === now) return { kind: 'rebooting', changed, log }
  return ended({ ...done, rebooted: true, log })
}

function heldBeforehand(manager: PackageManager, sections: Sections, name: string, why: string): DeploymentOutcome {
  const log = manager.tellingLines(linesOf(sections, 'log').join('\n'))
  const halfDone = linesOf(sections, 'half-done')
  switch (why) {
    case 'lock': {
      const holder = markedValue(sections, 'lock-holder') ?? 'unknown'
      return heldBack(
        `Another program did not finish with ${manager.database} on ${name} in time: process ${holder}.`,
        '',
      )
    }
    case 'over':
      return notBegun(overSentence(manager, sections))
    case 'half-done':
      return heldBack(
        `An earlier installation on ${name} was interrupted (${halfDone[0] ?? ''}): ${manager.repair}.`,
        halfDone.slice(0, 20).join('\n'),
      )
    case 'changed':
      return heldBack(differenceOf(sections), log)
    default:
      return heldBack(`${manager.failureReason(linesOf(sections, 'log').join('\n'))} (${name}).`, log)
  }
}

/** The outcome of a failed transaction. Before the gate let the transaction begin, nothing was changed. */
function failed(manager: PackageManager, sections: Sections, name: string, decision: string | null): DeploymentOutcome {
  const text = linesOf(sections, 'log').join('\n')
  const log = manager.tellingLines(text)
  if (decision === 'committed') {
    const halfDone = linesOf(sections, 'half-done')
    const left = halfDone.length === 0 ? '' : `; left behind: ${named(halfDone)}. To mend it, ${manager.repair}`
    return { state: 'failed', reason: `${manager.failureReason(text)}${left}.`, log }
  }
  if (decision === 'changed') return heldBack(differenceOf(sections), log)
  const never = neverBegan(manager, sections, decision)
  if (never !== null) return never
  return heldBack(`${manager.failureReason(text)} (${name}); nothing was changed.`, log)
}

/** The first five lines, and the number of the others, so that nobody takes five lines for all. */
function named(lines: readonly string[]): string {
  const more = lines.length > 5 ? ` and ${lines.length - 5} more` : ''
  return `${lines.slice(0, 5).join(', ')}${more}`
}

/** The outcome when it was decided that the upgrade does not begin; this is not a failure. `null`: no such decision. */
function neverBegan(manager: PackageManager, sections: Sections, decision: string | null): DeploymentOutcome | null {
  if (decision === 'cancelled') return notBegun(STOPPED)
  return decision === 'over' ? notBegun(overSentence(manager, sections)) : null
}

function overSentence(manager: PackageManager, sections: Sections): string {
  const holder = markedValue(sections, 'lock-holder')
  if (holder === null) return TIME_OVER
  return `Its time was over before process ${holder} had finished with ${manager.database}.`
}

function withoutResult(manager: PackageManager, sections: Sections, name: string, decision: string | null): Progress {
  const never = neverBegan(manager, sections, decision)
  if (never !== null) return ended(never)
  if (decision === 'lost') {
    const reason = `The connection to ${name} was lost before the upgrade began; nothing was changed.`
    return ended({ state: 'unreachable', reason, touched: false, log: '' })
  }
  const log = linesOf(sections, 'log')
  if (sections.has('alive')) {
    const age = Number(markedValue(sections, 'age') ?? 0) || 0
    return {
      kind: 'running',
      progress: progressText(manager, sections, decision),
      ageSeconds: age,
      log: shortened(log),
    }
  }
  const booted = markedValue(sections, 'run-boot-id') !== markedValue(sections, 'boot-id')
  const what = booted ? 'interrupted by a reboot' : 'killed on the host'
  if (decision !== 'committed') {
    return ended(
      heldBack(`The upgrade of ${name} was ${what} before it changed anything.`, manager.tellingLines(log.join('\n'))),
    )
  }
  const halfDone = linesOf(sections, 'half-done')
  const missing = missingSteps(sections)
  if (halfDone.length === 0 && missing.length === 0) {
    const note = `The upgrade was ${what} when all was installed; it could not say so itself.`
    return ended({ state: 'succeeded', changed: changesOf(sections), rebooted: booted, log: note })
  }
  const left = halfDone.length > 0 ? `left behind: ${named(halfDone)}` : `not installed: ${named(missing)}`
  const mend = halfDone.length > 0 ? ` To mend it, ${manager.repair}.` : ''
  return ended({
    state: 'failed',
    reason: `The upgrade was ${what}; ${left}.${mend}`,
    log: [...halfDone.slice(0, 20), shortened(log)].join('\n'),
  })
}

function differenceOf(sections: Sections): string {
  const planned = linesOf(sections, 'planned')
  if (planned.length === 0) return 'The host has nothing left to do of what was approved.'
  const difference = planDifference(linesOf(sections, 'plan'), planned)
  return difference ?? 'The host would now do something else than was approved.'
}

function progressText(manager: PackageManager, sections: Sections, decision: string | null): string {
  const holder = markedValue(sections, 'lock-holder')
  if (holder !== null) return `waiting for process ${holder} to finish with ${manager.database}`
  const total = linesOf(sections, 'plan').length
  const [fetched = 0, unpacked = 0, configured = 0] = (markedValue(sections, 'counts') ?? '').split(' ').map(Number)
  if (decision !== 'committed') return fetched > 0 ? `downloading ${fetched} of ${total}` : 'checking'
  if (configured > 0 && unpacked >= total) return `setting up ${Math.min(configured, total)} of ${total}`
  return `unpacking ${Math.min(unpacked, total)} of ${total}`
}

/** Returns the changes, from the host's package list before and after. */
function changesOf(sections: Sections): readonly PackageChange[] {
  const before = new Map(linesOf(sections, 'gone').map((line) => [keyOf(line), line.split(' ')[2] ?? null]))
  const changed: PackageChange[] = []
  for (const line of linesOf(sections, 'come')) {
    const [name = '', architecture = '', to = '', state] = line.split(' ')
    const from = before.get(keyOf(line)) ?? null
    if (state === 'installed' && from !== to) changed.push({ name, architecture, from, to })
  }
  return changed
}

function keyOf(line: string): string {
  return line.split(' ', 2).join(':')
}

/** Returns the names of packages that the plan installs but that are not installed. */
function missingSteps(sections: Sections): readonly string[] {
  const come = new Set(
    linesOf(sections, 'come')
      .map((line) => line.split(' '))
      .filter(([, , , state]) => state === 'installed' || state?.startsWith('triggers-'))
      .map(([name, architecture, version]) => `I ${name} ${architecture} ${version}`),
  )
  return linesOf(sections, 'plan')
    .filter((line) => line.startsWith('I ') && !come.has(line))
    .map((line) => line.split(' ')[1] ?? '')
}
