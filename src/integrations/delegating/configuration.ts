/** What the kinds of systems that are told have alike in their settings. */

import { z } from 'zod'
import type { EntryNotes, Reference } from '../../config/kind.ts'
import { present } from '../../config/present.ts'
import { timeZoneFor } from '../../config/resolve.ts'
import type { Config, Settings, SourceConfig } from '../../config/schema.ts'
import { HOUR_SECONDS } from '../../core/time/instant.ts'

/** `what`: what happens to what was approved, such as `deployed by ManageEngine`. */
export function readOrDeploy(what: string) {
  return z
    .enum(['read', 'deploy'], { error: 'Write read or deploy.' })
    .default('read')
    .describe(`\`read\`: machines are only watched. \`deploy\`: what was approved is ${what}.`)
}

/** Teams by the groups that machines are in there. */
interface ByGroup {
  readonly teams: Readonly<Record<string, string>>
}

/** The teams that an entry names. */
export function teamsNamed({ teams }: ByGroup): readonly Reference[] {
  return Object.entries(teams).map(([group, name]) => ({ path: ['teams', group], section: 'teams', name }))
}

/** What an entry says of all its machines. What may only be read has no engine, so nobody is asked to vote on it. */
export function defaultsOf(source: SourceConfig & { readonly mode: 'read' | 'deploy' }, config: Config) {
  const { team, tags, exposure, criticality, mode } = source
  const timeZone = source.timeZone ?? timeZoneFor(config, team ?? '')
  const engine = mode === 'deploy' ? source.engine : null
  return present({ team, tags, exposure, criticality, timeZone, engine })
}

/** Seconds of the configuration as seconds of the system, where so many seconds stand for an hour. */
export function scaledBy(hourSeconds: number): (seconds: number) => number {
  return (seconds) => Math.max(1, Math.round((seconds * hourSeconds) / HOUR_SECONDS))
}

/** The sources of this kind whose assets the engine changes. */
export function sourcesOf({ sources }: Settings, kind: string, engine: string): readonly SourceConfig[] {
  return Object.values(sources).filter((source) => source.kind === kind && source.engine === engine)
}

/** An engine works through one server. */
export function checkSources(sources: readonly SourceConfig[], kind: string, notes: EntryNotes): void {
  if (sources.length === 1) return
  const what = sources.length === 0 ? 'is the engine of no system' : 'is the engine of several systems'
  notes.problem([], what, `Name it as the engine of one source of kind ${kind}, or write it under systems.`, 'key')
}

/** `own`: for people, what such a source has machines of: `its own server`. */
export function obstacleOf(kind: string, source: SourceConfig, own: string) {
  if (source.kind === kind) return null
  return {
    what: `is of kind ${kind}, which changes only machines of ${own}`,
    mend: `Use it with a source of kind ${kind}, or name another engine.`,
  }
}

/** What stands in the names of all that an installation makes in a system. `whole`: the name of the whole file. */
export function installationNamed(own: string | null, whole: string): string {
  return own ?? whole.replaceAll(/[()]/g, ' ').trim().slice(0, 60)
}
