import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it, test } from 'vitest'
import {
  buildEngines,
  buildFeeds,
  buildGroupReaders,
  buildLoads,
  buildMetrics,
  buildSilences,
  buildSources,
} from '../../src/app/build.ts'
import { readEnvironment } from '../../src/app/environment.ts'
import { contact } from '../../src/cli/contact.ts'
import { configurationOf } from '../../src/config/configuration.ts'
import { environmentOf } from '../../src/config/environment.ts'
import type { Kind } from '../../src/config/kind.ts'
import { describeProblem } from '../../src/config/problem.ts'
import type { Config } from '../../src/config/schema.ts'
import { kinds } from '../../src/integrations/registry.ts'
import { small } from '../config/small.ts'
import { notebook } from '../fakes/notebook/kind.ts'
import { accountsOf } from '../support/chat-people.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** All that a new kind costs beside its folder. */
const withNotebook = [...kinds, notebook]
const { loadConfig, parseSettings, jsonSchema, kindReference } = configurationOf(withNotebook)

const clock = () => new Date('2026-11-20T12:00:00.000Z')
const { signal } = new AbortController()

const entries = {
  sources: '  written: { kind: notebook, book: books/one.txt, team: web, engine: pen }\n',
  engines: '  pen: { kind: notebook, pen: red }\n',
  feeds: '  heard: { kind: notebook, location: books/heard.txt }\n',
}
const others = `metrics:
  pages: { kind: notebook, page: 7 }
loads:
  numbers: { kind: notebook, source: pages }
silences:
  quiet: { kind: notebook, finger: first }
groups:
  cover: { kind: notebook, cover: Mara Keller }
`

function textWith(added: Readonly<Record<string, string>>, end: string): string {
  let text = small
  for (const [section, lines] of Object.entries(added))
    text = text.replace(`\n${section}:\n`, `\n${section}:\n${lines}`)
  return text + end
}

/** The configuration as it is read from a file, and the folder of that file. */
function load(text: string): {
  readonly config: Config
  readonly folder: string
  readonly warnings: readonly string[]
} {
  const folder = temporaryFolder('pw-kinds')
  mkdirSync(path.join(folder, 'elsewhere'))
  writeFileSync(path.join(folder, 'patchwarden.yaml'), text)
  const environment = readEnvironment({ variables: {}, cwd: path.join(folder, 'elsewhere') })
  if (!environment.ok) throw new Error('There is no environment.')
  const loaded = loadConfig(path.join(folder, 'patchwarden.yaml'), environment.environment)
  if (!loaded.ok) throw new Error(loaded.problems.map(describeProblem).join('\n'))
  return { config: loaded.config, folder, warnings: loaded.warnings.map(describeProblem) }
}

function problemsOf(text: string): readonly string[] {
  const parsed = parseSettings(text, 'pw.yaml')
  return parsed.ok ? [] : parsed.problems.map(describeProblem)
}

const everything = textWith(entries, others)

describe('a kind that only the list was told of', () => {
  it('may be configured in every role', () => {
    expect(problemsOf(everything)).toEqual([])
  })

  it.each([
    ['a setting that is wrong', 'book: books/one.txt', 'book: b, pages: 0', 'sources.written.pages is the number 0.'],
    ['a setting that is not known', 'pen: red', 'pan: red', 'engines.pen.pan is not a key that is known here. Did you'],
    ['a setting that is missing', 'pen: red ', '', 'engines.pen.pen is missing. Write the colour of a pen'],
    [
      'a name of nothing',
      'source: pages',
      'source: page',
      'loads.numbers.source names the metric source "page", which',
    ],
    [
      'what its own check finds',
      'team: web, engine: pen',
      'engine: pen',
      'sources.written.team is missing. Write the t',
    ],
    ['an engine for another kind', 'engine: apt', 'engine: pen', 'sources.lab.engine writes in notebooks alone. Name'],
    [
      'a kind that is none',
      'kind: notebook, pen',
      'kind: notbook, pen',
      'is "notbook". Did you mean "notebook"? Write',
    ],
  ])('is refused with the place: %s', (_, piece, written, sentence) => {
    expect(everything).toContain(piece)
    const problems = problemsOf(everything.replace(piece, written))
    expect(problems.some((problem) => /^pw\.yaml:\d+:\d+: /.test(problem) && problem.includes(sentence))).toBe(true)
  })

  it('has its paths counted from the folder of the file', () => {
    const { config, folder } = load(everything)
    expect(config.sources.written?.book).toBe(path.join(folder, 'books/one.txt'))
    expect(config.feeds.heard?.location).toBe(path.join(folder, 'books/heard.txt'))
    const { config: other } = load(everything.replace('books/heard.txt', '"https://example.net/heard"'))
    expect(other.feeds.heard?.location).toBe('https://example.net/heard')
  })

  it('is in the JSON Schema and in the tables of the docs', () => {
    const { properties } = jsonSchema()
    for (const section of ['sources', 'engines', 'feeds', 'metrics', 'loads', 'silences', 'groups', 'systems'])
      expect(JSON.stringify(properties?.[section])).toContain('"notebook"')
    expect(kindReference()).toContain('|  | `pages` | `10` | How many pages it has. |')
  })

  it('says which secret it needs: it is read, described, and missed where it is used', () => {
    const own = environmentOf([notebook.variables ?? []].flat())
    expect(own.variableNames).toEqual(expect.arrayContaining(['NOTEBOOK_KEY', 'NOTEBOOK_KEY_FILE']))
    expect(own.exampleEnvironment()).toContain(
      '# A notebook that is locked.\n# NOTEBOOK_KEY=...\n# NOTEBOOK_KEY_FILE=/',
    )
    expect(own.variableReference()).toContain('| `NOTEBOOK_KEY` | the key of the notebook. Needed |')
    const wrong = own.readEnvironment({ variables: { NOTEBOOK_KEY: 'hidden' }, cwd: '/nowhere' })
    expect(wrong.ok ? [] : wrong.problems.map(describeProblem)).toEqual([
      'environment: NOTEBOOK_KEY cannot be read. Write the number on the key.',
    ])
    const { config, folder, warnings } = load(everything)
    const file = path.join(folder, 'patchwarden.yaml')
    const mend = 'Set it in the environment or in .env, or NOTEBOOK_KEY_FILE to a file that holds it.'
    const places = ['sources.written', 'engines.pen', 'feeds.heard', 'metrics.pages', 'loads.numbers', 'silences.quiet']
    const missed = warnings.filter((warning) => warning.includes('NOTEBOOK_KEY'))
    expect(missed.map((warning) => warning.replace(/:\d+:\d+:/, ':')).sort()).toEqual(
      [...places, 'groups.cover']
        .map((place) => `${file}: ${place} needs the variable NOTEBOOK_KEY, which is not set. ${mend}`)
        .sort(),
    )
    const set = own.readEnvironment({ variables: { NOTEBOOK_KEY: '7' }, cwd: '/nowhere' })
    if (!set.ok) throw new Error('There is no environment.')
    const { values } = set.environment
    expect(buildMetrics(config, values, withNotebook).get('pages')?.describe).toBe('page 7, unlocked')
    const loaded = loadConfig(file, set.environment)
    const told = loaded.ok ? loaded.warnings.map(describeProblem) : []
    expect(told.filter((warning) => warning.includes('NOTEBOOK_KEY'))).toEqual([])
  })

  it('is made by the build and asked by check', async () => {
    const { config, folder } = load(everything)
    const sources = buildSources(config, {}, clock, withNotebook).filter(({ name }) => name === 'written')
    const engines = new Map([...buildEngines(config, {}, clock, withNotebook)].filter(([name]) => name === 'pen'))
    const feeds = buildFeeds(config, {}, clock, withNotebook).filter(({ name }) => name === 'heard')
    const metrics = buildMetrics(config, {}, withNotebook)
    const loads = buildLoads(config, {}, clock, withNotebook)
    expect(sources.map(({ describe: what }) => what)).toEqual([path.join(folder, 'books/one.txt')])
    expect(feeds.map(({ describe: what }) => what)).toEqual([path.join(folder, 'books/heard.txt')])
    expect(buildSilences(config, {}, withNotebook).get('quiet')?.describe).toBe('first')
    const answers = []
    for await (const answer of contact({ sources, engines, feeds, metrics, loads, connections: [] }, signal))
      answers.push(answer)
    expect(answers).toEqual([
      { kind: 'source', name: 'written', ok: true, what: '1 of 1 servers answer' },
      { kind: 'engine', name: 'pen', ok: true, what: '1 of 1 servers could be upgraded' },
      { kind: 'feed', name: 'heard', ok: true, what: '0 fixes' },
      { kind: 'metrics', name: 'pages', ok: true, what: 'page 7 answers' },
      { kind: 'load', name: 'numbers', ok: true, what: '0 samples of the last day' },
    ])
  })

  it('says who is on call', async () => {
    const { config } = load(everything)
    const read = readEnvironment({ variables: {}, cwd: '/nowhere' })
    if (!read.ok) throw new Error('There is no environment.')
    const parts = { connections: [], accounts: accountsOf({}), clock }
    const readers = buildGroupReaders(config, read.environment.values, parts, withNotebook)
    expect(await readers.find(({ name }) => name === 'cover')?.read(signal)).toEqual({ people: ['mara'], vain: [] })
  })
})

describe('a system', () => {
  const system = `systems:
  desk: { kind: notebook, book: books/two.txt, inventory: { team: web }, engine: { pen: blue } }
  shelf: { kind: notebook, book: books/three.txt, inventory: { team: web, tags: [old] } }
`

  it('is a source, and an engine where it says so, with one connection of its own', () => {
    const { config, folder } = load(textWith(entries, others + system))
    expect(config.sources.desk).toMatchObject({
      kind: 'notebook',
      book: path.join(folder, 'books/two.txt'),
      pages: 10,
      team: 'web',
      engine: 'desk',
    })
    expect(config.sources.shelf).toMatchObject({ engine: null, tags: ['old'] })
    expect(Object.keys(config.engines)).toEqual(['pen', 'apt', 'desk'])
    const opened = new Map(
      [
        ...buildSources(config, {}, clock, withNotebook),
        ...buildEngines(config, {}, clock, withNotebook).values(),
      ].flatMap((made) =>
        'opened' in made ? [[`${made.name} ${'observe' in made ? 'source' : 'engine'}`, made.opened]] : [],
      ),
    )
    expect(opened.size).toBe(5)
    expect(opened.get('desk source')).toBe(opened.get('desk engine'))
    expect(opened.get('written source')).toBe(opened.get('pen engine'))
    expect(new Set(opened.values()).size).toBe(3)
  })

  it('is told of once by check, with a line for each of its roles', async () => {
    const { config } = load(textWith({}, system))
    const sources = buildSources(config, {}, clock, withNotebook).filter(({ name }) => name !== 'lab')
    const engines = new Map([...buildEngines(config, {}, clock, withNotebook)].filter(([name]) => name === 'desk'))
    const answers = []
    const systems = Object.keys(config.systems)
    for await (const answer of contact({ sources, engines, systems, feeds: [], connections: [] }, signal))
      answers.push(answer)
    const what = 'inventory: 1 of 1 servers answer\nengine: 1 of 1 servers could be upgraded'
    expect(answers).toEqual([
      { kind: 'system', name: 'desk', ok: true, what },
      { kind: 'system', name: 'shelf', ok: true, what: 'inventory: 1 of 1 servers answer' },
      expect.objectContaining({ kind: 'machine', name: 'desk/one, shelf/one', ok: false }),
    ])
  })

  it.each([
    [
      'its own check',
      '  desk: { kind: notebook, book: b, inventory: {} }',
      'systems.desk.inventory.team is missing. W',
    ],
    [
      'a setting of a role',
      '  desk: { kind: notebook, book: b, inventory: { team: web, pages: x } }',
      'pages is "x". Wr',
    ],
    ['nothing to list', '  desk: { kind: notebook, book: b }', 'systems.desk.inventory is missing. Write its keys ind'],
    [
      'an unknown team',
      '  desk: { kind: notebook, book: b, inventory: { team: wep } }',
      'systems.desk.inventory.team na',
    ],
    [
      'the name of a source',
      '  lab: { kind: notebook, book: b, inventory: { team: web } }',
      'systems.lab has the name of',
    ],
    [
      'the name of an engine',
      '  apt: { kind: notebook, book: b, inventory: { team: web }, engine: { pen: red } }',
      'systems.apt has the name of an entry in "engines". Give one of them another name.',
    ],
    [
      'another kind',
      '  desk: { kind: file, inventory: {} }',
      'systems.desk.kind is "file". Write one of ssh, wsus, configuration-manager, manageengine, ivanti-security-controls, fleet, ivanti-neurons, simulated-system, simulated-wsus, simulated-configuration-manager, simulated-manageengine, simulated-security-controls, simulated-fleet, simulated-neurons, notebook.',
    ],
    [
      'a host that is listed twice',
      '  desk: { kind: ssh, inventory: { team: web, hosts: [a, a] } }',
      'systems.desk.inventory.hosts[1] is "a" again. List each host once.',
    ],
  ])('is refused with the place: %s', (_, line, sentence) => {
    const problems = problemsOf(`${small}systems:\n${line}\n`)
    expect(problems.join('\n')).toContain(sentence)
    expect(problems).toHaveLength(1)
  })

  it('that is broken hides no name that others use', () => {
    const text = `${small.replace('engine: apt', 'engine: desk')}systems:\n  desk: { kind: ssh, port: 0, inventory: { team: web, hosts: [a] }, engine: {} }\n`
    expect(problemsOf(text)).toEqual([expect.stringContaining('systems.desk.port is the number 0')])
  })
})

/** A sentence where the pages of a kind are missing. */
function undocumented(name: string, page: string, roles: Kind['roles']): string | null {
  const [file = ''] = page.split('#')
  const docs = new URL('../../docs/', import.meta.url)
  if (!existsSync(new URL(file, docs)))
    return `The page of the kind ${name} is missing: write docs/${file}, or name another in its kind.ts.`
  const row = `| [${name}](${path.basename(page)}) |`
  return roles.feed === undefined || readFileSync(new URL('integrations/feeds.md', docs), 'utf8').includes(row)
    ? null
    : `The table of docs/integrations/feeds.md has no row of the feed ${name}, which begins with "${row}".`
}

it('a kind without a page, and a feed without its row, are said', () => {
  const missing = 'The page of the kind new is missing: write docs/integrations/new.md, or name another in its kind.ts.'
  expect(undocumented('new', 'integrations/new.md#here', {})).toBe(missing)
  expect(undocumented('new', 'integrations/kev.md', notebook.roles)).toMatch(
    /has no row of the feed new, .*"\| \[new\]/,
  )
})

describe('every kind of the list', () => {
  test.each(kinds.map((kind) => [kind.name, kind] as const))('%s', (name, { page, roles, system }) => {
    expect(undocumented(name, page, roles)).toBeNull()
    expect(Object.keys(roles).length).toBeGreaterThan(0)
    for (const [role, own] of Object.entries(roles)) {
      const settings = Object.keys(own.settings.shape)
      expect(settings).toEqual(expect.arrayContaining(Object.keys(own.paths ?? {})))
      expect(settings).not.toContain('kind')
      const same = kinds.filter((kind) => Object.hasOwn(kind.roles, role) && kind.name === name)
      expect(same).toHaveLength(1)
    }
    if (system === undefined) return
    const shared = Object.keys(system.connection.shape)
    const listing = [...shared, ...Object.keys(system.inventory.shape), 'engine']
    expect(listing.sort()).toEqual(Object.keys(roles.inventory?.settings.shape ?? {}).sort())
    expect(Object.keys(system.engine?.shape ?? {})).toEqual(Object.keys(roles.engine?.settings.shape ?? {}))
  })
})
