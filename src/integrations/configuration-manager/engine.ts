/** Tells a site of Configuration Manager what to install: by collections that belong to one start. docs/integrations/configuration-manager.md */

import type { DeployEngine } from '../../core/ports.ts'
import { recordedCalls } from '../delegating/call-book.ts'
import { firstOnes } from '../delegating/first-contact.ts'
import { keyIn, markOf } from '../delegating/marks.ts'
import { aloneOnStart, following, forgetCalls, noteOf } from '../delegating/on-start.ts'
import { type Context, lastingProblem, writerOf } from './context.ts'
import { emptyNote, type StartNote } from './note.ts'
import { previewOf, viewOf } from './plan.ts'
import { plannedCallsOf } from './planned-calls.ts'
import { reportsOf, reportsOfAll } from './reports.ts'
import { look, preflighted, stageSets } from './sets.ts'
import { firstContactOf, startBatch } from './start.ts'
import { compareSets, reclaimSets, takeBack, tidySets } from './stops.ts'
import { type OwnTerms, termsFor } from './terms.ts'
import { openCalls } from './words.ts'

export interface EngineOptions extends Context {
  readonly describe: string
  readonly simulated: boolean
  readonly terms: OwnTerms
}

export function createEngine(context: EngineOptions): DeployEngine {
  const { name, api, simulated } = context
  return {
    name,
    describe: `Deploys updates by ${context.describe}, to collections of exactly the approved machines`,
    simulated,
    // What a machine needs follows from what it has; each one is asked again before it is told.
    previewsBySoftware: true,

    check: (signal) => checked(context, signal),

    async preview(asset, changes, signal) {
      signal.throwIfAborted()
      const problem = lastingProblem(context)
      if (problem !== null) throw new Error(problem)
      return previewOf(await viewOf(context, [asset], changes, 'known', signal), asset.name, changes)
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
      return reclaimSets(context, unknown, signal)
    },
  }
}

/** One line about the site. Throws a sentence if nothing could be started on it. */
async function checked(context: Context, signal: AbortSignal): Promise<string> {
  const { api, known, mayDeploy } = context
  const machines = await known.machines(signal)
  const { deployments, rules } = await known.arranged(signal, 'fresh')
  const others = deployments.filter(
    ({ name, enabled, deadline }) => enabled && deadline !== null && keyIn(context, name) === null,
  )
  const names = (all: readonly { readonly name: string }[]) => all.map(({ name }) => `"${name}"`).join(', ')
  const active = rules.filter(({ enabled }) => enabled)
  const parts = [
    `${api.server}: ${machines.byId.size} devices`,
    ...(others.length === 0 ? [] : [`installs without a vote: ${names(others)}`]),
    ...(active.length === 0 ? [] : [`deploys by rules: ${names(active)}`]),
  ]
  if (!mayDeploy) return [...parts, 'mode: read, so nothing is deployed'].join('; ')
  const { site, module, missing } = await writerOf(context).call('probe', {}, signal)
  if (missing.length > 0)
    throw new Error(
      `The module of Configuration Manager on the site server (${module}) lacks ${missing.join(', ')}: update its console`,
    )
  return [...parts, `site ${site}, changed with the module ${module}`].join('; ')
}

/** Each works on one start alone, and writes down what the site is asked for it. */
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
    return aloneOnStart(notes, key, signal, open, ({ api, writer }, mine) => work({ ...context, api, writer }, mine))
  }

  return {
    stage: (batch, signal) =>
      onStart(batch.key, signal, async (own, mine) => {
        const before = (await notes.read(batch.key)) ?? emptyNote
        const looked = await firstOnes(firstContactOf(own), batch.key, await look(own, batch, mine), mine)
        return (await stageSets(own, batch.key, before, looked, mine)).staged
      }),
    start: (batch, signal) => onStart(batch.key, signal, (own, mine) => startBatch(own, batch, mine)),
    cancel: ({ key }, signal, only) =>
      onStart(key, signal, async (own, mine) =>
        takeBack(own, key, await noteOf(own.notes, key, own.api.server), only, mine),
      ),
    compare: ({ key }, signal) =>
      onStart(key, signal, async (own, mine) =>
        compareSets(own, key, await noteOf(own.notes, key, own.api.server), mine),
      ),
    async tidy(key, signal) {
      await onStart(key, signal, (own, mine) => tidySets(own, key, mine))
      await forgetCalls(notes, key)
    },
  }
}
