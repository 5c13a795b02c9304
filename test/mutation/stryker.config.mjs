/** Of one run; see run.mjs, which says what is changed and which tests look at it. */
const { MUTATE = '', REPORT = '', NOTICED_PERCENT = '', AT_ONCE = '2' } = process.env

export default {
  plugins: ['@stryker-mutator/vitest-runner'],
  testRunner: 'vitest',
  vitest: { configFile: 'test/mutation/vitest.config.ts', related: false },
  mutate: MUTATE.split(' '),
  // Texts are for people, and tests quote few of them.
  mutator: { excludedMutations: ['StringLiteral'] },
  ignoreStatic: true,
  coverageAnalysis: 'perTest',
  // TypeScript 7 has not the interface that Stryker reads its configuration with.
  tsconfigFile: 'none.json',
  checkers: [],
  incremental: true,
  incrementalFile: `${REPORT}.incremental.json`,
  reporters: ['clear-text', 'progress'],
  clearTextReporter: { logTests: false, reportTests: false, allowColor: false },
  thresholds: { high: 100, low: 100, break: Number(NOTICED_PERCENT) },
  concurrency: Number(AT_ONCE),
  timeoutMS: 20_000,
  tempDirName: 'test/mutation/.tmp',
  ignorePatterns: ['.patchwarden', 'dist', 'docs', 'test/mutation/node_modules', 'test/mutation/reports'],
}
