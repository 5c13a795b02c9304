import { expect, test } from 'vitest'
import type { ChatConnection } from '../../src/chat/platform.ts'
import { contact } from '../../src/cli/contact.ts'
import type { DeployEngine, InventorySource } from '../../src/core/ports.ts'
import { anAsset, aSnapshot } from '../support/asset.ts'
import { useDatabase } from '../support/database.ts'
import { exampleService } from '../support/example-service.ts'

const database = useDatabase()

async function answers(
  parts: Omit<Parameters<typeof contact>[0], 'connections'>,
  connections: readonly ChatConnection[] = [],
) {
  const all = []
  for await (const answer of contact({ ...parts, connections }, new AbortController().signal)) all.push(answer)
  return all
}

test('each source, its engine and each feed are asked, and say what they hold', async () => {
  const { parts, remove } = await exampleService(database().db)
  expect(await answers(parts)).toEqual([
    { kind: 'source', name: 'example', ok: true, what: expect.stringMatching(/^\d+ of \d+ servers answer$/) },
    { kind: 'engine', name: 'simulated', ok: true, what: expect.stringMatching(/servers could be upgraded$/) },
    { kind: 'feed', name: 'catalog', ok: true, what: expect.stringContaining('advisories') },
  ])
  await remove()
})

test('one that fails is told with its reason, and the others are asked all the same', async () => {
  const { parts, remove } = await exampleService(database().db, {
    edit: (fleet) => fleet.replace('"name": "web-02",', '"name": "web-02", "fault": "unreachable",'),
  })
  const gone: InventorySource = {
    name: 'gone',
    describe: '',
    // biome-ignore lint/correctness/useYield: it fails before it has anything
    async *observe() {
      throw new Error('The file is gone.')
    },
  }
  const found = await answers({ ...parts, sources: [gone, ...parts.sources], engines: new Map<string, DeployEngine>() })
  expect(found.map(({ name, ok }) => [name, ok])).toEqual([
    ['gone', false],
    ['example', false],
    ['catalog', true],
  ])
  expect(found[0]?.what).toBe('The file is gone.')
  expect(found[1]?.what).toContain('web-02')
  await remove()
})

test('an engine that needs tools of its own says whether they are there, whatever the assets', async () => {
  const { parts, remove } = await exampleService(database().db)
  const [engine] = parts.engines.values()
  if (engine === undefined) throw new Error('There is no engine.')
  const engines = new Map<string, DeployEngine>([
    ['right', { ...engine, check: async () => 'tool 2.14' }],
    ['wrong', { ...engine, check: () => Promise.reject(new Error('There is no tool here: install it.')) }],
  ])
  expect(await answers({ sources: [], feeds: [], engines })).toEqual([
    { kind: 'engine', name: 'right', ok: true, what: 'tool 2.14' },
    { kind: 'engine', name: 'wrong', ok: false, what: 'There is no tool here: install it.' },
  ])
  await remove()
})

test('a chat platform says which of its tokens does not work, and another is asked all the same', async () => {
  const chat = (name: string, check: () => Promise<string>): ChatConnection => ({
    platform: { name, deliver: async () => null },
    check,
    start: async () => {},
    stop: async () => {},
    postTest: async () => null,
    accountsIn: async () => [],
  })
  const found = await answers({ sources: [], feeds: [], engines: new Map() }, [
    chat('slack', () => Promise.reject(new Error('Slack does not take SLACK_BOT_TOKEN: invalid_auth.'))),
    chat('discord', async () => 'the token works; 1 channel in 1 server can be seen'),
  ])
  expect(found.map(({ kind, name, ok }) => [kind, name, ok])).toEqual([
    ['chat', 'slack', false],
    ['chat', 'discord', true],
  ])
})

test('what monitors is asked, too: its address and secret, and whether it still records', async () => {
  const { parts, remove } = await exampleService(database().db)
  const asked: string[] = []
  const metrics = {
    name: 'prom',
    describe: 'Prometheus at http://prom',
    value: async (query: string) => {
      asked.push(query)
      return 1
    },
  }
  const samples = [{ at: '2026-11-01T00:00:00Z', value: 1 }]
  const found = await answers({
    ...parts,
    sources: [],
    feeds: [],
    metrics: new Map([['prom', metrics]]),
    loads: new Map([
      ['web-load', { name: 'web-load', describe: '', history: async () => samples }],
      ['old', { name: 'old', describe: '', history: () => Promise.reject(new Error('old.csv has no sample.')) }],
    ]),
  })
  expect(found).toEqual([
    { kind: 'metrics', name: 'prom', ok: true, what: 'Prometheus at http://prom answers' },
    { kind: 'load', name: 'web-load', ok: true, what: '1 sample of the last day' },
    { kind: 'load', name: 'old', ok: false, what: 'old.csv has no sample.' },
  ])
  expect(asked).toEqual(['vector(1)'])
  await remove()
})

test('assets in a zone whose rules are newer than the time zone data here are told with their source', async () => {
  const lab: InventorySource = {
    name: 'lab',
    describe: '',
    async *observe() {
      for (const timeZone of ['Europe/Berlin', 'America/Rainy_River', 'America/Rainy_River']) {
        const snapshot = aSnapshot(anAsset('web-01', { timeZone }))
        yield { kind: 'seen', snapshot, warnings: [] }
      }
    },
  }
  const [source] = await answers({ sources: [lab], engines: new Map(), feeds: [] })
  const warned = 'warning: 2 servers in America/Rainy_River, whose rules changed in time zone data 2026e'
  const [first, ...more] = source?.what.split('\n') ?? []
  expect([source?.ok, first]).toEqual([true, '3 of 3 servers answer'])
  expect(more).toEqual((process.versions.tz ?? '') < '2026e' ? [expect.stringContaining(warned)] : [])
})
