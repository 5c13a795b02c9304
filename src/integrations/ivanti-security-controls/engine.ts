/** Has Security Controls install updates, by scans that belong to one start. docs/integrations/ivanti-security-controls.md */

import type { DeployEngine } from '../../core/ports.ts'
import { recordedCalls } from '../delegating/call-book.ts'
import { endFirstContact, firstOnes } from '../delegating/first-contact.ts'
import { aloneOnStart, following, forgetCalls, noteOf } from '../delegating/on-start.ts'
import { preflighted } from '../delegating/refused.ts'
import { openCalls } from './calls.ts'
import { type Context, lastingProblem, markOf } from './context.ts'
import { emptyNote, type StartNote } from './note.ts'
import { previewOf, templateProblem, viewOf } from './plan.ts'
import { plannedCallsOf } from './planned-calls.ts'
import { reportsOf, reportsOfAll } from './reports.ts'
import { advanced } from './runs.ts'
import { stageSets } from './stage.ts'
import { firstContactOf, look, startBatch } from './start.ts'
import { reclaimScans, takeBack, tidyStart } from './stops.ts'
import { keptRules, type OwnTerms, termsFor } from './terms.ts'

export interface EngineOptions extends Context {
  readonly describe: string
  readonly simulated: boolean
  readonly terms: OwnTerms
}

export function createEngine(context: EngineOptions): DeployEngine {
  const { name, api, simulated } = context
  return {
    name,
    describe: `Deploys patches by ${context.describe}, to exactly the approved machines`,
    simulated,

    check: (signal) => checked(context, signal),

    async preview(asset, changes, signal) {
      signal.throwIfAborted()
      const problem = lastingProblem(context)
      if (problem !== null) throw new Error(problem)
      return previewOf(await viewOf(context, [asset], changes, 'known', signal), asset, changes)
    },

    async terms(plans, signal) {
      signal.throwIfAborted()
      return termsFor(context, context.terms, plans, signal)
    },

    async preflight(batch, signal) {
      signal.throwIfAborted()
      return preflighted(
        await firstOnes(firstContactOf(context), batch.key, await look(context, batch, signal), signal),
      )
    },

    async plannedCalls(batch, signal) {
      signal.throwIfAborted()
      const looked = await firstOnes(firstContactOf(context), batch.key, await look(context, batch, signal), signal)
      return plannedCallsOf(context, batch.key, looked)
    },

    ...following({
      ...{ notes: context.notes, system: api.server, hourSeconds: context.hourSeconds },
      reports: (note, signal) => reportsOf(context, note, signal),
      reportsOfAll: (starts, signal) => reportsOfAll(context, starts, signal),
    }),
    ...changing(context),
    calls: recordedCalls(context.notes),

    async reclaim(unknown, signal) {
      signal.throwIfAborted()
      return reclaimScans(context, unknown, signal)
    },
  }
}

/** One line about the console. Throws a sentence if nothing could be started there. */
async function checked(context: Context, signal: AbortSignal): Promise<string> {
  const { api, known, templates, mayDeploy } = context
  const there = await known.deployTemplates(signal, 'fresh')
  if (mayDeploy && keptRules(context, there).length === 0) {
    const names =
      there.map(({ name, restarts }) => `"${name}" (restarts: ${restarts ?? 'not said'})`).join(', ') || 'none'
    const problem = Object.keys(templates).map((rule) =>
      templateProblem(context, there, rule === 'never' ? 'never' : 'if required'),
    )[0]
    throw new Error(
      `${problem ?? 'No deployment template is named: write "templates" for the engine'}. ${api.server} has ${names}`,
    )
  }
  const { byAsset, problem } = await known.policies(signal)
  const policies = [
    ...new Set([...byAsset.values()].filter(({ tasks }) => tasks?.length !== 0).map(({ name }) => `"${name}"`)),
  ]
  const parts = [
    `${api.server}: ${(await known.machines(signal)).byName.size} machines`,
    ...(policies.length === 0 ? [] : [`installs without a vote: agent policies ${policies.join(', ')}`]),
    ...(problem === null ? [] : ['what agent policies install without a vote is not known']),
    ...(mayDeploy
      ? ['nothing can be uninstalled, and a deployment only be cancelled as a whole']
      : ['mode: read, so nothing is deployed']),
  ]
  return parts.join('; ')
}

/** Each works on one start alone, and writes down what the console is asked for it. */
function changing(context: Context): Required<Pick<DeployEngine, 'stage' | 'start' | 'cancel' | 'compare' | 'tidy'>> {
  const { notes } = context

  async function onStart<T>(
    key: string,
    signal: AbortSignal,
    work: (own: Context, mine: AbortSignal) => Promise<T>,
  ): Promise<T> {
    signal.throwIfAborted()
    markOf(context, key)
    const open = (before: StartNote | null) => openCalls(context, key, before)
    return aloneOnStart(notes, key, signal, open, ({ api }, mine) => work({ ...context, api }, mine))
  }

  /** What was different is told once, by the next comparison. */
  async function keep(own: Context, key: string, note: StartNote, found: readonly string[]): Promise<void> {
    if (found.length > 0) await own.notes.save(key, { ...note, untold: [...note.untold, ...found] })
  }

  return {
    stage: (batch, signal) =>
      onStart(batch.key, signal, async (own, mine) => {
        const looked = await look(own, batch, mine)
        // Its calls keep their numbers as long as something is noted of it.
        if ((await own.notes.read(batch.key)) === null) await own.notes.save(batch.key, emptyNote)
        await stageSets(own, batch, looked, mine)
        return { ready: true }
      }),
    start: (batch, signal) => onStart(batch.key, signal, (own, mine) => startBatch(own, batch, mine)),
    cancel: ({ key }, signal, only) =>
      onStart(key, signal, async (own, mine) => {
        const { note, found, reports } = await takeBack(
          own,
          key,
          await noteOf(own.notes, key, own.api.server),
          only,
          mine,
        )
        await own.notes.save(key, note)
        await keep(own, key, note, found)
        return reports
      }),
    compare: ({ key }, signal) =>
      onStart(key, signal, async (own, mine) => {
        const before = await noteOf(own.notes, key, own.api.server)
        const { note, found } = await advanced(own, key, before, mine)
        if (note !== before || before.untold.length > 0) await own.notes.save(key, { ...note, untold: [] })
        return [...before.untold, ...found]
      }),
    async tidy(key, signal) {
      await onStart(key, signal, async (own, mine) => {
        await endFirstContact(firstContactOf(own), key, mine)
        await tidyStart(own, key, mine)
      })
      await forgetCalls(notes, key)
    },
  }
}
