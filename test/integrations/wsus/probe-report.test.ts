import { describe, expect, it } from 'vitest'
import type { WsusProbe } from '../../../src/integrations/wsus/calls.ts'
import { probeReport } from '../../../src/integrations/wsus/probe-report.ts'

const now = '2026-11-20T10:00:00.000Z'
const good: WsusProbe = {
  server: 'SECRET-SERVER',
  version: '10.0.20348.2849',
  role: 'Administrator',
  replica: false,
  targeting: 'Server',
  machines: 1204,
  updates: 5210,
  synchronised: { result: 'Succeeded', startedAt: now, endedAt: '2026-11-20T01:05:00.000Z', error: '' },
  nextSynchronisation: '2026-11-21T01:00:00.000Z',
  automatic: [
    { name: 'SECRET-RULE', enabled: true, groups: ['SECRET-GROUP'] },
    { name: 'SECRET-OTHER', enabled: false, groups: [] },
  ],
  approvals: 311,
  languages: ['de', 'en'],
  culture: 'de',
  powershell: '5.1.20348.2849',
  edition: 'Desktop',
  bits64: true,
  codePage: 850,
  executionPolicy: [{ scope: 'MachinePolicy', policy: 'Undefined' }],
  clock: '2026-11-20T10:00:20.000Z',
}

describe('the report on a WSUS server', () => {
  it('says every fact, and names nothing', () => {
    const { lines, obstacles } = probeReport(good, now)
    expect(lines).toEqual([
      'WSUS 10.0.20348.2849; Windows PowerShell 5.1.20348.2849 (Desktop, 64 bit), code page 850, language de.',
      'The login is allowed to read and to deploy (WSUS Administrators).',
      'It is no replica: approvals are made here.',
      'Groups are changed on the server (server-side targeting).',
      '1,204 machines, 5,210 updates, 311 standing approvals for installation.',
      'Last synchronisation: Succeeded at 2026-11-20T01:05:00.000Z; the next is planned for 2026-11-21T01:00:00.000Z.',
      'Languages of updates: de, en.',
      '1 of 2 automatic rules approve updates without a vote.',
      'Execution policy: MachinePolicy Undefined.',
      'Its clock agrees with the one here.',
    ])
    expect(obstacles).toEqual([])
    expect(lines.join('\n')).not.toMatch(/SECRET/)
  })

  it('does not print what the server says of a failure, which may hold names', () => {
    const synchronised = {
      result: 'Failed',
      startedAt: now,
      endedAt: '2026-11-10T01:05:00.000Z',
      error: 'proxy SECRET',
    }
    const { lines } = probeReport({ ...good, synchronised }, now)
    expect(lines[5]).toMatch(/Failed at 2026-11-10T01:05:00.000Z, 10 days ago \(the server says why in its console\)/)
    expect(lines.join('\n')).not.toMatch(/SECRET/)
  })

  it.each<[string, Partial<WsusProbe>, RegExp]>([
    ['no rights', { role: 'Unauthorized' }, /WSUS Reporters/],
    ['rights to read only', { role: 'Reporter' }, /WSUS Administrators/],
    ['a replica', { replica: true }, /above this replica/],
    ['client-side targeting', { targeting: 'Client' }, /server-side targeting/],
    ['no approval at all', { approvals: 0 }, /software update point of Configuration Manager/],
  ])('names an obstacle: %s', (_, changed, sentence) => {
    expect(probeReport({ ...good, ...changed }, now).obstacles).toEqual([expect.stringMatching(sentence)])
  })

  it('never passes off as nothing what could not be read', () => {
    const { lines, obstacles } = probeReport(
      {
        ...good,
        updates: null,
        approvals: null,
        synchronised: null,
        automatic: [],
        unknown: ['automatic rules: System.X', 'last synchronisation: System.X', 'approvals: Patchwarden.Timeout'],
      },
      now,
    )
    expect(obstacles).toEqual([])
    expect(lines).toContain(
      '1,204 machines, not known how many updates, not known how many approvals for installation.',
    )
    expect(lines).toContain('Not known whether rules approve updates without a vote.')
    expect(lines).toContain('The last synchronisation is not known; the next is planned for 2026-11-21T01:00:00.000Z.')
    expect(lines).toContain('Could not be read: approvals: Patchwarden.Timeout.')
  })

  it('says how far the clock is off', () => {
    const behind = probeReport({ ...good, clock: '2026-11-20T09:55:00.000Z' }, now).lines
    expect(behind).toContain('Its clock is 300 s behind the one here: deadlines are off by as much.')
  })
})
