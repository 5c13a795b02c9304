import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

/** Starts and kills whole servers, one after the other. */
const servers = 'test/store/embedded-postgres.test.ts'
const slow = ['test/fleet/**', 'test/browser/**', 'test/e2e/**', 'test/known/**', servers]

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
          name: 'fleet',
          include: ['test/fleet/**/*.test.ts'],
          globalSetup: ['test/support/global-setup.ts'],
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 600_000,
        },
      },
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
