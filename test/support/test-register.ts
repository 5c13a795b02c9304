import { entryOf } from '../../src/core/proposal/entry.ts'
import type { RecordedEvent } from '../../src/core/proposal/event.ts'
import { type SealedEntry, sealEntry } from '../../src/core/record/entry.ts'
import type { Register } from '../../src/core/record/register.ts'

/** A register that knows everybody: the pseudonym of `mara` is `p_mara`. `names`: by id. */
export function testRegister(names: Readonly<Record<string, string>> = {}): Register {
  return {
    has: () => true,
    pseudonymOf: (person) => `p_${person}`,
    personOf: (pseudonym) => {
      const id = pseudonym.replace(/^p_/, '')
      return { id, name: names[id] ?? id }
    },
    isErased: () => false,
  }
}

/** An event as the entry that it becomes. */
export function sealedEntry(
  recorded: RecordedEvent,
  prev: string,
  names?: Readonly<Record<string, string>>,
): SealedEntry {
  const { stream, seq, at } = recorded
  const { beside, ...entry } = entryOf(recorded, testRegister(names), null)
  return sealEntry({ ...entry, stream, seq, at, prev }, beside, '0'.repeat(32))
}
