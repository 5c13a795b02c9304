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

  it('says what documentation leaves open, as far as the server tells it', () => {
    const machines = {
      ...{ all: 1200, askedIn22Hours: 1100, askedIn26Hours: 1150, askedNotIn30Days: 12, reportedIn48Hours: 1000 },
      ...{ askedAndDidNotReport: 7, neverReported: 3, withBuild: 0, withGuid: 1200, namedTwice: 4, instants: 'Utc' },
    }
    const open = {
      ...{
        api: '10.0.0.0',
        members: ['Decline with 0 parameters', 'Decline with 1 parameters'],
        builtInGroups: false,
        machines,
      },
      ...{ renamed: 2, downstreamServers: 1, refreshesApprovals: null, staleApprovals: 5, otherPublishers: null },
      ...{ synchronising: 'Running', twoDeadlines: { updates: 3, earlier: 9, later: 0 } },
    }
    const { lines } = probeReport({ ...good, open }, now)
    expect(lines.slice(10)).toEqual([
      'API 10.0.0.0: Decline with 0 parameters, Decline with 1 parameters.',
      'All Computers or Unassigned Computers has another id than is known: tell us.',
      'Machines that asked in the last 22 hours: 1,100 of 1,200; 26 hours: 1,150 of 1,200; not for 30 days: 12.',
      'Machines that reported in the last 48 hours: 1,000 of 1,200; that asked and did not: 7; that never did: 3.',
      'Machines with all four numbers of their Windows: 0 of 1,200; with a GUID as id: 1,200 of 1,200; with the name of another: 4.',
      'Instants of the API say of themselves: Utc.',
      '2 machines changed their name lately (copies share an id).',
      '1 downstream servers.',
      '5 updates with an approval of an earlier revision.',
      'Synchronisation now: Running.',
      'Of two deadlines the earlier one counts for 9 machines, the later one for 0.',
      'Only a start can tell: whether a deadline also installs what waits beside it, and how soon a machine sees a new group.',
    ])
    expect(probeReport({ ...good, open: { ...open, twoDeadlines: null, machines: null } }, now).lines).toContain(
      'Not known whether an update has two deadlines.',
    )
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

  it('names no obstacle where policies decide the groups and the configuration says so, and one where it is wrong', () => {
    expect(probeReport({ ...good, targeting: 'Client' }, now, true).obstacles).toEqual([])
    expect(probeReport(good, now, true).obstacles).toEqual([expect.stringMatching(/leave "targeting: client".* out/)])
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
