/** A state as the store keeps it: a small part, and rows. */

import { type LightState, lightOf, type ResultRow, resultChanges, wholeState } from '../../src/core/proposal/light.ts'
import type { ProposalState } from '../../src/core/proposal/proposal.ts'

export function createParts() {
  const rows = new Map<string, ResultRow>()
  let before: ProposalState | null = null
  let light = ''

  return {
    /** Writes what changed. */
    save(state: ProposalState): void {
      const { put, gone } = resultChanges(before, state)
      for (const { part, asset } of gone) rows.delete(`${part} ${asset}`)
      for (const row of put) rows.set(`${row.part} ${row.asset}`, JSON.parse(JSON.stringify(row)) as ResultRow)
      light = JSON.stringify(lightOf(state))
      before = state
    },
    /** What a process reads that begins anew. */
    read(): ProposalState {
      if (before === null) throw new Error('Nothing was saved.')
      return wholeState(JSON.parse(light) as LightState, before.subject, [...rows.values()])
    },
    bytes: () => light.length,
    rows: () => rows,
  }
}
