// Sums up a run: node tally.mjs DIR CAPABLE, where DIR holds for each suite vitest's JSON report (SUITE.json), its output
// (SUITE.log) and what .ci/progress.mjs kept (SUITE.progress), and the lines of what else failed or was noted. CAPABLE is yes
// where the machine has all that any test needs: there a skip is a failure. Exits 1 on any failure.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { stripVTControlCharacters } from 'node:util'

const [directory = '.', capable = 'no'] = process.argv.slice(2)
const total = { passed: 0, failed: 0, skipped: 0 }
const failedIn = new Map()
const LINES_OF_A_FAILURE = 12

const suites = readdirSync(directory)
  .filter((file) => file.endsWith('.log') && existsSync(path.join(directory, file.replace(/log$/, 'progress'))))
  .map((file) => file.slice(0, -'.log'.length))
  .sort()
for (const suite of suites) add(suite, counts(suite))
for (const suite of suites) tellFailures(suite, read(`${suite}.json`))

for (const line of lines('notes')) console.log(line)
for (const line of lines('exits')) {
  const suite = line.split(' ')[0]
  const running = line.includes('ran out of time') ? (read(`${suite}.progress`)?.running ?? []) : []
  console.log(
    `FAILED: suite ${line}${running.length === 0 ? '' : `, in:\n${running.map((test) => `    ${test}`).join('\n')}`}`,
  )
  for (const said of lines(`${suite}.log`)) if (said.startsWith('error during close')) console.log(`    ${said}`)
  // a crash outside any test, or a time limit: no report tells of it
  if (!failedIn.get(suite)) total.failed += 1
}
for (const line of lines('failures')) {
  console.log(`FAILED: ${line}`)
  total.failed += 1
}
for (const suite of suites) tellSkipped(suite)
if (total.skipped > 0 && capable === 'yes') {
  console.log(`FAILED: ${total.skipped} tests were skipped on a machine that can run all of them`)
  total.failed += 1
}
if (total.passed + total.failed === 0) {
  console.log('FAILED: no test ran at all')
  total.failed = 1
}
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
process.exitCode = total.failed === 0 ? 0 : 1

/** Of a suite that was killed there is no report, and what had ended by then counts. */
function counts(suite) {
  const report = read(`${suite}.json`)
  if (report === null) {
    const { passed, failed, skipped } = read(`${suite}.progress`) ?? { passed: 0, failed: 1, skipped: 0 }
    return { passed, failed, skipped }
  }
  // a file that does not load fails without one failed test
  const unloaded = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0)
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + unloaded.length,
    skipped: report.numPendingTests + report.numTodoTests,
  }
}

/** What was skipped, by file, and what its tests said of why. */
function tellSkipped(suite) {
  let any = false
  for (const { name, assertionResults } of read(`${suite}.json`)?.testResults ?? []) {
    const skipped = assertionResults.filter(({ status }) => status !== 'passed' && status !== 'failed')
    if (skipped.length === 0) continue
    any = true
    const [first] = skipped
    const more = skipped.length === 1 ? '' : ` and ${skipped.length - 1} more`
    console.log(`SKIPPED: ${suite}: ${path.relative(process.cwd(), name)}: ${first.fullName}${more}`)
  }
  if (!any) return
  const said = lines(`${suite}.log`).map(stripVTControlCharacters)
  for (const why of new Set(said.filter((line) => /^skipped\b/.test(line)))) console.log(`    ${suite}: ${why}`)
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
    return JSON.parse(readFileSync(path.join(directory, file), 'utf8'))
  } catch {
    return null
  }
}

function lines(file) {
  const found = path.join(directory, file)
  return existsSync(found) ? readFileSync(found, 'utf8').split('\n').filter(Boolean) : []
}
