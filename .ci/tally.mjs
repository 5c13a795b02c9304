// Sums up a run: node tally.mjs DIR, where DIR holds vitest's JSON reports (SUITE.json), lists of the tests of
// skipped suites (SUITE.skipped.json), and the lines of what else failed or was noted. Exits 1 on any failure.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'

const directory = process.argv[2] ?? '.'
const total = { passed: 0, failed: 0, skipped: 0 }
const failedIn = new Map()
const LINES_OF_A_FAILURE = 12

for (const file of readdirSync(directory).sort()) {
  const suite = file.split('.')[0]
  if (file.endsWith('.skipped.json')) add(suite, { passed: 0, failed: 0, skipped: read(file)?.length ?? 0 })
  else if (file.endsWith('.json')) add(suite, counts(read(file)))
}
for (const file of readdirSync(directory).sort()) {
  if (file.endsWith('.json') && !file.endsWith('.skipped.json')) tellFailures(file.split('.')[0], read(file))
}

for (const line of lines('notes')) console.log(line)
for (const line of lines('exits')) {
  console.log(`FAILED: suite ${line}`)
  // a crash outside any test, or a time limit: no report tells of it
  if (!failedIn.get(line.split(' ')[0])) total.failed += 1
}
for (const line of lines('failures')) {
  console.log(`FAILED: ${line}`)
  total.failed += 1
}
if (total.passed + total.failed === 0) {
  console.log('FAILED: no test ran at all')
  total.failed = 1
}
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
process.exitCode = total.failed === 0 ? 0 : 1

function counts(report) {
  if (report === null) return { passed: 0, failed: 1, skipped: 0 }
  // a file that does not load fails without one failed test
  const unloaded = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0)
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + unloaded.length,
    skipped: report.numPendingTests + report.numTodoTests,
  }
}

/** What failed, once more at the end, where a long log is read first. */
function tellFailures(suite, report) {
  for (const { name, message, assertionResults } of report?.testResults ?? []) {
    const failed = assertionResults.filter(({ status }) => status === 'failed')
    if (assertionResults.length === 0 && message) tell(`${suite}: ${name}`, message)
    for (const { fullName, failureMessages } of failed) tell(`${suite}: ${fullName}`, failureMessages.join('\n'))
  }
}

function tell(title, message) {
  const said = stripVTControlCharacters(message).split('\n').slice(0, LINES_OF_A_FAILURE)
  console.log(`FAILED: ${title}\n${said.map((line) => `    ${line}`).join('\n')}`)
}

function add(suite, { passed, failed, skipped }) {
  console.log(`${suite.padEnd(8)} ${passed} passed, ${failed} failed, ${skipped} skipped`)
  failedIn.set(suite, failed)
  total.passed += passed
  total.failed += failed
  total.skipped += skipped
}

function read(file) {
  try {
    return JSON.parse(readFileSync(join(directory, file), 'utf8'))
  } catch {
    return null
  }
}

function lines(file) {
  const path = join(directory, file)
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : []
}
