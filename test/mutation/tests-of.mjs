/** Which tests of the core look at a file: the one of its name, and those that reach it by few imports. */

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** What a test imports, and what that imports. Farther away nearly everything is reached, and little of it is looked at. */
const STEPS = 2
/** Made-up cases by the hundred, and weeks of a fleet, once more for each change: examples notice nearly all of it sooner. */
const TOO_LONG = /\.property\.test\.ts$|\/held-week/

export function testsOf(source) {
  const own = source.replace(/^src/, 'test').replace(/\.ts$/, '.test.ts')
  const all = filesIn('test/core').filter((file) => file.endsWith('.test.ts'))
  return all.filter((test) => test === own || (!TOO_LONG.test(test) && reached(test).has(source)))
}

function filesIn(folder) {
  return readdirSync(folder, { recursive: true }).map((name) => join(folder, name))
}

/** What the tests share among them stands between a test and what it looks at, and is no step. */
function reached(test) {
  const found = new Set()
  let front = withShared(test)
  for (let step = 0; step < STEPS; step++) {
    front = front.flatMap(importsOf).filter((file) => file.startsWith('src/') && !found.has(file))
    for (const file of front) found.add(file)
  }
  return found
}

function withShared(test) {
  const found = new Set([test])
  for (const file of found) for (const shared of importsOf(file)) if (shared.startsWith('test/')) found.add(shared)
  return [...found]
}

const known = new Map()

/** Files that a file imports more of than types. */
function importsOf(file) {
  const before = known.get(file)
  if (before !== undefined) return before
  const statements = readFileSync(file, 'utf8').matchAll(/^(?:import|export)\s+(?!type\b)[^'"]*?from\s+'(\.[^']+)'/gm)
  const files = [...statements].map(([, path]) => join(dirname(file), path)).filter((path) => existsSync(path))
  known.set(file, files)
  return files
}
