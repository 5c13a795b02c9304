// A vitest reporter: keeps in the file CI_PROGRESS what has ended and what runs, for a suite that is killed when its time is over.
import { writeFileSync } from 'node:fs'
import path from 'node:path'

const file = process.env.CI_PROGRESS
const counts = { passed: 0, failed: 0, skipped: 0 }
const running = new Set()

// biome-ignore lint/style/noDefaultExport: Vitest takes a reporter so
export default function Progress() {
  function keep() {
    if (file) writeFileSync(file, JSON.stringify({ ...counts, running: [...running] }))
  }
  const moduleOf = (module) => path.relative(process.cwd(), module.moduleId)
  const nameOf = (test) => `${moduleOf(test.module)}: ${test.fullName}`
  return {
    onTestModuleStart(module) {
      running.add(moduleOf(module))
      keep()
    },
    onTestModuleEnd(module) {
      running.delete(moduleOf(module))
      keep()
    },
    onTestCaseReady(test) {
      running.delete(moduleOf(test.module))
      running.add(nameOf(test))
      keep()
    },
    onTestCaseResult(test) {
      running.delete(nameOf(test))
      running.add(moduleOf(test.module))
      counts[test.result().state] += 1
      keep()
    },
  }
}
