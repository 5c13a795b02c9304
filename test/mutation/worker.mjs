/**
 * Loads tests once, and runs them for one change after another. Asked for by run.mjs, which it tells what came of each; whatever
 * a change may leave behind in memory ends with the process.
 */

import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

process.on('disconnect', () => process.exit(0))

/** Vitest waits longer; here a test that takes so long because of a change has noticed it. */
const MOST_MS = 20_000

const { box, tests: files, mutants, sure } = JSON.parse(process.env.TASK)
globalThis.__stryker__ = {}
const stryker = globalThis.__stryker__
if (sure) stryker.activeMutant = mutants[0].id
const { collected } = await import(pathToFileURL(join(box, 'node_modules/vitest/index.mjs')).href)
const tests = []
for (const file of files) {
  collected.length = 0
  await import(pathToFileURL(join(box, file)).href)
  tests.push(...collected.map((one) => ({ ...one, file })))
}
if (sure) await again(mutants[0])
else await all()
process.exit(0)

async function all() {
  const covering = await firstRun()
  const whenLoaded = { ...stryker.mutantCoverage?.static }
  for (const mutant of mutants) {
    const found = covering.get(mutant.id)
    if (found === undefined) {
      tell({ id: mutant.id, status: whenLoaded[mutant.id] ? 'only when loaded' : 'not reached' })
      continue
    }
    tell({ id: mutant.id, status: 'started' })
    const noticed = await noticedBy(found, mutant)
    const status = noticed === null ? 'survived' : 'noticed'
    tell({ id: mutant.id, status, files: [...new Set(found.tests.map(({ file }) => file))], by: noticed?.name })
    // What it left behind in memory would speak against, or for, those that follow.
    if (noticed !== null && (await problem(noticed)) !== null) process.exit(3)
  }
}

/** In a process of its own, in which nothing else was ever run. */
async function again(mutant) {
  const noticed = await noticedBy({ tests, most: 1_000_000 }, mutant)
  tell({ id: mutant.id, status: noticed === null ? 'survived' : 'noticed', by: noticed?.name })
}

/** The tests that reach each change, the quickest first, and how often a test reaches it at most. */
async function firstRun() {
  const covering = new Map()
  for (const [index, test] of tests.entries()) {
    stryker.currentTestId = String(index)
    const began = performance.now()
    const failed = await problem(test)
    test.took = performance.now() - began
    if (failed !== null) tell({ leftOut: `${test.file}: ${test.name}: ${String(failed).slice(0, 200)}` })
    else
      for (const [id, count] of Object.entries(stryker.mutantCoverage?.perTest?.[index] ?? {})) {
        const known = covering.get(id) ?? { tests: [], most: 0 }
        known.tests.push(test)
        covering.set(id, { tests: known.tests, most: Math.max(known.most, count) })
      }
  }
  stryker.currentTestId = undefined
  for (const { tests } of covering.values()) tests.sort((a, b) => a.took - b.took)
  return covering
}

/** The first test that fails with the change; `null`: none. */
async function noticedBy({ tests, most }, mutant) {
  stryker.activeMutant = mutant.id
  try {
    for (const test of tests) {
      // A loop without end is stopped by what is changed in it.
      stryker.hitCount = 0
      stryker.hitLimit = 100 * most + 10_000
      if ((await problem(test)) !== null) return test
    }
    return null
  } finally {
    stryker.activeMutant = undefined
    stryker.hitLimit = undefined
  }
}

async function problem(test) {
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('took too long')), MOST_MS)
  })
  try {
    await Promise.race([test.run(), late])
    return null
  } catch (error) {
    return error
  } finally {
    clearTimeout(timer)
  }
}

function tell(message) {
  process.send(message)
}
