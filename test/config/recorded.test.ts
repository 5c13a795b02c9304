import path from 'node:path'
import { expect, test } from 'vitest'
import { readEnvironment } from '../../src/app/environment.ts'
import { notRecorded, recorded, recordedConfiguration } from '../../src/config/recorded.ts'
import type { Config } from '../../src/config/schema.ts'
import { contentOf } from '../../src/core/content.ts'
import { defaultConfig, loadConfig, settingsSchema } from '../../src/integrations/configuration.ts'

const root = path.resolve(import.meta.dirname, '../..')
const pseudonyms = new Map<string, string>()
function pseudonymOf(person: string): string {
  const known = pseudonyms.get(person) ?? `p_${String(pseudonyms.size).padStart(12, '0')}`
  pseudonyms.set(person, known)
  return known
}

function example(): Config {
  const environment = readEnvironment({ variables: {}, cwd: root })
  if (!environment.ok) throw new Error('There is no environment.')
  const loaded = loadConfig(path.join(root, 'patchwarden.example.yaml'), environment.environment)
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  return loaded.config
}

test('every section of the configuration is either recorded or not: whoever adds one decides which', () => {
  const all = [...recorded, ...notRecorded]
  expect(new Set(all).size).toBe(all.length)
  expect([...all].sort()).toEqual(Object.keys(settingsSchema.shape).sort())
  expect(Object.keys(recordedConfiguration(example(), pseudonymOf)).sort()).toEqual([...recorded].sort())
})

test.each([
  ['patchwarden.example.yaml', example],
  ['the built-in example', () => defaultConfig(root)],
])('of %s no name, id, e-mail or account of a person is in it, and no address, command or title', (_, read) => {
  const config = read()
  const { text } = contentOf('configuration', recordedConfiguration(config, pseudonymOf))
  for (const [id, { name, email, slack, discord }] of Object.entries(config.people)) {
    for (const known of [name, email, slack, discord]) if (known !== null) expect(text).not.toContain(known)
    expect(text).not.toContain(`"${id}"`)
    expect(text).toContain(`"${pseudonymOf(id)}"`)
  }
  for (const { name } of Object.values(config.teams)) expect(text).not.toContain(`"name":"${name}"`)
  expect(text).not.toMatch(/https?:|{address}|check_ssh|\.ics|\/usr\//)
})

test('what gives rights is in it as it stands in the file', () => {
  const config = example()
  expect(recordedConfiguration(config, pseudonymOf)).toMatchObject({
    roles: { security: ['tom', 'aisha'].map(pseudonymOf), informed: ['group:platform-leads', 'group:operations'] },
    teams: {
      payments: { channel: 'payments', policy: 'relaxed', roles: { owner: ['priya', 'noor'].map(pseudonymOf) } },
    },
    groups: {
      'web-rota': { people: ['jonas', 'mara'].map(pseudonymOf), overrides: [{ person: pseudonymOf('mara') }] },
      'payments-duty': { kind: 'pagerduty', schedule: 'PABC123', fallback: [pseudonymOf('jonas')] },
    },
    policies: { standard: { approvals: { owner: 1, security: 1 } } },
  })
})

test('another address, command or table of priorities is another configuration, and another name of a person is not', () => {
  const config = example()
  const hash = (settings: Config) => contentOf('configuration', recordedConfiguration(settings, pseudonymOf)).hash
  const before = hash(config)
  const { mara } = config.people
  if (mara === undefined) throw new Error('The example has changed.')
  const renamed = { ...mara, name: 'Mara Berg', email: 'other@example.net', slack: null }
  expect(hash({ ...config, people: { ...config.people, mara: renamed } })).toBe(before)
  const dev = config.groups['dev-duty']
  if (dev?.kind !== 'calendar') throw new Error('The example has changed.')
  expect(hash({ ...config, groups: { ...config.groups, 'dev-duty': { ...dev, location: '/other.ics' } } })).not.toBe(
    before,
  )
  const table = path.join(root, 'decision-tables', 'ssvc-deployer.csv')
  expect(hash({ ...config, priority: { ...config.priority, table } })).not.toBe(before)
})
