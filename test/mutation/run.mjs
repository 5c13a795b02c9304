/**
 * Changes a file of src/core in one place after another, and says which changes no test notices:
 *
 *     npm run mutants -- src/core/quorum.ts [test/core/quorum.test.ts ...]
 *
 * Without tests: the one of the same name, or else all of the same folder. What was tried before is tried again only where
 * the file or its tests have changed. Exits 1 where fewer than 90 of 100 are noticed.
 */

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

const NOTICED_PERCENT = 90
const here = 'test/mutation'
const [file, ...named] = process.argv.slice(2)
if (file === undefined || !file.startsWith('src/core/') || !existsSync(file.replace(/:.*/, ''))) {
  console.error('Say which file: npm run mutants -- src/core/quorum.ts [test/core/quorum.test.ts ...]')
  process.exit(2)
}
const path = file.replace(/:.*/, '')
const tests = named.length > 0 ? named : testsOf(path)
if (tests.length === 0) {
  console.error(`No test stands beside ${path}: name those that look at it.`)
  process.exit(2)
}
if (!existsSync(join(here, 'node_modules'))) run('npm', ['ci', '--prefix', here])
mkdirSync(join(here, 'reports'), { recursive: true })
console.log(`${path}, looked at by ${tests.join(', ')}`)
const report = join(here, 'reports', path.replaceAll('/', '.'))
const stryker = join(here, 'node_modules/@stryker-mutator/core/bin/stryker.js')
const code = run(process.execPath, [stryker, 'run', join(here, 'stryker.config.mjs')], {
  MUTATE: file,
  TESTS: tests.join(' '),
  REPORT: report,
  NOTICED_PERCENT,
})
process.exit(code === 0 ? 0 : 1)

function run(command, args, env = {}) {
  return spawnSync(command, args.map(String), { stdio: 'inherit', env: { ...process.env, ...env } }).status ?? 1
}

/** Tests mirror the source. */
function testsOf(source) {
  const folder = dirname(source).replace('src/', 'test/')
  const own = join(folder, `${basename(source, '.ts')}.test.ts`)
  if (existsSync(own)) return [own]
  if (!existsSync(folder)) return []
  const all = readdirSync(folder).filter((name) => name.endsWith('.test.ts'))
  return all.map((name) => join(folder, name))
}
