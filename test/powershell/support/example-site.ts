export const cumulative = '7b2c0000-0000-0000-0000-000000000011'
export const before = '7b2c0000-0000-0000-0000-000000000010'
export const idOf = (name: string) => `0c4f9d6e-1111-4a2b-9c1d-${Buffer.from(name.padEnd(6, '-')).toString('hex')}`
export const named = (name: string) => `${name}.corp.example`
export const names = ['app01', 'app02', 'app03', 'app04', 'app05']
const ago = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString()

/** Five servers that lack the update of the month. The clock of the server is that of its machine. */
export function site() {
  return {
    computers: names.map((name) => ({
      id: idOf(name),
      names: [named(name)],
      address: '10.1.2.3',
      os: 'Windows Server 2022 Standard',
      osVersion: '10.0.20348.9000',
      role: 'Server',
      lastSync: ago(3),
      lastReported: ago(3),
    })),
    updates: [
      {
        id: cumulative,
        title: 'Kumulatives Update – November (KB9000001)',
        englishTitle:
          '2026-11 Cumulative Update for Microsoft server operating system version 21H2 for x64-based Systems (KB9000001)',
        kbs: ['9000001'],
        severity: 'Critical',
        created: ago(80),
        arrived: ago(70),
        supersedes: [before],
        install: { supported: true, reboot: 'CanRequestReboot' },
      },
      { id: before, title: 'October', kbs: ['9000000'], arrived: ago(800) },
    ],
    states: names.flatMap((name) => [
      { machine: idOf(name), update: cumulative, state: 'NotInstalled', at: ago(60) },
      { machine: idOf(name), update: before, state: 'Installed', at: ago(700) },
    ]),
  }
}
