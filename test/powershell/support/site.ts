import type { Site } from './standin.ts'

export const pilot = '5f6a0000-0000-0000-0000-000000000001'
export const office = '5f6a0000-0000-0000-0000-000000000002'
export const cumulative = '7b2c0000-0000-0000-0000-000000000011'
export const before = '7b2c0000-0000-0000-0000-000000000010'
export const driver = '7b2c0000-0000-0000-0000-000000000020'
export const licensed = '7b2c0000-0000-0000-0000-000000000030'
export const expired = '7b2c0000-0000-0000-0000-000000000040'
export const app01 = '0c4f9d6e-1111-4a2b-9c1d-aa0000000001'
export const app02 = '0c4f9d6e-1111-4a2b-9c1d-aa0000000002'
export const clone = '0c4f9d6e-1111-4a2b-9c1d-aa0000000003'

const allComputers = 'a0a08746-4dbe-4a37-9adf-9e7652c0b421'

/** A small server on 20 November 2026, 10:00 UTC. Its own language is German. */
export function smallSite(changed: Site = {}): Site {
  return {
    name: 'WSUS01',
    now: '2026-11-20T10:00:00Z',
    groups: [
      { id: pilot, name: 'Pilot', parent: allComputers },
      { id: office, name: 'Büro – Nord', parent: pilot },
    ],
    computers: [
      {
        id: app01,
        names: ['app01.corp.example'],
        address: '10.1.2.3',
        os: 'Windows Server 2022 Standard',
        osVersion: '10.0.20348.2340',
        clientVersion: '10.0.20348.2849',
        role: 'Server',
        lastSync: '2026-11-20T09:10:00Z',
        lastReported: '2026-11-20T04:12:00Z',
        groups: [pilot],
      },
      { id: app02, names: ['app02.corp.example'], role: 'Server', lastSync: '2026-11-20T08:00:00Z', groups: [office] },
      {
        id: clone,
        names: ['pc-a.corp.example', 'pc-b.corp.example'],
        role: 'Workstation',
        lastReported: '2026-11-18T00:00:00Z',
        downstream: true,
      },
    ],
    updates: [
      {
        id: cumulative,
        revision: 201,
        title: 'Kumulatives Update für Windows Server 2022 – November (KB5099999)',
        englishTitle: '2026-11 Cumulative Update for Windows Server 2022 (KB5099999)',
        kbs: ['5099999'],
        products: ['Windows Server 2022'],
        severity: 'Critical',
        created: '2026-11-10T18:00:00Z',
        arrived: '2026-11-11T02:30:00Z',
        supersedes: [before],
        install: { supported: true, reboot: 'CanRequestReboot' },
        uninstall: { supported: true, reboot: 'AlwaysRequiresReboot' },
        contentReadyAt: '2026-11-20T12:00:00Z',
      },
      { id: cumulative, revision: 200, latest: false, title: 'old revision', arrived: '2026-11-10T20:00:00Z' },
      { id: before, title: 'October', kbs: ['5088888'], arrived: '2026-10-14T02:30:00Z' },
      {
        id: driver,
        title: 'A driver',
        type: 'Driver',
        arrived: '2026-09-01T00:00:00Z',
        declined: true,
        supersedes: [before],
      },
      {
        id: licensed,
        title: 'A tool',
        type: 'SoftwareApplication',
        arrived: '2026-11-12T00:00:00Z',
        licence: '\r\n  LICENCE TERMS – Example  \r\nline two',
        install: { supported: true, asksUser: true },
        local: true,
      },
      { id: expired, title: 'Withdrawn', arrived: '2026-11-13T00:00:00Z', publication: 'Expired' },
    ],
    states: [
      { machine: app01, update: cumulative, state: 'NotInstalled', at: '2026-11-20T04:00:00Z' },
      { machine: app01, update: cumulative, state: 'Installed', at: '2026-11-20T09:00:00Z' },
      { machine: app01, update: before, state: 'Installed', at: '2026-11-01T00:00:00Z' },
      { machine: app01, update: driver, state: 'NotApplicable', at: '2026-11-01T00:00:00Z' },
      { machine: clone, update: cumulative, state: 'NotApplicable', at: '2026-11-01T00:00:00Z' },
      { machine: clone, update: before, state: 'Failed', at: '2026-11-17T00:00:00Z' },
    ],
    ...changed,
  }
}
