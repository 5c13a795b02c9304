import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

/** Starts and kills whole servers, one after the other. */
const servers = 'test/store/embedded-postgres.test.ts'
/** The contract of a deploy engine on real hosts, once for each engine but the first. */
const engines = ['ansible', 'aws-ssm', 'awx', 'dnf', 'systemd', 'zypper'].map(
  (name) => `test/fleet/${name}-engine.test.ts`,
)
/** Rollouts that are killed, and steered, again and again. */
const endurance = ['test/fleet/killed.test.ts', 'test/fleet/steering.test.ts']
const slow = ['test/replicas/**', 'test/fleet/**', 'test/browser/**', 'test/e2e/**', 'test/known/**', servers]

const onRealHosts = {
  globalSetup: ['test/support/global-setup.ts'],
  fileParallelism: false,
  testTimeout: 300_000,
  hookTimeout: 600_000,
}

export default defineConfig({
  test: {
    // Much of it waits, for PostgreSQL and for clocks: twice as many workers as cores keep these busy.
    maxWorkers: 2 * availableParallelism(),
    projects: [
      {
        test: {
          name: 'quick',
          include: ['test/**/*.test.ts'],
          exclude: slow,
          // Files share the modules that they load, as the service does: a third less work. None may keep state in one.
          isolate: false,
          globalSetup: ['test/support/global-setup.ts'],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'known',
          include: ['test/known/**/*.test.ts'],
          testTimeout: 180_000,
        },
      },
      {
        test: {
          name: 'replicas',
          include: ['test/replicas/**/*.test.ts'],
          globalSetup: ['test/support/global-setup.ts'],
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'fleet',
          include: ['test/fleet/**/*.test.ts'],
          exclude: [...engines, ...endurance, 'test/fleet/rpm-inventory.test.ts'],
          ...onRealHosts,
        },
      },
      { test: { name: 'engines', include: [...engines, 'test/fleet/rpm-inventory.test.ts'], ...onRealHosts } },
      { test: { name: 'endurance', include: endurance, ...onRealHosts } },
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts', servers],
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
})
