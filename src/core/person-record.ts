/** Compares the register of persons with the stream `persons` of the record. Pure. */

import type { AuditProblem } from './audit.ts'
import type { Beside } from './record/entry.ts'

/** A person was added to the register, or has a new name. */
export interface PersonEntry {
  readonly event: 'person-known' | 'person-renamed'
  readonly pseudonym: string
  /** `id` and `name`, or only `name`; `null`: erased. */
  readonly beside: Beside | null
}

/** A row of the register. */
export interface PersonRow {
  readonly pseudonym: string
  /** `null`: erased. */
  readonly person: string | null
  readonly name: string | null
}

/** What the entries say about one person; `undefined`: erased. */
interface Told {
  known: boolean
  person: unknown
  name: unknown
}

/** First pass every entry in the order of the stream, then the rows. Keeps about 200 bytes per person. */
export function createPersonsCheck() {
  const told = new Map<string, Told>()

  function entry({ event, pseudonym, beside }: PersonEntry): void {
    const before = told.get(pseudonym) ?? { known: false, person: undefined, name: undefined }
    const name = beside === null ? undefined : (beside.name ?? null)
    if (event === 'person-renamed') told.set(pseudonym, { ...before, name })
    else told.set(pseudonym, { known: true, person: beside === null ? undefined : (beside.id ?? null), name })
  }

  /**
   * Compares rows and entries. Problems contain no ids or names: a report of findings is kept where nobody erases them.
   */
  function* differences(rows: readonly PersonRow[]): Generator<AuditProblem> {
    const left = new Map(told)
    for (const row of rows) {
      const record = `persons ${row.pseudonym}`
      const says = left.get(row.pseudonym)
      left.delete(row.pseudonym)
      if (says?.known !== true) yield { record, problem: 'is one row too many: no entry tells of this person' }
      else
        for (const column of ['person', 'name'] as const)
          if (says[column] !== undefined && says[column] !== row[column])
            yield { record, problem: `differs in "${column}" from what its entries say` }
    }
    for (const pseudonym of left.keys())
      yield { record: `persons ${pseudonym}`, problem: 'is missing: its entries give this row' }
  }

  return { entry, differences }
}
