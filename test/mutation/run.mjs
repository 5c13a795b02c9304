/**
 * Changes files of src/core in one place after another, and says which changes no test notices:
 *
 *     npm run mutants -- src/core/quorum.ts [src/core/hands.ts ...] [test/core/quorum.test.ts ...]
 *
 * Without tests: those that reach one of the files by few imports, but for properties and what else takes long. All changes
 * stand in one copy of the source, of which one at a time is switched on; so the tests are loaded once and run in one
 * process. What no test notices there is tried again in a process of its own. Texts are not changed: they are for people, and
 * tests quote few of them. Exits 1 where fewer than 90 of 100 changes are noticed.
 */

import { fork, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { testsOf } from './tests-of.mjs'

const NOTICED_PERCENT = 90
/** A change that says nothing for so long goes round in a loop. */
const SILENT_MS = 60_000
const here = 'test/mutation'

const given = process.argv.slice(2)
const files = given.filter((file) => file.startsWith('src/core/') && existsSync(file))
const named = given.filter((file) => file.startsWith('test/') && existsSync(file))
if (files.length === 0 || files.length + named.length < given.length) {
  console.error('Say which files: npm run mutants -- src/core/quorum.ts [test/core/quorum.test.ts ...]')
  process.exit(2)
}
const tests = named.length > 0 ? named : [...new Set(files.flatMap(testsOf))].sort()
if (tests.length === 0) {
  console.error(`No test of the core reaches ${files.join(', ')}: name those that look at it.`)
  process.exit(2)
}
if (!existsSync(join(here, 'node_modules'))) spawnSync('npm', ['ci', '--prefix', here], { stdio: 'inherit' })
const box = boxOf()
process.on('exit', () => rmSync(box, { recursive: true, force: true }))
process.on('SIGINT', () => process.exit(130))
process.on('SIGTERM', () => process.exit(143))
const mutants = await changed()
const results = await tried()
process.exitCode = reported() < NOTICED_PERCENT ? 1 : 0

/** A copy in which the changes are made. */
function boxOf() {
  mkdirSync('.patchwarden', { recursive: true })
  const folder = resolve(mkdtempSync('.patchwarden/changed-'))
  const isSource = (path) => !path.startsWith(here)
  for (const part of ['src', 'test', 'examples', 'docs', 'decision-tables', 'package.json', 'tsconfig.json'])
    cpSync(part, join(folder, part), { recursive: true, filter: isSource })
  mkdirSync(join(folder, 'node_modules/vitest'), { recursive: true })
  cpSync(join(here, 'vitest.mjs'), join(folder, 'node_modules/vitest/index.mjs'))
  writeFileSync(
    join(folder, 'node_modules/vitest/package.json'),
    JSON.stringify({ name: 'vitest', type: 'module', exports: './index.mjs' }),
  )
  return folder
}

async function changed() {
  const { Instrumenter } = await import('@stryker-mutator/instrumenter')
  const instrumenter = new Instrumenter({ debug() {}, info() {}, isDebugEnabled: () => false, warn: console.warn })
  const sources = files.map((name) => ({ name, mutate: true, content: readFileSync(name, 'utf8') }))
  const options = { plugins: null, excludedMutations: ['StringLiteral'], ignorers: [] }
  const made = await instrumenter.instrument(sources, options)
  for (const { name, content } of made.files) writeFileSync(join(box, name), content)
  return made.mutants.filter(({ status }) => status !== 'Ignored')
}

async function tried() {
  const found = new Map()
  let left = mutants
  while (left.length > 0) {
    const stuck = await work({ tests, mutants: left.map(idOf) }, (message) => {
      if (message.leftOut) console.log(`Left out, as it fails without any change: ${message.leftOut}`)
      else found.set(message.id, { ...found.get(message.id), ...message })
    })
    if (stuck !== null) for (const one of found.values()) if (one.status === 'started') one.status = 'without end'
    const before = left.length
    left = left.filter(({ id }) => !found.has(id))
    if (left.length === before) throw new Error('No change could be tried: see above.')
  }
  const unsure = mutants.filter(({ id }) => found.get(id).status === 'survived')
  console.log(`${mutants.length} changes tried; ${unsure.length} that no test noticed are tried again, each by itself.`)
  for (const mutant of unsure) {
    const one = found.get(mutant.id)
    const stuck = await work({ tests: one.files, mutants: [idOf(mutant)], sure: true }, ({ status, by }) =>
      Object.assign(one, { status, by }),
    )
    if (stuck !== null) one.status = 'without end'
  }
  return found
}

/** All that the process which tries it needs to know. */
function idOf({ id }) {
  return { id }
}

/** Ends with `null`, or with why the process was ended. */
function work(task, heard) {
  return new Promise((done) => {
    // Beside the checkout, and not beside the copy.
    const PATCHWARDEN_SHARED = process.env.PATCHWARDEN_SHARED ?? resolve('../shared')
    const env = { ...process.env, PATCHWARDEN_SHARED, TASK: JSON.stringify({ box, ...task }) }
    const child = fork(resolve(here, 'worker.mjs'), { env, execArgv: ['--import', 'tsx'], cwd: box })
    // One that goes round in a loop does not hear that nobody waits for it.
    const end = () => child.kill('SIGKILL')
    process.once('exit', end)
    let stuck = null
    let timer
    const wait = (ms) => {
      clearTimeout(timer)
      timer = setTimeout(() => {
        stuck = 'silent'
        end()
      }, ms)
    }
    // Tests are loaded, and run once, before anything is heard.
    wait(5 * SILENT_MS)
    child.on('message', (message) => {
      wait(SILENT_MS)
      heard(message)
    })
    child.on('close', () => {
      process.off('exit', end)
      clearTimeout(timer)
      done(stuck)
    })
  })
}

/** The share of what is noticed, in percent, of the file of which least is. */
function reported() {
  let least = 100
  for (const file of files) {
    const lines = readFileSync(file, 'utf8').split('\n')
    const mine = mutants.filter(({ fileName }) => fileName.endsWith(file))
    const statusOf = ({ id }) => results.get(id)?.status
    const counted = mine.filter((mutant) => statusOf(mutant) !== 'only when loaded')
    const unnoticed = counted.filter((mutant) => ['survived', 'not reached'].includes(statusOf(mutant)))
    const percent =
      counted.length === 0 ? 100 : Math.floor((100 * (counted.length - unnoticed.length)) / counted.length)
    console.log(`${file}: ${percent} % of ${counted.length} noticed`)
    for (const mutant of unnoticed) {
      const { start, end } = mutant.location
      const last = start.line === end.line ? end.column : undefined
      const was = lines[start.line]?.slice(start.column, last)
      console.log(
        `  ${start.line + 1} ${statusOf(mutant)}: ${was?.slice(0, 110)} => ${mutant.replacement.replace(/\s+/g, ' ').slice(0, 90)}`,
      )
    }
    least = Math.min(least, percent)
  }
  return least
}
