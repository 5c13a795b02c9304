import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalJson } from '../../../src/core/canonical-json.ts'
import { type Difference, differences, named } from '../../../src/core/record/differences.ts'

describe('what differs', () => {
  test.each<[string, unknown, unknown, readonly Difference[]]>([
    ['a number', { owner: 1 }, { owner: 2 }, [{ at: 'owner', from: 1, to: 2 }]],
    ['one that is not whole', { a: 0.5 }, { a: 1 }, [{ at: 'a', from: '0.5', to: 1 }]],
    ['deeper', { a: { b: { c: 'x', d: 1 } } }, { a: { b: { c: 'y', d: 1 } } }, [{ at: 'a.b.c', from: 'x', to: 'y' }]],
    ['people', { r: ['p_1', 'p_2'] }, { r: ['p_2', 'p_3'] }, [{ at: 'r', added: ['p_3'], removed: ['p_1'] }]],
    ['the order of a rota', { r: ['p_1', 'p_2'] }, { r: ['p_2', 'p_1'] }, [{ at: 'r', moved: true }]],
    ['one more of the same', { r: ['a'] }, { r: ['a', 'a'] }, [{ at: 'r', added: ['a'] }]],
    ['a new role', {}, { r: ['p_1'] }, [{ at: 'r', new: true, added: ['p_1'] }]],
    ['a role that is gone', { r: ['p_1'] }, {}, [{ at: 'r', gone: true, removed: ['p_1'] }]],
    ['a role that nobody holds', {}, { r: [] }, [{ at: 'r', new: true }]],
    ['a new number', {}, { security: 1 }, [{ at: 'security', new: true, to: 1 }]],
    ['a group where nothing was', { a: null }, { a: { b: 1 } }, [{ at: 'a', new: true }]],
    ['nothing where a group was', { a: { b: 1 } }, { a: null }, [{ at: 'a', gone: true }]],
    ['a number where a share was', { a: { percent: 5 } }, { a: 3 }, [{ at: 'a' }]],
    [
      'parts of a list',
      { f: [{ to: 1 }] },
      { f: [{ to: 2 }, { to: 3 }] },
      [
        { at: 'f.0.to', from: 1, to: 2 },
        { at: 'f.1', new: true },
      ],
    ],
    ['what people wrote', { why: 'Year end of Tom' }, { why: 'Sale' }, [{ at: 'why' }]],
    ['what is too long to repeat', { a: 'x'.repeat(300) }, { a: 'y' }, [{ at: 'a' }]],
    ['what was undefined', { a: 1, b: undefined }, { a: 1 }, []],
  ])('%s', (_, before, after, expected) => {
    expect(differences(before, after, (name) => name === 'why')).toEqual(expected)
  })
})

const single = fc.oneof(
  fc.string({ maxLength: 3 }),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
)
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    single,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c', 'why'), tie('value'), { maxKeys: 4 }),
  ),
}))

function at(value: unknown, path: string): unknown {
  let found = value
  for (const key of path === '' ? [] : path.split('.'))
    found =
      typeof found === 'object' && found !== null && Object.hasOwn(found, key) ? Reflect.get(found, key) : undefined
  return found
}

function json(value: unknown): string {
  return value === undefined ? 'nothing' : canonicalJson(value)
}

test('there is no difference exactly where both are the same, and each path names a real one', () => {
  fc.assert(
    fc.property(value, value, (before, after) => {
      const found = differences(before, after, (name) => name === 'why')
      expect(found.length === 0).toBe(json(before) === json(after))
      expect(new Set(found.map(({ at: path }) => path)).size).toBe(found.length)
      for (const one of found) expect(json(at(before, one.at))).not.toBe(json(at(after, one.at)))
      expect(differences(before, before)).toEqual([])
    }),
  )
})

test('what is said of one side is so: from the value before and what is said, the one after follows', () => {
  fc.assert(
    fc.property(value, value, (before, after) => {
      for (const one of differences(before, after)) {
        const [was, is] = [at(before, one.at), at(after, one.at)]
        const said = (single: unknown) =>
          typeof single === 'number' && !Number.isSafeInteger(single) ? String(single) : single
        if ('from' in one) expect(json(said(was))).toBe(json(one.from))
        if ('to' in one) expect(json(said(is))).toBe(json(one.to))
        if (one.added === undefined && one.removed === undefined) continue
        const list = (value: unknown) => (Array.isArray(value) ? value : []).map(said).map((single) => json(single))
        const left = list(was)
        for (const removed of one.removed ?? []) left.splice(left.indexOf(json(removed)), 1)
        expect([...left, ...(one.added ?? []).map(json)].sort()).toEqual(list(is).sort())
      }
    }),
  )
})

test('an entry names the first ones, in whole numbers and under its size, and counts the rest', () => {
  const many = (count: number, text: string) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`${text}${index}`, index]))
  expect(named(differences({}, many(3, 'a')))).not.toHaveProperty('more')
  const all = differences({}, many(1_000, 'a'))
  expect(named(all)).toMatchObject({ more: 800 })
  const long = named(differences({}, many(1_000, 'x'.repeat(500))))
  expect(canonicalJson(long).length).toBeLessThan(41_000)
  expect((long.changed as readonly unknown[]).length + (long.more ?? 0)).toBe(1_000)
  const people = Array.from({ length: 5_000 }, (_, index) => `p_${index}`)
  expect(named(differences({ r: [] }, { r: people }))).toEqual({ changed: [{ at: 'r' }] })
})
