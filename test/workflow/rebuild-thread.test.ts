import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { rich } from '../../src/chat/rich-text.ts'
import type { ToldEntry } from '../../src/store/told.ts'
import { createThreadCheck, type ThreadLine } from '../../src/workflow/rebuild-thread.ts'

const at = (second: number) => new Date(Date.UTC(2026, 10, 20, 12, 0, second)).toISOString()
const told = (author: string | null, text: string | null = null, more: Partial<ThreadLine> = {}): ThreadLine => ({
  author,
  somebody: false,
  text,
  maybe: false,
  ...more,
})
const row = (id: number, second: number, author: string | null, text = 'x'): ToldEntry => ({
  id,
  table: 'console_messages',
  proposal: 'PW-1',
  at: at(second),
  author,
  text: author === null ? null : rich(text),
})
const differences = (check: ReturnType<typeof createThreadCheck>) =>
  [...check.differences()].map(({ record, problem }) => `${record} ${problem}`)

describe('a thread', () => {
  test('is matched by instant, author and words, the most exact first', () => {
    const check = createThreadCheck('PW-1')
    // The same second: words that may be anybody's, or any, take what nothing else fits.
    check.event(at(1), [told('p_1', null, { somebody: true }), told('mara'), told('mara', 'hello')])
    for (const entry of [row(1, 1, 'mara', 'hello'), row(2, 1, 'mara', 'other'), row(3, 1, 'tom')]) check.entry(entry)
    expect(differences(check)).toEqual([])
  })

  test.each<[string, ThreadLine, ToldEntry, readonly RegExp[]]>([
    [
      'nobody in place of somebody',
      told('p_1', null, { somebody: true }),
      row(1, 1, null),
      [/lacks/, /one entry too many/],
    ],
    [
      'other words',
      told('mara', 'hello'),
      row(1, 1, 'mara', 'hullo'),
      [/lacks an entry of mara/, /one entry too many/],
    ],
    [
      'another author',
      told('mara', 'hello'),
      row(1, 1, 'tom', 'hello'),
      [/lacks an entry of mara/, /one entry too many/],
    ],
    ['another instant', told('mara'), row(1, 2, 'mara'), [/lacks an entry of mara/, /is told of no event/]],
    ['words of no shape', told('mara', 'hello'), { ...row(1, 1, 'mara'), text: 7 as never }, [/lacks/, /too many/]],
  ])('with %s is found', (_, expected, entry, says) => {
    const check = createThreadCheck('PW-1')
    check.event(at(1), [expected])
    check.entry(entry)
    const found = differences(check)
    expect(found).toHaveLength(says.length)
    for (const [index, pattern] of says.entries()) expect(found[index]).toMatch(pattern)
  })

  test('may lack what may be missing, and nothing else', () => {
    const check = createThreadCheck('PW-1')
    check.event(at(1), [told(null, null, { maybe: true }), told(null)])
    expect(differences(check)).toHaveLength(1)
  })

  test('of an earlier version, which told each server by itself, is told as that version did', () => {
    const check = createThreadCheck('PW-1')
    check.event(at(1), [told(null), told('mara', 'hello')], true)
    for (const entry of [row(1, 1, null), row(2, 1, null), row(3, 1, 'mara', 'hullo'), row(4, 2, null)])
      check.entry(entry)
    check.event(at(3), [told(null)], true)
    expect(differences(check)).toEqual([
      expect.stringMatching(/lacks an entry of mara/),
      expect.stringMatching(/^console_messages 3 is one entry too many/),
      expect.stringMatching(/^console_messages 4 is told of no event/),
    ])
  })

  test('tells what was sent at an instant without an event, in whatever order clocks went', () => {
    const check = createThreadCheck('PW-1')
    for (const [id, second] of [
      [1, 5],
      [2, 3],
      [3, 4],
      [4, 3],
    ] as const)
      check.sent({ id, proposal: 'PW-1', at: at(second) })
    check.event(at(5), [])
    check.event(at(3), [])
    expect(differences(check)).toEqual([expect.stringMatching(/^outbox 3 is told of no event/)])
  })

  test('says the same however it is handed over, as long as nothing is wrong: also where a clock went back', () => {
    const seconds = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 40 })
    fc.assert(
      fc.property(seconds, fc.array(fc.nat(3)), (all, pauses) => {
        const check = createThreadCheck('PW-1')
        let handed = 0
        for (const [index, second] of all.entries()) {
          check.event(at(second), [told('mara', `line ${index}`), told(null)])
          if ((pauses[index] ?? 0) > 0) continue
          for (; handed <= index; handed++) {
            check.entry(row(2 * handed, all[handed] ?? 0, 'mara', `line ${handed}`))
            check.entry(row(2 * handed + 1, all[handed] ?? 0, null))
          }
          expect(check.behind()).toBe(false)
          check.settle()
        }
        for (; handed < all.length; handed++) {
          check.entry(row(2 * handed, all[handed] ?? 0, 'mara', `line ${handed}`))
          check.entry(row(2 * handed + 1, all[handed] ?? 0, null))
        }
        expect(differences(check)).toEqual([])
      }),
    )
  })
})
