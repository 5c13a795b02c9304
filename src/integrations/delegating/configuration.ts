/** What the kinds of systems that are told have alike in their settings. */

import type { EntryNotes } from '../../config/kind.ts'
import type { Settings, SourceConfig } from '../../config/schema.ts'

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
