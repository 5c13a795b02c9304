import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { exampleEnvironment, readEnvironment, variableNames } from '../../src/app/environment.ts'
import { parseEnvFile } from '../../src/config/env-file.ts'
import { sectionOf } from '../../src/config/kind-settings.ts'
import { describeProblem } from '../../src/config/problem.ts'
import { jsonSchema, parseSettings } from '../../src/integrations/configuration.ts'
import { kinds } from '../../src/integrations/registry.ts'

const root = new URL('../../', import.meta.url)
const example = readFileSync(new URL('patchwarden.example.yaml', root), 'utf8')

type Schema = ReturnType<typeof jsonSchema>

/** Every key of the schema as a path; `*` stands for a name or a place in a list. */
function schemaKeys(schema: unknown, path: string, found: Set<string>): ReadonlySet<string> {
  if (typeof schema !== 'object' || schema === null) return found
  const { properties = {}, additionalProperties, items, anyOf = [], oneOf = [] } = schema as Schema
  for (const [key, below] of Object.entries(properties)) {
    found.add(`${path}.${key}`)
    schemaKeys(below, `${path}.${key}`, found)
  }
  for (const below of [additionalProperties, items]) schemaKeys(below, `${path}.*`, found)
  for (const option of [...anyOf, ...oneOf]) schemaKeys(option, path, found)
  return found
}

/** The paths that a value uses, with names and places as `*` where the schema has them so. */
function usedKeys(value: unknown, path: string, known: ReadonlySet<string>, found: Set<string>): ReadonlySet<string> {
  if (typeof value !== 'object' || value === null) return found
  for (const [key, below] of Object.entries(value)) {
    const exact = `${path}.${key}`
    if (known.has(exact)) found.add(exact)
    usedKeys(below, known.has(exact) ? exact : `${path}.*`, known, found)
  }
  return found
}

/** The kinds of which there is no entry, each in a sentence. */
function unshown(settings: Readonly<Record<string, Readonly<Record<string, { readonly kind?: unknown }>>>>) {
  return kinds.flatMap(({ name, roles, system }) => {
    const sections = Object.entries(sectionOf).flatMap(([role, section]) => (Object.hasOwn(roles, role) ? section : []))
    return [...(system === undefined ? [] : ['systems']), ...sections]
      .filter((section) => !Object.values(settings[section] ?? {}).some(({ kind }) => kind === name))
      .map((section) => `patchwarden.example.yaml shows no entry of kind ${name} under "${section}".`)
  })
}

describe('patchwarden.example.yaml', () => {
  it('is right, without a warning', () => {
    const parsed = parseSettings(example, 'patchwarden.example.yaml')
    expect(parsed.ok ? parsed.warnings.map(describeProblem) : parsed.problems.map(describeProblem)).toEqual([])
  })

  it('shows an entry of every kind in each of its roles', () => {
    const { feeds, systems, ...others } = parse(example)
    expect(unshown({ feeds, systems, ...others })).toEqual([])
    const { kev: _, ...otherFeeds } = feeds
    expect(unshown({ feeds: otherFeeds, systems: {}, ...others })).toEqual([
      'patchwarden.example.yaml shows no entry of kind ssh under "systems".',
      'patchwarden.example.yaml shows no entry of kind wsus under "systems".',
      'patchwarden.example.yaml shows no entry of kind configuration-manager under "systems".',
      'patchwarden.example.yaml shows no entry of kind manageengine under "systems".',
      'patchwarden.example.yaml shows no entry of kind ivanti-security-controls under "systems".',
      'patchwarden.example.yaml shows no entry of kind fleet under "systems".',
      'patchwarden.example.yaml shows no entry of kind ivanti-neurons under "systems".',
      'patchwarden.example.yaml shows no entry of kind simulated-system under "systems".',
      'patchwarden.example.yaml shows no entry of kind simulated-wsus under "systems".',
      'patchwarden.example.yaml shows no entry of kind simulated-configuration-manager under "systems".',
      'patchwarden.example.yaml shows no entry of kind simulated-manageengine under "systems".',
      'patchwarden.example.yaml shows no entry of kind simulated-security-controls under "systems".',
      'patchwarden.example.yaml shows no entry of kind simulated-fleet under "systems".',
      'patchwarden.example.yaml shows no entry of kind simulated-neurons under "systems".',
      'patchwarden.example.yaml shows no entry of kind kev under "feeds".',
    ])
  })

  it('uses every key there is', () => {
    const known = schemaKeys(jsonSchema(), '', new Set())
    const used = usedKeys(parse(example), '', known, new Set())
    expect(known.size).toBeGreaterThan(100)
    expect([...known].filter((key) => !used.has(key))).toEqual([])
  })

  it('names the schema for editors', () => {
    expect(example.split('\n')[0]).toBe('# yaml-language-server: $schema=./patchwarden.schema.json')
  })
})

describe('patchwarden.schema.json', () => {
  it('explains every key', () => {
    const silent: string[] = []
    function look(schema: unknown, path: string): void {
      if (typeof schema !== 'object' || schema === null) return
      const { properties = {}, additionalProperties, items, anyOf = [], oneOf = [] } = schema as Schema
      for (const [key, below] of Object.entries(properties)) {
        if (typeof below !== 'object' || below.description === undefined) silent.push(`${path}.${key}`)
        look(below, `${path}.${key}`)
      }
      for (const below of [additionalProperties, items, ...anyOf, ...oneOf]) look(below, `${path}.*`)
    }
    look(jsonSchema(), '')
    expect(silent).toEqual([])
  })
})

describe('.env.example', () => {
  it('names every variable, each commented out', () => {
    const text = readFileSync(new URL('.env.example', root), 'utf8')
    expect(parseEnvFile(text)).toEqual({ lines: [], mistakes: [] })
    const { lines, mistakes } = parseEnvFile(text.replace(/^# (?=[A-Z_]+=)/gm, ''))
    expect(mistakes).toEqual([])
    expect(lines.map(({ name }) => name).sort()).toEqual([...variableNames].sort())
  })

  it('shows values that can be right, beside those with dots in their place', () => {
    const { lines } = parseEnvFile(exampleEnvironment().replace(/^# (?=[A-Z_]+=)/gm, ''))
    const shown = lines.filter(({ name, value }) => !name.endsWith('_FILE') && value !== '...')
    expect(shown.length).toBeGreaterThan(10)
    for (const { name, value } of shown) {
      const read = readEnvironment({ cwd: '/nowhere', variables: { [name]: value } })
      const said = read.ok ? [] : read.problems.map(({ what }) => what)
      expect(
        said.filter((what) => !what.startsWith('is set, ')),
        name,
      ).toEqual([])
    }
  })
})
