/** Freezes in the table against those that the record tells of: with entries, and of earlier versions by events of proposals. */

import { describe, expect, test } from 'vitest'
import { type FreezeRecord, type FreezeRow, freezeDifferences } from '../../src/core/freeze-record.ts'

const at = (minutes: number) => new Date(Date.parse('2026-11-28T12:00:00Z') + minutes * 60_000).toISOString()
const UNTIL = '2026-12-20T00:00:00.000Z'

const row: FreezeRow = {
  id: 1,
  team: 'web',
  person: 'p_1',
  entry: 1,
  reason: null,
  fromAt: at(0),
  untilAt: UNTIL,
  liftedAt: null,
  liftedBy: null,
}
const lifted: FreezeRow = { ...row, liftedAt: at(5), liftedBy: 'p_2' }
const declares = { seq: 1, at: at(0), by: 'p_1', team: 'web', declared: { freeze: 1, until: UNTIL } }
const lifts = { seq: 2, at: at(5), by: 'p_2', team: 'web', lifted: [1] }

const policy = { stop: ['owner'], resume: [{ role: 'owner', count: 1 }] }
const alive = { id: 'PW-1', team: 'web', openedAt: at(-60), closedAt: null, policy }
const earlier: FreezeRow = { ...row, person: 'mara', entry: null, reason: 'the sale' }
const act = { proposal: 'PW-1', seq: 4, team: 'web', person: 'mara', at: at(0) }
const froze = { ...act, freeze: { until: UNTIL, reason: 'the sale' } }
const unfroze = { ...act, seq: 5, at: at(20), freeze: null }

/** Who is who: `p_1` is mara, `p_2` is tom. */
function found(rows: readonly FreezeRow[], record: Partial<FreezeRecord>): readonly string[] {
  const names = new Map([
    ['p_1', 'mara'],
    ['p_2', 'tom'],
  ])
  const members = () => ['mara', 'tom'].map((id) => ({ id, name: id, roles: ['owner'] }))
  const idOf = (pseudonym: string) => names.get(pseudonym) ?? pseudonym
  return freezeDifferences(rows, { entries: [], acts: [], witnesses: [], ...record }, { members, idOf }).map(
    ({ record: name, problem }) => `${name} ${problem}`,
  )
}

const gone = /^freeze 1 of web by mara is not kept as rights event 1 tells it/
const untold = /^freeze 1 of web by mara is told by no event of rights/

describe('a freeze with its entry', () => {
  const entries = [declares, lifts]
  test.each<[string, readonly FreezeRow[], Partial<FreezeRecord>, readonly RegExp[]]>([
    ['holds', [row], { entries: [declares] }, []],
    ['holds without any proposal that could tell of it', [row], { entries: [declares], witnesses: [alive] }, []],
    ['that was lifted holds', [lifted], { entries }, []],
    ['beside the events of its proposals', [row], { entries: [declares], acts: [froze], witnesses: [alive] }, []],
    ['without its row', [], { entries: [declares] }, [gone]],
    ['without its row, though it was lifted', [], { entries }, [gone]],
    ['of another person', [{ ...row, person: 'p_2' }], { entries: [declares] }, [/is not kept as rights event 1/]],
    ['of another team', [{ ...row, team: 'db' }], { entries: [declares] }, [gone]],
    ['that began at another time', [{ ...row, fromAt: at(1) }], { entries: [declares] }, [gone]],
    ['that ends at another time', [{ ...row, untilAt: at(1) }], { entries: [declares] }, [gone]],
    ['that no entry tells of', [row], {}, [untold]],
    ['that another entry tells of', [{ ...row, entry: 9 }], { entries: [declares] }, [gone, untold]],
    ['that still holds', [row], { entries }, [/still holds, though rights event 2 lifted it/]],
    ['that nobody lifted', [lifted], { entries: [declares] }, [/was lifted as no event of rights tells/]],
    ['lifted by another', [{ ...lifted, liftedBy: 'p_1' }], { entries }, [/was lifted otherwise than rights event 2/]],
    ['lifted at another time', [{ ...lifted, liftedAt: at(6) }], { entries }, [/was lifted otherwise/]],
  ])('%s', (_, rows, record, expected) => {
    const problems = found(rows, record)
    expect(problems).toHaveLength(expected.length)
    for (const [index, pattern] of expected.entries()) expect(problems[index]).toMatch(pattern)
  })
})

describe('a freeze of an earlier version', () => {
  test.each<[string, readonly FreezeRow[], Partial<FreezeRecord>, readonly RegExp[]]>([
    ['is told by the proposals that were alive', [earlier], { acts: [froze], witnesses: [alive] }, []],
    ['at a time without any is not told', [earlier], {}, []],
    [
      'that none told of',
      [earlier],
      { witnesses: [alive] },
      [/appears in no event, although PW-1 was open when it began/],
    ],
    ['without its row', [], { acts: [froze] }, [/^freeze of web by mara is not kept as PW-1 event 4 tells it/]],
    ['with another reason', [{ ...earlier, reason: 'none' }], { acts: [froze] }, [/is not kept as PW-1 event 4/]],
    [
      'that was lifted then',
      [{ ...earlier, liftedAt: at(20), liftedBy: 'mara' }],
      { acts: [froze, unfroze], witnesses: [alive] },
      [],
    ],
    ['that still holds', [earlier], { acts: [froze, unfroze] }, [/still holds, though PW-1 event 5 lifted it/]],
    [
      'that nobody lifted',
      [{ ...earlier, liftedAt: at(20), liftedBy: 'mara' }],
      { acts: [froze], witnesses: [alive] },
      [/was lifted as no event tells, and PW-1 was alive then/],
    ],
    [
      'that was lifted today',
      [{ ...earlier, liftedAt: at(20), liftedBy: 'p_2' }],
      {
        entries: [{ ...lifts, seq: 1, at: at(20) }],
        acts: [froze, { ...unfroze, person: 'tom' }],
        witnesses: [alive],
      },
      [],
    ],
  ])('%s', (_, rows, record, expected) => {
    const problems = found(rows, record)
    expect(problems).toHaveLength(expected.length)
    for (const [index, pattern] of expected.entries()) expect(problems[index]).toMatch(pattern)
  })
})
