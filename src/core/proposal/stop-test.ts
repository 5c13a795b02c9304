/** How the test ring, which runs while people vote, is stopped: by people, or because its proposal is over. */

import { isHalted, type Running, testRunning, testStop, unfinishedDeployments } from '../rollout/run.ts'
import type { Context, PersonsContext, ProposalCommand } from './command.ts'
import { accept, actorName, type Decision, stopWords } from './decision.ts'
import type { ProposalEvent } from './event.ts'
import type { ProposalState } from './proposal.ts'

type Of<Type extends ProposalCommand['type']> = Extract<ProposalCommand, { type: Type }>

/** Nothing more of the test begins until it is resumed. Work that has begun goes on to its end. */
export function pauseTest(command: Of<'pause'>, context: PersonsContext): Decision {
  return accept({ type: 'test-paused', by: context.actor.name, reason: stopWords(command.reason) })
}

/** The test ends when the work that has begun has ended. It has not passed. */
export function haltTest(state: ProposalState, command: Of<'halt'>, context: PersonsContext): Decision {
  const by = context.actor.name
  const reason = stopWords(command.reason)
  return accept({ type: 'test-halted', by, reason }, ...endedAtOnce(state, `Halted by ${by}: ${reason}`))
}

/**
 * The events that come before a proposal closes or changes its content. A running test is halted; its work is still
 * followed to the end. `why`: a clause, such as "the proposal was rejected".
 */
export function closeTest(state: ProposalState, why: string, { actor }: Context): readonly ProposalEvent[] {
  if (!testRunning(state) || isHalted(state)) return []
  if (unfinishedDeployments(state).length === 0) return endedAtOnce(state, `It ended early: ${why}`)
  return [{ type: 'test-halted', by: actorName(actor), reason: why, closing: true }]
}

/** The end of a halted test, when all its deployments are verified. Empty before that, and for a rollout. */
export function haltedTestEnd(state: ProposalState): readonly ProposalEvent[] {
  if (!testRunning(state)) return []
  const stop = testStop(state)
  const over = `It ended early: ${state.id} is ${state.status}`
  return endedAtOnce(state, stop === null ? over : `Halted by ${stop.by.name}: ${stop.reason}`)
}

function endedAtOnce(state: ProposalState, reason: string): readonly ProposalEvent[] {
  if (unfinishedDeployments(state).length > 0) return []
  return [{ type: 'test-ended', passed: false, reason }]
}

/** Why the rollout does not start yet, if its test has not ended; `null`: no test runs. */
export function testGoesFirst(state: ProposalState): string | null {
  if (!testRunning(state)) return null
  const stop = testStop(state)
  if (stop?.how === 'paused') return `its test ring is paused by ${stop.by.name}: ${stop.reason}`
  return stop === null ? 'its test ring is still running' : 'its test ring is halted and not at its end yet'
}

/** The status as a part of a sentence, with a running test: `open; its test ring is paused`. */
export function statusWords(state: Running): string {
  if (!testRunning(state)) return state.status
  if (isHalted(state)) return `${state.status}; its test ring is halted`
  return `${state.status}; its test ring is ${testStop(state)?.how ?? 'running'}`
}
