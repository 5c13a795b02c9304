/** What the system knows of each asset of a start: only what its machine said, and when it said it. */

import { changeLine } from '../../core/change.ts'
import { heldBack } from '../../core/held-back.ts'
import { notBegun } from '../../core/not-begun.ts'
import type { DeploymentOutcome, DeploymentReport } from '../../core/ports.ts'
import { isBefore, minuteOf, toIso } from '../../core/time/instant.ts'
import { machineNamed } from './offers.ts'
import type { Pace } from './pace.ts'
import type { Machine, Started, SystemState, Word } from './state.ts'

/** A machine that is overdue is looked for so often, in simulated hours. */
const OVERDUE_HOURS = 1

export function reportOf(state: SystemState, one: Started, pace: Pace, now: Date): DeploymentReport {
  const { asset, addedAt, refused } = one
  if (refused !== null) return { asset, outcome: outcomeOfRefused(refused), progress: null }
  const machine = machineNamed(state, one.name)
  const said = machine?.said ?? null
  const saidAt = said !== null && addedAt !== null && !isBefore(said.at, addedAt) ? said.at : null
  // A machine that nobody was told of, or that was taken back in time, needs to say nothing.
  if (one.takenBack?.state === 'stopped') return { asset, outcome: notBegun(one.takenBack.reason), progress: null }
  const outcome = said === null || saidAt === null ? null : outcomeOf(one, said)
  // That nothing can begin any more is no word of the machine, so it has no time of its own.
  if (outcome?.state === 'not begun') return { asset, outcome, progress: null }
  if (outcome !== null) return { asset, outcome, progress: null, saidAt }
  const lookAgainAt = machine === null ? null : nextWord(machine, pace, now)
  const progress = progressOf(one, machine, now)
  return { asset, outcome: null, progress, saidAt, ...(lookAgainAt === null ? {} : { lookAgainAt }) }
}

function outcomeOfRefused({ state, reason }: NonNullable<Started['refused']>): DeploymentOutcome {
  if (state === 'held back') return heldBack(reason)
  return state === 'not begun' ? notBegun(reason) : { state, reason, touched: false, log: '' }
}

/** `null`: the machine has not said yet how it ended. What it said before it could begin is no outcome. */
function outcomeOf({ group, changes, notBefore, addedAt, takenBack }: Started, said: Word): DeploymentOutcome | null {
  const result = said.results.find((one) => one.group === group)
  const over = takenBack !== null && takenBack.until !== null && !isBefore(said.at, takenBack.until)
  if (over && result === undefined && said.working !== group) return notBegun(takenBack.reason)
  if (!isBefore(notBefore, said.at)) return null
  if (result?.state === 'failed') {
    const reason = result.error ?? 'The installation failed.'
    return { state: 'failed', reason, log: `error: ${reason}` }
  }
  const other = said.results.find(
    (one) => one.group !== group && one.changed.some(({ name }) => changes.some((change) => change.name === name)),
  )
  const nothing = result === undefined || result.changed.length === 0
  if (other !== undefined && nothing && addedAt !== null && !isBefore(other.at, addedAt)) {
    return heldBack(`It was installed by the approval for ${other.group}, not by this start.`)
  }
  if (result !== undefined) {
    const log = result.changed.map((change) => `installed ${changeLine(change)}`).join('\n')
    return { state: 'succeeded', changed: result.changed, rebooted: result.rebooted, log }
  }
  return null
}

/** When the machine is expected to speak next. */
function nextWord({ name, asked }: Machine, pace: Pace, now: Date): string {
  const due = pace.asksAfter(name, asked === null ? now.getTime() : Date.parse(asked.at))
  return toIso(due > now.getTime() ? due : now.getTime() + pace.hours(OVERDUE_HOURS))
}

function progressOf(one: Started, machine: Machine | null, now: Date): string {
  const { addedAt, takenBack, group, notBefore } = one
  if (takenBack?.state === 'may still begin') {
    return takenBack.until === null ? 'may still begin' : `may still begin until ${minuteOf(takenBack.until)} UTC`
  }
  if (addedAt === null) return 'not told yet'
  if (machine?.asked?.given[group] === undefined) return 'told, has not asked yet'
  if (now.getTime() < Date.parse(notBefore)) return `has fetched it, installs at ${minuteOf(notBefore)} UTC`
  return 'not reported yet'
}
