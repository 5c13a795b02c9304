import { defineConfig } from 'vitest/config'

/** The tests that look at what is changed. */
export default defineConfig({ test: { include: (process.env.TESTS ?? '').split(' '), testTimeout: 120_000 } })
