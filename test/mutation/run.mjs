/**
 * Changes files of src/core in one place after another, and says which changes no test notices:
 *
 *     npm run mutants -- src/core/quorum.ts [src/core/hands.ts ...] [test/core/quorum.test.ts ...]
 *
 * Without tests: those that reach one of the files by few imports, but for properties and what else takes long. What was tried before is tried again only where the file
 * or its tests have changed. AT_ONCE says how many are tried at once. Exits 1 where fewer than 90 of 100 are noticed.
 */

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { testsOf } from './tests-of.mjs'

const NOTICED_PERCENT = 90
const here = 'test/mutation'
const given = process.argv.slice(2)
const files = given.filter((file) => file.startsWith('src/core/'))
const named = given.filter((file) => file.startsWith('test/'))
/** Without the lines that may be named of it: `src/core/quorum.ts:10-20`. */
const paths = files.map((file) => file.replace(/:.*/, ''))
if (files.length === 0 || files.length + named.length < given.length || !paths.every((path) => existsSync(path))) {
  console.error('Say which files: npm run mutants -- src/core/quorum.ts [test/core/quorum.test.ts ...]')
  process.exit(2)
}
const tests = named.length > 0 ? named : [...new Set(paths.flatMap(testsOf))].sort()
if (tests.length === 0) {
  console.error(`No test of the core reaches ${paths.join(', ')}: name those that look at it.`)
  process.exit(2)
}
if (!existsSync(join(here, 'node_modules'))) run('npm', ['ci', '--prefix', here])
mkdirSync(join(here, 'reports'), { recursive: true })
console.log(`${paths.join(', ')}, looked at by ${tests.join(', ')}`)
const stryker = join(here, 'node_modules/@stryker-mutator/core/bin/stryker.js')
const code = run(process.execPath, [stryker, 'run', join(here, 'stryker.config.mjs')], {
  MUTATE: files.join(' '),
  TESTS: tests.join(' '),
  REPORT: join(here, 'reports', paths.map((path) => path.replace('src/core/', '').replaceAll('/', '.')).join('+')),
  NOTICED_PERCENT,
})
process.exit(code === 0 ? 0 : 1)

function run(command, args, env = {}) {
  return spawnSync(command, args.map(String), { stdio: 'inherit', env: { ...process.env, ...env } }).status ?? 1
}
