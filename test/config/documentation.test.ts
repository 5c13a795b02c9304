import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { variableNames } from '../../src/app/environment.ts'
import { jsonSchema, parseSettings, settingsSchema } from '../../src/integrations/configuration.ts'

const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8')

function keysIn(schema: unknown, found: Set<string>): ReadonlySet<string> {
  if (typeof schema !== 'object' || schema === null) return found
  const {
    properties = {},
    additionalProperties,
    items,
    anyOf = [],
    oneOf = [],
  } = schema as ReturnType<typeof jsonSchema>
  for (const key of Object.keys(properties)) found.add(key)
  for (const below of [...Object.values(properties), additionalProperties, items, ...anyOf, ...oneOf])
    keysIn(below, found)
  return found
}

describe('docs/configuration.md', () => {
  it('names every key and every variable', () => {
    const keys = [...keysIn(jsonSchema(), new Set()), ...variableNames]
    expect(keys.filter((key) => !new RegExp(`(?<![\\w-])${key}(?![\\w-])`).test(page))).toEqual([])
  })

  it('shows only YAML whose keys and values are right', () => {
    const pieces = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, piece]) => parse(piece ?? ''))
    expect(pieces.length).toBeGreaterThan(1)
    for (const piece of pieces) expect(settingsSchema.safeParse(piece).error).toBeUndefined()
  })

  it('links to pages that exist', () => {
    for (const [, link] of page.matchAll(/\]\(([^)#]+)\)/g)) {
      expect(() => readFileSync(new URL(link ?? '', new URL('../../docs/', import.meta.url)))).not.toThrow()
    }
  })
})

describe('README.md', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')

  it('shows a whole configuration that loads without a warning', () => {
    const [, yaml = ''] = /```yaml\n(.*?)```/s.exec(readme) ?? []
    expect(parseSettings(yaml, 'patchwarden.yaml')).toMatchObject({ ok: true, warnings: [] })
  })

  it('links to pages that exist', () => {
    for (const [, link = ''] of readme.matchAll(/\]\(([^)#:]+)\)/g)) {
      expect(existsSync(new URL(link, new URL('../../', import.meta.url))), link).toBe(true)
    }
  })
})
