/** The machines that nobody manages, with whom to ask. */

import { whomToAsk } from '../core/unmanaged.ts'
import { countUnmanaged, type UnmanagedAsset, type UnmanagedCounts, unmanagedAssets } from '../store/unmanaged.ts'
import type { WorkflowParts } from './ports.ts'

export interface UnmanagedRow extends UnmanagedAsset {
  /** A clause: `Mara Keller (owner of web)`. */
  readonly ask: string
}

/** Machines that are read together. */
const PAGE = 1_000

export type Unmanaged = ReturnType<typeof createUnmanaged>

export function createUnmanaged({ db, sources, teams }: Pick<WorkflowParts, 'db' | 'sources' | 'teams'>) {
  const managing = sources.filter(({ manages }) => manages === true).map(({ name }) => name)

  function whom(team: string): string {
    const isKnown = teams.ids.includes(team)
    return whomToAsk(team, { isKnown, members: isKnown ? teams.membersOf(team) : [], operators: operatorsIn(teams) })
  }

  return {
    /** Sources that are systems which manage machines. */
    managing,
    whom,
    counts: (team: string | null): Promise<UnmanagedCounts> => countUnmanaged(db, { managing, team }),
    async *list(team: string | null): AsyncGenerator<UnmanagedRow> {
      for (let last: UnmanagedAsset | null = null; ; ) {
        const rows: readonly UnmanagedAsset[] = await unmanagedAssets(db, { managing, team }, last, PAGE)
        for (const row of rows) yield { ...row, ask: whom(row.team) }
        last = rows.at(-1) ?? null
        if (rows.length < PAGE) return
      }
    },
  }
}

/** Operators are so in every team. */
function operatorsIn({ ids, membersOf }: WorkflowParts['teams']): readonly string[] {
  const names = ids.flatMap((id) => membersOf(id).filter(({ roles }) => roles.includes('operator')))
  return [...new Set(names.map(({ name }) => name))]
}
