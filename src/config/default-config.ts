import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Config, SettingsSchema } from './schema.ts'

const anyTime = { rules: [{ days: 'every day', start: '00:00', duration: '24 hours' }] }

/** The example fleet that comes with Patchwarden. It is copied to `exampleFleet(dataDir)` on the first start. */
export const shippedFleet = fileURLToPath(new URL('../../examples/fleet.json', import.meta.url))
const shippedCatalog = fileURLToPath(new URL('../../examples/catalog.json', import.meta.url))

/** The file with the example fleet, which is changed while the example runs. */
export function exampleFleet(dataDir: string): string {
  return join(dataDir, 'example', 'fleet.json')
}

/** Folder of the example's own embedded database. It is not the one of a real configuration. */
export function exampleDatabase(dataDir: string): string {
  return join(dataDir, 'example', 'postgres')
}

/**
 * The configuration without a file: this machine, only watched, and the labelled example fleet with invented people.
 * New users can see a whole rollout, and no host is touched.
 */
export function defaultConfig(
  settingsSchema: SettingsSchema,
  cwd: string,
  dataDirectory: string | null = null,
): Config {
  const dataDir = resolve(cwd, dataDirectory ?? '.patchwarden')
  const fleet = exampleFleet(dataDir)
  const health = [{ tcp: 22, timeout: '3 s' }]
  const decided = { policy: 'standard', window: 'any-time', rollout: 'example', health }
  const settings = settingsSchema.parse({
    name: 'Patchwarden (example)',
    dataDir,
    people: {
      mara: { name: 'Mara Keller', timeZone: 'Europe/Berlin' },
      tom: { name: 'Tom Okafor', timeZone: 'Europe/London' },
      aisha: { name: 'Aisha Rahman', timeZone: 'Asia/Dubai' },
      jonas: { name: 'Jonas Berg', timeZone: 'Europe/Berlin' },
      priya: { name: 'Priya Nair', timeZone: 'Asia/Kolkata' },
    },
    roles: { security: ['tom', 'aisha'], 'on-call': ['jonas'], operator: ['mara'] },
    teams: {
      'web-platform': { name: 'Web platform', channel: 'web-platform', roles: { owner: ['mara'] }, ...decided },
      payments: { name: 'Payments', channel: 'payments', roles: { owner: ['priya'] }, ...decided },
      'this-machine': { name: 'This machine', channel: 'this-machine', roles: { owner: ['mara'] } },
    },
    channels: {
      'web-platform': { title: 'Web platform' },
      payments: { title: 'Payments' },
      'this-machine': { title: 'This machine' },
    },
    policies: {
      standard: {
        kind: 'quorum',
        approvals: { owner: 1, security: 1 },
        stop: ['owner', 'on-call'],
        cli: 'recorded',
        resume: { owner: 1 },
        breakGlass: { roles: ['operator'], reviewWithin: '1 day' },
        reboot: 'if required',
      },
    },
    windows: { 'any-time': anyTime },
    rollouts: {
      example: {
        rings: [
          { name: 'canary', select: { tag: 'canary' }, batch: 1, soak: '5 s' },
          { name: 'early', select: { percent: 25 }, batch: '50%', soak: '5 s' },
          { name: 'broad', select: 'rest', batch: '50%' },
        ],
      },
    },
    sources: {
      'this-machine': { kind: 'local', team: 'this-machine' },
      example: { kind: 'file', path: fleet, format: 'json', engine: 'simulated' },
    },
    // One proposal per team is enough for the example.
    proposals: { groupBy: 'team' },
    feeds: { example: { kind: 'file-catalog', path: shippedCatalog } },
    engines: { simulated: { kind: 'simulated', state: fleet, pace: '3 s' } },
  })
  return { ...settings, file: null, example: true }
}
