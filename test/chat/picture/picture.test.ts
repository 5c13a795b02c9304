import fc from 'fast-check'
import { SaxesParser } from 'saxes'
import { describe, expect, test } from 'vitest'
import { type Picture, pictureAlt, pictureSvg } from '../../../src/chat/picture/picture.ts'
import { ticks } from '../../../src/chat/picture/time-axis.ts'
import { outcomeOf } from '../../../src/core/outcome.ts'
import { endStates } from '../../../src/core/proposal/proposal.ts'
import { pictures, plan } from '../../support/pictures.ts'
import { content } from '../../support/proposals.ts'

interface Parsed {
  readonly elements: readonly string[]
  readonly attributes: readonly (readonly [string, string])[]
  /** Of each text element. */
  readonly labels: readonly string[]
  readonly title: string
  readonly description: string
}

/** Read by an XML parser that takes nothing malformed. */
function parsed(svg: string): Parsed {
  const elements: string[] = []
  const attributes: (readonly [string, string])[] = []
  const said: Record<string, string[]> = { text: [], title: [], desc: [] }
  let open = ''
  const parser = new SaxesParser({ xmlns: true })
  parser.on('error', (error) => {
    throw error
  })
  parser.on('opentag', (tag) => {
    open = tag.name
    elements.push(open)
    said[open]?.push('')
    for (const [name, { value }] of Object.entries(tag.attributes)) attributes.push([name, value])
  })
  parser.on('text', (words) => {
    const list = said[open]
    if (list) list[list.length - 1] += words
  })
  parser.on('closetag', () => {
    open = ''
  })
  parser.write(svg).close()
  return {
    elements,
    attributes,
    labels: said.text ?? [],
    title: said.title?.[0] ?? '',
    description: said.desc?.[0] ?? '',
  }
}

const kinds = Object.entries(pictures) as readonly (readonly [string, Picture])[]

describe.each(kinds)('the picture of a %s', (_, picture) => {
  test('says in words what it shows', () => {
    const { title, description } = parsed(pictureSvg(picture, { theme: 'light' }))
    expect(title).not.toBe('')
    expect(description).toBe(pictureAlt(picture))
  })

  test('is light or dark, and otherwise the same', () => {
    const light = parsed(pictureSvg(picture, { theme: 'light' }))
    const dark = parsed(pictureSvg(picture, { theme: 'dark' }))
    expect(dark.labels).toEqual(light.labels)
    expect(dark.attributes).not.toEqual(light.attributes)
  })

  test('needs nothing from elsewhere, and no style or script', () => {
    const { elements, attributes } = parsed(pictureSvg(picture, { theme: 'dark' }))
    const allowed = ['svg', 'title', 'desc', 'defs', 'pattern', 'rect', 'circle', 'line', 'path', 'text']
    expect(elements.filter((name) => !allowed.includes(name))).toEqual([])
    expect(attributes.filter(([name]) => /^(on|href|style|src)/.test(name))).toEqual([])
  })
})

test('a plan is shown in the zone of whoever looks', () => {
  const berlin = parsed(pictureSvg(pictures.plan, { theme: 'light' })).labels.join('\n')
  expect(berlin).toContain('All would be done by about Mon 23 Nov 03:31.')
  expect(berlin).toContain('Sat 21 Nov 02:00 – 02:04, watched for 30 min')
  expect(berlin).toContain('once owner says go')
  expect(berlin).toContain('freeze: Sale')
  expect(berlin).toContain('now')
  const tokyo = parsed(pictureSvg(pictures.plan, { theme: 'light', timeZone: 'Asia/Tokyo' })).labels.join('\n')
  expect(tokyo).toContain('Times in Asia/Tokyo. As of Sat 21 Nov 06:10.')
  expect(tokyo).toContain('Sat 21 Nov 10:00 – 10:04')
})

test('a plan that never ends says why', () => {
  const problem = 'Ring canary never begins: the window "none" has no time in the coming year.'
  const rings = plan.rings.map((ring) => ({ ...ring, runs: [], start: null, end: null, soakUntil: null }))
  const forecast = { ...plan, rings, end: null, problem, windows: [] }
  const { labels } = parsed(pictureSvg({ kind: 'plan', forecast, timeZone: 'UTC' }, { theme: 'light' }))
  expect(labels.join(' ')).toContain('never begins')
  expect(labels).toContain('its turn never comes')
  expect(labels).toContain('!')
})

test('the ends of assets are counted for all and for each ring', () => {
  expect(pictureAlt(pictures.outcome)).toBe(
    '50 servers: 42 installed, 2 failed, 1 unreachable, 5 not touched. canary: 2 installed. broad: 40 installed, 2 failed, 1 unreachable, 5 not touched.',
  )
  const { subject } = content(3)
  expect(outcomeOf({ subject, rollout: null })).toEqual({
    rings: [
      { name: 'canary', ends: { 'not touched': 1 } },
      { name: 'broad', ends: { 'not touched': 2 } },
    ],
  })
})

test('the quietest window is named, also over the end of the week', () => {
  expect(pictureAlt(pictures.load)).toContain('Quietest: Sat 22:30 to Sun 02:30 (4 h).')
  const window = { weekday: 7, startMinute: 1_380, durationMinutes: 120 } as const
  expect(pictureAlt({ kind: 'load', load: { ...pictures.load.load, window } })).toContain(
    'Quietest: Sun 23:00 to Mon 01:00 (2 h).',
  )
})

test.each([
  ['Europe/Berlin', '2026-10-24T22:00:00Z', ['Sun 25 Oct', '06:00', '12:00', '18:00', 'Mon 26 Oct']],
  ['Europe/Berlin', '2026-03-28T23:00:00Z', ['Sun 29 Mar', '06:00', '12:00', '18:00', 'Mon 30 Mar']],
])('the axis keeps to the clock on the wall in %s on %s', (zone, from, labels) => {
  const start = Date.parse(from)
  expect(ticks(start, start + 25 * 3_600_000, 5, zone).map(({ label }) => label)).toEqual(labels)
})

test('whatever names, counts and numbers come, the picture is well-formed and says no more than there is room for', () => {
  const name = fc.oneof(
    fc.string({ maxLength: 60, unit: 'binary' }),
    fc.constantFrom('<script>alert(1)</script>', ']]>&"\'', '\u202e\u0000'),
  )
  const ends = fc.dictionary(fc.constantFrom(...endStates), fc.nat(10_000))
  const outcome = fc
    .array(fc.record({ name, ends }), { maxLength: 20 })
    .map((rings): Picture => ({ kind: 'outcome', outcome: { rings } }))
  const share = fc.option(fc.double({ min: -1, max: 2 }), { nil: null })
  const load = fc
    .record({
      profile: fc.array(share, { maxLength: 200 }),
      window: fc.option(
        fc.record({
          weekday: fc.constantFrom(1, 3, 7),
          startMinute: fc.nat(1_439),
          durationMinutes: fc.integer({ min: 1, max: 20_000 }),
        }),
        { nil: null },
      ),
      caption: name,
    })
    .map((value): Picture => ({ kind: 'load', load: value }))
  const plans = fc
    .tuple(name, name, fc.integer({ min: 1, max: 20 }), fc.integer({ min: 0, max: 400 }))
    .map(([ring, freeze, count, days]): Picture => {
      const at = new Date(Date.parse(plan.now) + days * 86_400_000).toISOString()
      const [first] = plan.rings
      const rings = first
        ? Array.from({ length: count }, () => ({
            ...first,
            name: ring,
            end: at,
            soakUntil: at,
            runs: [{ start: plan.now, end: at }],
          }))
        : []
      const freezes = [{ name: freeze, from: plan.now, to: at }]
      return {
        kind: 'plan',
        forecast: { ...plan, rings, freezes, end: at, problem: days % 2 ? ring : null },
        timeZone: 'Asia/Kathmandu',
      }
    })
  fc.assert(
    fc.property(fc.oneof(outcome, load, plans), fc.constantFrom('light', 'dark'), (picture, theme) => {
      const svg = pictureSvg(picture, { theme })
      const { labels, attributes } = parsed(svg)
      for (const label of labels) expect(label.length).toBeLessThan(120)
      for (const [, value] of attributes) expect(value).not.toMatch(/NaN|Infinity/)
      expect(svg.length).toBeLessThan(80_000)
      expect(pictureAlt(picture).length).toBeLessThanOrEqual(950)
    }),
    { numRuns: 60 },
  )
})
