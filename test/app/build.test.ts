import { afterEach, describe, expect, it } from 'vitest'
import { buildGroupReaders, buildLoads, buildMetrics, buildSilences } from '../../src/app/build.ts'
import { readEnvironment } from '../../src/app/environment.ts'
import type { Account } from '../../src/chat/accounts.ts'
import type { ChatConnection } from '../../src/chat/platform.ts'
import type { Config } from '../../src/config/schema.ts'
import { parseSettings } from '../../src/integrations/configuration.ts'
import { small, smallWith } from '../config/small.ts'
import { startFakeAlertmanager } from '../fakes/alertmanager/fake-alertmanager.ts'
import { createFakePrometheus } from '../fakes/prometheus/fake-prometheus.ts'
import { anAsset } from '../support/asset.ts'
import { accountsOf } from '../support/chat-people.ts'

const { signal } = new AbortController()
let close = async () => {}
afterEach(() => close())

/** The small configuration with a Prometheus that wants a header, or none. */
async function withPrometheus(keys: string, authorization?: string): Promise<Config> {
  const server = await createFakePrometheus({
    series: { one: [() => 1] },
    ...(authorization === undefined ? {} : { authorization }),
  })
  close = server.close
  const added = `metrics:
  prom: { kind: prometheus, url: "${server.url}"${keys} }
loads:
  web-load: { kind: prometheus, source: prom, query: one, step: 30 min }
  web01-cpu: { kind: sar, source: lab, host: web01 }
engines:
`
  const parsed = parseSettings(smallWith('engines:\n', added), 'pw.yaml')
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return { ...parsed.settings, file: null, example: false }
}

describe('Alertmanager of the configuration', () => {
  const basic = `Basic ${Buffer.from('pw:a b').toString('base64')}`

  it.each([
    [{ ALERTMANAGER_TOKEN: 't0ken' }, 'Bearer t0ken'],
    [{ ALERTMANAGER_USER: 'pw', ALERTMANAGER_PASSWORD: 'a b' }, basic],
    [{ ALERTMANAGER_PASSWORD: 'a b' }, undefined],
  ])('with %j it is asked with %s', async (variables: Record<string, string>, authorization) => {
    const server = await startFakeAlertmanager()
    close = server.close
    const silences = `silences:\n  alerts: { kind: alertmanager, url: "${server.url}", matchers: ["instance={name}"] }\n`
    const parsed = parseSettings(`${small}${silences}`, 'pw.yaml')
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
    const silence = buildSilences({ ...parsed.settings, file: null, example: false }, variables).get('alerts')
    await silence?.release({ key: 'PW-1', assets: [anAsset('web01')] }, signal)
    expect(server.authorizations.length).toBeGreaterThan(0)
    expect(new Set(server.authorizations)).toEqual(new Set([authorization]))
  })
})

describe('Prometheus of the configuration', () => {
  const basic = `Basic ${Buffer.from('pw:s3cret').toString('base64')}`

  it.each([
    ['without a secret', '', undefined, {}],
    ['with the usual token', '', 'Bearer t0', { PROMETHEUS_TOKEN: 't0' }],
    [
      'with a token of its own',
      ', secret: PROMETHEUS_TOKEN_EU',
      'Bearer t1',
      { PROMETHEUS_TOKEN: 't0', PROMETHEUS_TOKEN_EU: 't1' },
    ],
    ['with a password', ', user: pw, secret: PROMETHEUS_PASSWORD', basic, { PROMETHEUS_PASSWORD: 's3cret' }],
  ])('is asked %s', async (_what, keys, authorization, variables: Record<string, string>) => {
    const config = await withPrometheus(keys, authorization)
    expect(await buildMetrics(config, variables).get('prom')?.value('one', signal)).toBe(1)
    const loads = buildLoads(config, variables, () => new Date())
    expect(await loads.get('web-load')?.history('2026-10-01T00:00:00Z', '2026-10-01T01:00:00Z', signal)).toEqual([
      { at: '2026-10-01T00:00:00.000Z', value: 1 },
      { at: '2026-10-01T00:30:00.000Z', value: 1 },
    ])
    expect(loads.get('web01-cpu')?.describe).toBe('Busy CPU of web01, by sysstat')
  })

  it('is not asked while a secret that it was given is missing', async () => {
    const config = await withPrometheus(', secret: PROMETHEUS_TOKEN_EU')
    await expect(buildMetrics(config, {}).get('prom')?.value('one', signal)).rejects.toThrow(
      'PROMETHEUS_TOKEN_EU is not set, and Prometheus prom is asked with it.',
    )
  })
})

describe('user groups of Slack', () => {
  const two = 'identity: { slackWorkspaces: [T0000001, T0000002] }\n'

  it.each([
    ['of a workspace', 'T0000002/S000LEADS', two, 'T0000002', ['tom']],
    ['of the only one', 'S000LEADS', '', null, ['mara']],
  ])('%s are read there, and their members are people of there', async (_what, id, identity, server, people) => {
    const text = `${smallWith('[tom, aisha]', '[tom, aisha, "group:leads"]')}${identity}groups: { leads: { kind: slack user group, id: ${id} } }\n`
    const parsed = parseSettings(text, 'pw.yaml')
    const read = readEnvironment({ variables: {}, cwd: '/nowhere' })
    if (!parsed.ok || !read.ok) throw new Error(JSON.stringify(parsed))
    const config: Config = { ...parsed.settings, file: null, example: false }
    const asked: unknown[] = []
    const member: Account = {
      platform: 'slack',
      id: 'U000SAME',
      realm: server === null ? { id: 'T0000001', only: true } : { id: server, only: false },
      label: 'x',
      verifiedEmail: null,
    }
    const slack: ChatConnection = {
      platform: { name: 'slack', deliver: async () => null },
      check: async () => '',
      start: async () => {},
      stop: async () => {},
      postTest: async () => null,
      accountsIn: async (group) => {
        asked.push(group)
        return [member]
      },
    }
    const accounts = accountsOf({ mara: 'T0000001/U000SAME', tom: 'T0000002/U000SAME' })
    const parts = { connections: [slack], accounts, clock: () => new Date() }
    const [reader] = buildGroupReaders(config, read.environment.values, parts)
    expect((await reader?.read(signal))?.people).toEqual(people)
    expect(asked).toEqual([{ server, id: 'S000LEADS' }])
  })
})
