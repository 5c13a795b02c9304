import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseJsonDocument } from '../../src/integrations/json-document.ts'
import { parseJson } from '../../src/integrations/json-text.ts'

/** What it gives, or the sentence that it throws. */
async function read(text: string): Promise<unknown> {
  try {
    return { value: await parseJsonDocument(Buffer.from(text), 'a file') }
  } catch (error) {
    return { error: String(error) }
  }
}

function asAWhole(text: string): unknown {
  try {
    return { value: parseJson(text, 'a file') }
  } catch (error) {
    return { error: String(error) }
  }
}

describe('a JSON document that is read in parts', () => {
  it('is what it is as a whole, whatever stands in it', async () => {
    const lists = fc.dictionary(fc.string(), fc.oneof(fc.array(fc.jsonValue()), fc.jsonValue()))
    await fc.assert(
      fc.asyncProperty(lists, fc.constantFrom(undefined, 2), async (value, indent) => {
        const text = JSON.stringify(value, null, indent)
        expect(await read(text)).toEqual(asAWhole(text))
      }),
    )
  })

  it('is refused with the same sentence wherever a character is lost, added or changed', async () => {
    const text = '{ "assets": [ { "a": "x, ]}\\"" }, [1, {}], -2.5e3, "\\\\" ],\n "b": {"c": []}, "d": [] }'
    const broken = fc.tuple(
      fc.nat(text.length),
      fc.nat(2),
      fc.constantFrom('', ',', '"', ']', '}', '[', '{', 'x', '\\'),
    )
    await fc.assert(
      fc.asyncProperty(broken, async ([at, gone, come]) => {
        const other = text.slice(0, at) + come + text.slice(at + gone)
        expect(await read(other)).toEqual(asAWhole(other))
      }),
      { numRuns: 1_000 },
    )
  })

  it.each([
    ['a member that is there twice', '{ "assets": [], "assets": [1] }'],
    ['a member of an item that is there twice', '{ "assets": [{ "a": 1, "a": 2 }] }'],
    ['an item that is nested too deep', `{ "assets": [${'['.repeat(600)}${']'.repeat(600)}] }`],
    ['a list', '[1, 2]'],
    ['nothing', ''],
    ['a page', '<html></html>'],
    ['a member called __proto__', '{ "__proto__": [1] }'],
  ])('%s', async (_, text) => {
    expect(await read(text)).toEqual(asAWhole(text))
  })

  it('a large one that is cut off is said to be, and where', async () => {
    const whole = JSON.stringify(
      { assets: Array.from({ length: 30_000 }, (_, id) => ({ name: `web${id}`, id })) },
      null,
      1,
    )
    for (const length of [whole.length - 1, whole.length - 20, 1_100_000])
      expect(await read(whole.slice(0, length))).toEqual(asAWhole(whole.slice(0, length)))
  })
})
