/** What tests of second judges share: whether the judge is here, and what docs/second-judges.md says that differs. */

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect } from 'vitest'

/** Whether the program can run here; where it cannot, prints why the test is skipped. */
export function judgeIsHere(program: string, args: readonly string[], debianPackage: string): boolean {
  try {
    execFileSync(program, args, { stdio: 'ignore' })
    return true
  } catch {
    console.info(`skipped: ${program} cannot run here (Debian: apt install ${debianPackage})`)
    return false
  }
}

/** Compares with the row of the table. `differs`: the answers that are not the same, each as a line for people. */
export function expectAsTold(judge: string, asked: string, compared: number, differs: readonly string[]): void {
  const table = readFileSync(new URL('../../../docs/second-judges.md', import.meta.url), 'utf8')
  const rows = table.split('\n').map((line) => line.split('|').map((cell) => cell.trim()))
  const row = rows.find(([, first, second]) => first === judge && second === asked)
  expect([judge, asked, compared, differs.length], differs.slice(0, 20).join('\n')).toEqual([
    judge,
    asked,
    Number(row?.[3]?.replaceAll(',', '')),
    Number(row?.[4]?.replaceAll(',', '')),
  ])
}
