/** A state as the store keeps it: a small part, and rows; words beside the entries, people under pseudonyms. */

import { recordedOf } from '../../src/core/proposal/entry.ts'
import type { RecordedEvent } from '../../src/core/proposal/event.ts'
import { type LightState, lightOf, type ResultRow, resultChanges, wholeState } from '../../src/core/proposal/light.ts'
import type { ProposalState } from '../../src/core/proposal/proposal.ts'
import { rowWithoutPersons, rowWithPersons, withoutPersons, withPersons } from '../../src/core/proposal/said.ts'
import type { Named } from '../../src/core/proposal/written.ts'
import { readEntry, type SealedEntry } from '../../src/core/record/entry.ts'
import { pageOf } from '../../src/core/rollout/results-page.ts'
import { sealedEntry, testRegister } from './test-register.ts'

export function createParts() {
  const rows = new Map<string, ResultRow>()
  const names: Record<string, string> = {}
  const register = testRegister(names)
  const entries: { readonly entry: SealedEntry; readonly recorded: RecordedEvent }[] = []
  const besides = new Map<number, string | null>()
  let before: ProposalState | null = null
  let light = ''

  function readWith(known: ReadonlyMap<number, string | null>): ProposalState {
    if (before === null) throw new Error('Nothing was saved.')
    const small = withPersons(JSON.parse(light) as LightState, register, known)
    const read = [...rows.values()].map((row) => rowWithPersons(row, register, known))
    return wholeState(small, before.subject, read)
  }

  return {
    /** Writes what changed by the events. */
    save(state: ProposalState, events: readonly RecordedEvent[]): void {
      for (const recorded of events) {
        const { actor, seq } = recorded
        if (actor.kind === 'person') names[actor.id] = actor.name
        const entry = sealedEntry(recorded, '0'.repeat(64), names)
        entries.push({ entry, recorded })
        besides.set(seq, entry.beside?.text ?? null)
      }
      const { put, gone } = resultChanges(before, state)
      for (const { part, asset } of gone) rows.delete(`${part} ${asset}`)
      for (const row of put)
        rows.set(`${row.part} ${row.asset}`, JSON.parse(JSON.stringify(rowWithoutPersons(row, register))) as ResultRow)
      light = JSON.stringify(withoutPersons(lightOf(state), register))
      before = state
    },
    /** What a process reads that begins anew. */
    read: () => readWith(besides),
    /** The same after everything personal was erased. */
    readErased: () => readWith(new Map()),
    /** Each event as it was, and as its entry says it; what content says is put in as it was. */
    events: () =>
      entries.map(({ entry, recorded }) => ({
        was: recorded,
        is: recordedOf(readEntry(entry.text), entry.beside, register, namedBy(recorded)),
      })),
    entries: () => entries.map(({ entry }) => entry),
    bytes: () => light.length,
    stored: () => [light, ...[...rows.values()].map((row) => JSON.stringify(row))],
    rows: () => rows,
  }
}

/** What the content says that the entry of an event names. */
function namedBy({ event }: RecordedEvent): Named {
  const page = pageOf(event)
  return {
    pages: new Map(page === null ? [] : [[page.hash, page]]),
    subject: () => {
      if (!('subject' in event)) throw new Error('It asks for nothing.')
      return event.subject
    },
    policy: () => {
      if (event.type !== 'opened') throw new Error('It has no policy.')
      return event.policy
    },
  }
}
