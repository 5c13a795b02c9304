/** The register of persons against the entries that tell of it. */

import { expect, test } from 'vitest'
import { createPersonsCheck, type PersonEntry, type PersonRow } from '../../src/core/person-record.ts'

const known = { event: 'person-known', pseudonym: 'p_1', beside: { id: 'mara', name: 'Mara' } } as const
const renamed = { event: 'person-renamed', pseudonym: 'p_1', beside: { name: 'Mara K.' } } as const
const row: PersonRow = { pseudonym: 'p_1', person: 'mara', name: 'Mara' }
const other: PersonRow = { pseudonym: 'p_2', person: 'tom', name: 'Tom' }
const erased = (entry: PersonEntry): PersonEntry => ({ ...entry, beside: null })
const PERSON = 'p_1 differs in "person" from what its entries say'
const NAME = 'p_1 differs in "name" from what its entries say'
const MISSING = 'p_1 is missing: its entries give this row'

test.each<[string, readonly PersonEntry[], readonly PersonRow[], readonly string[]]>([
  ['nobody', [], [], []],
  ['a row as it is told', [known], [row], []],
  ['a name that was not known', [{ ...known, beside: { id: 'mara', name: null } }], [{ ...row, name: null }], []],
  ['the last name', [known, renamed], [{ ...row, name: 'Mara K.' }], []],
  ['the name before', [known, renamed], [row], [NAME]],
  ['another name', [known], [{ ...row, name: 'Eva' }], [NAME]],
  ['another person', [known], [{ ...row, person: 'eva' }], [PERSON]],
  ['a row without what its entry has still', [known], [{ ...row, person: null, name: null }], [PERSON, NAME]],
  ['an entry that was erased, with any row', [erased(known)], [{ ...row, person: null, name: 'x' }], []],
  ['a name that was erased', [known, erased(renamed)], [{ ...row, name: 'x' }], []],
  ['the person of it still', [known, erased(renamed)], [{ ...row, person: 'eva' }], [PERSON]],
  ['the name of one that was erased', [erased(known), renamed], [{ ...row, person: null, name: 'x' }], [NAME]],
  ['no row', [known], [], [MISSING]],
  ['no row of one that was erased', [erased(known)], [], [MISSING]],
  ['no entry', [known], [row, other], ['p_2 is one row too many: no entry tells of this person']],
  ['a name alone', [renamed], [row], ['p_1 is one row too many: no entry tells of this person']],
])('%s', (_, entries, rows, says) => {
  const check = createPersonsCheck()
  for (const entry of entries) check.entry(entry)
  expect([...check.differences(rows)].map(({ record, problem }) => `${record} ${problem}`)).toEqual(
    says.map((line) => `persons ${line}`),
  )
})
