import { describe, expect, it } from 'vitest'
import { aHost, fleetScene, rocky, signal, windows } from './scene.ts'

const hosts = () => [
  aHost(1, { team: 'SECRET-TEAM', hostname: 'SECRET-HOST.corp.example' }),
  aHost(2, { ...rocky, online: false, softwareAt: '2000-01-01T00:00:00Z', hostname: 'SECRET-OTHER' }),
  aHost(3, windows),
  aHost(4, { platform: 'darwin', osVersion: 'macOS 14.5', hostname: 'SECRET-MAC' }),
]

describe('the report on a Fleet', () => {
  it('says every open fact, and names nothing', async () => {
    const { source, paths } = fleetScene({ hosts: hosts() })
    const report = (await source.report?.(signal)) ?? ''
    expect(report).not.toMatch(/SECRET|corp\.example|10\.1\.2\.3/)
    expect(report.split('\n').slice(1)).toEqual([
      'Fleet 4.89.1: teams are called fleets there, and both names are read.',
      'Its clock agrees with the one here.',
      '4 hosts, read 500 a page in the order of their ids: as many as it counts.',
      'Online now: 3 of 4; seen in the last day: 4 of 4.',
      'Software told in the last 2 hours: 3 of 4; never: 1 of 4.',
      'Left out, because nothing here patches them (macOS, iOS, Android, ChromeOS): 1 of 4; of a system that is not known here: 0.',
      'A hardware id that recognises the machine: 4 of 4, of them on several hosts: 0; a name with its domain: 2 of 4.',
      'Listed twice (enrolled again) or with the name of another: 0.',
      'In a team (Premium): 1 of 4.',
      'Windows with all four numbers of its build: 1 of 1.',
      expect.stringMatching(/^A page of 4 hosts with software: \d+ kB in [\d.]+ s, 8 rows\.$/),
      'Rows with an architecture: 8; RPM packages: 2, with a release: 2, with an epoch in the version: 0.',
      'A live query was answered in 0 s.',
    ])
    expect(paths().filter((path) => !path.startsWith('GET'))).toEqual(['POST /hosts/1/query'])
  })

  it.each([
    [{ observer: true }, /may not ask machines \(403\)/],
    [{ noLiveQuery: true }, /another path in this version \(404\)/],
    [{ silentTries: 9 }, /had no answer after 0 s, although the host counts as online/],
    [{ version: '4.70.0' }, /from before the new names of 4.82/],
    [{ ignores: ['populate_software'] }, /has none: the parameter was ignored/],
    [{ ceiling: 2 }, /not as many as it counts/],
  ])('says what is in the way: %j', async (faults, sentence) => {
    expect(await fleetScene({ hosts: hosts(), faults }).source.report?.(signal)).toMatch(sentence)
  })

  it('says in a sentence that there is no token, or a wrong one', async () => {
    const { createFleet } = await import('../../../src/integrations/fleet/client.ts')
    const { server } = fleetScene({ hosts: hosts() })
    const own = { url: 'https://fleet.corp.example', variable: 'FLEET_TOKEN', clock: () => new Date() }
    const without = createFleet({ ...own, token: null, fetch: server.fetch })
    await expect(without.version(signal)).rejects.toThrow('FLEET_TOKEN is not set')
    const wrong = createFleet({ ...own, token: 'another-token', fetch: server.fetch })
    await expect(wrong.version(signal)).rejects.toThrow(/answers 401 to GET \/version: it does not take FLEET_TOKEN/)
  })
})
