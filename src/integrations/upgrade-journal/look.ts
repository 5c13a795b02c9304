import type { DeploymentOutcome, TransactionStep } from '../../core/ports.ts'
import { linesOf, markedValue, reported, type Sections, splitSections } from '../machine/sections.ts'
import type { PackageRequest } from '../package-engine.ts'
import { diskProblem } from './disk.ts'
import type { PackageManager, Simulation } from './package-manager.ts'
import { planDifference, planLines } from './plan.ts'
import { replaced } from './script.ts'

/** Longer lists are cut in notes. */
const NAMED = 6

/** The steps that a host would do, or one sentence that says why it cannot tell. */
export type Look =
  | { readonly kind: 'seen'; readonly simulation: Simulation; readonly sections: Sections }
  | { readonly kind: 'problem'; readonly reason: string; readonly log: string }

/** Reads the output of look.sh on the host called `name`. */
export function parseLook(manager: PackageManager, output: string, name: string): Look {
  const sections = splitSections(output, 'patchwarden-look')
  if (sections === null) return { kind: 'problem', reason: `The answer of ${name} was cut off.`, log: '' }
  if (sections.has('no-manager')) {
    return {
      kind: 'problem',
      reason: `${name} has no ${manager.name} (its platform on record is one of ${manager.systems}): look at its inventory.`,
      log: '',
    }
  }
  const simulated = reported(sections, 'simulation')
  const text = simulated?.lines.join('\n') ?? ''
  if (simulated?.ok !== true) {
    const said = [text, ...(simulated?.errors ?? [])].join('\n')
    return { kind: 'problem', reason: `${manager.failureReason(said)} (${name}).`, log: manager.tellingLines(said) }
  }
  const simulation = manager.parseSimulation(text)
  const [warning] = simulation.warnings
  if (warning !== undefined) return { kind: 'problem', reason: `${name}: ${warning}.`, log: '' }
  return { kind: 'seen', simulation, sections }
}

/** The steps of a simulation, without data that is only needed for checks. */
export function transactionOf({ steps }: Simulation): readonly TransactionStep[] {
  return steps.map(({ action, name, architecture, from, to }) => ({ action, name, architecture, from, to }))
}

/** The result of a preflight: why the host may not be upgraded now, or notes for people. */
export type Fitness =
  | { readonly fit: true; readonly notes: readonly string[]; readonly untouched: boolean }
  | { readonly fit: false; readonly outcome: DeploymentOutcome }

/** Judges the output of look.sh before an upgrade. `lockSeconds`: how long the upgrade would wait for the lock. */
export function judge(manager: PackageManager, output: string, request: PackageRequest, lockSeconds: number): Fitness {
  const { name } = request.asset
  const look = parseLook(manager, output, name)
  if (look.kind === 'problem') return heldBack(look.reason, look.log)
  const { simulation, sections } = look
  const untouched = markedValue(sections, 'journal') === 'missing'
  const notes: string[] = []
  // An upgrade that has begun with this key is followed, even if the host could not begin it now.
  if (!untouched) return { fit: true, notes: ['it was begun before; its upgrade is followed, not repeated'], untouched }

  const halfDone = linesOf(sections, 'half-done')
  if (halfDone.length > 0) {
    const reason = `An earlier installation on ${name} was interrupted (${halfDone[0]}): ${manager.repair}.`
    return heldBack(reason, halfDone.slice(0, 20).join('\n'))
  }
  const difference = planDifference(planLines(manager, request.transaction), planLines(manager, simulation.steps))
  if (difference !== null) return heldBack(difference, '')
  const disk = diskProblem(simulation.steps, {
    sizes: linesOf(sections, 'sizes'),
    installedSizes: linesOf(sections, 'installed-sizes'),
    disk: linesOf(sections, 'disk'),
    cache: markedValue(sections, 'cache') ?? '',
    bootImageKib: Number(markedValue(sections, 'boot-image') ?? 0) || 0,
  })
  if (disk !== null) return heldBack(disk, linesOf(sections, 'disk').join('\n'))

  const holder = markedValue(sections, 'lock')
  if (holder !== null) {
    notes.push(
      `process ${holder} is at work with ${manager.database} now; the upgrade will wait up to ${lockSeconds} s for it`,
    )
  }
  notes.push(...cannotGoBack(manager, request, sections))
  const owed = linesOf(sections, 'owed')
  if (owed.length > 0) {
    const named = `${owed.slice(0, NAMED).join(', ')}${owed.length > NAMED ? ` and ${owed.length - NAMED} more` : ''}`
    notes.push(`what an earlier upgrade replaced is not kept yet: ${named}; this one fetches it when it has ended`)
  }
  if (sections.has('reboot-required')) notes.push('a reboot was waiting before this upgrade')
  if (simulation.steps.length === 0) notes.push('nothing to do: the approved versions are installed already')
  return { fit: true, notes, untouched }
}

/** Versions that are in no archive any more and have not been kept. */
function cannotGoBack(manager: PackageManager, { transaction }: PackageRequest, sections: Sections): string[] {
  const kept = new Set(linesOf(sections, 'kept'))
  const offered = new Set(
    linesOf(sections, 'sizes')
      .map((line) => line.split(' '))
      .filter(([, , kibToFetch]) => Number(kibToFetch) > 0)
      .map(([name, version]) => `${name} ${version}`),
  )
  return transaction.flatMap((step) => {
    const version = `${step.name} ${step.from}`
    const [argument] = replaced(manager, [step])
    if (argument === undefined || kept.has(argument) || offered.has(version)) return []
    return [`${version} is not available any more: it cannot be rolled back`]
  })
}

function heldBack(reason: string, log: string): Fitness {
  return { fit: false, outcome: { state: 'held back', reason, log } }
}
