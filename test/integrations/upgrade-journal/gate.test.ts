/** The gate right before an upgrade, by itself: what the host is about to do is held against the approved plan. */

import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { planDifference } from '../../../src/integrations/upgrade-journal/plan.ts'

const script = readFileSync(
  fileURLToPath(new URL('../../../src/integrations/upgrade-journal/gate.sh', import.meta.url)),
  'utf8',
)
const curl = 'I curl amd64 8.1'
const ssl = 'I libssl3 amd64 3.0'
const gone = 'R telnet'
let journal: string

beforeEach(() => {
  journal = mkdtempSync(path.join(tmpdir(), 'pw-gate-'))
})
afterEach(() => rmSync(journal, { recursive: true, force: true }))

const text = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join('')
const kept = (name: string) => readFileSync(path.join(journal, name), 'utf8').split('\n').filter(Boolean)

/** Whether the gate lets it begin. */
function ask(actual: readonly string[], over = false): boolean {
  const around = `journal=${journal}; pm_actual() { sort -u; }; keep() { :; }; is_over() { ${over ? 'true' : 'false'}; }`
  const asked = spawnSync('/bin/sh', ['-c', `${around}\n${script}`], { input: text(actual) })
  return asked.status === 0
}

it.each([
  ['all of the plan', [curl, ssl, gone], 'committed'],
  ['a part of it', [ssl], 'committed'],
  ['something beside it', [curl, ssl, gone, 'I bash amd64 5.3'], 'changed'],
  ['a part and something beside it', [ssl, 'R sudo'], 'changed'],
  ['another version', ['I curl amd64 8.2', ssl, gone], 'changed'],
  ['nothing that it can read', [], 'changed'],
])('decides on %s', (_, actual, decision) => {
  writeFileSync(path.join(journal, 'plan'), text([curl, ssl, gone]))
  expect(ask(actual)).toBe(decision === 'committed')
  expect(readlinkSync(path.join(journal, 'decision'))).toBe(decision)
})

it('holds what comes later against the part that it let begin', () => {
  writeFileSync(path.join(journal, 'plan'), text([curl, ssl, gone]))
  expect(ask([curl, ssl])).toBe(true)
  expect(kept('plan')).toEqual([curl, ssl])
  expect(ask([ssl])).toBe(true)
  expect(ask([gone])).toBe(false)
})

it('lets no part begin when its time is over, nor when it was cancelled', () => {
  writeFileSync(path.join(journal, 'plan'), text([curl, ssl]))
  execFileSync('ln', ['-s', 'cancelled', path.join(journal, 'decision')])
  expect(ask([curl])).toBe(false)
  rmSync(path.join(journal, 'decision'))
  expect(ask([curl], true)).toBe(false)
  expect(readlinkSync(path.join(journal, 'decision'))).toBe('over')
})

it('is told of in a sentence only where it goes beyond the plan', () => {
  expect(planDifference([curl, ssl], [ssl])).toBeNull()
  expect(planDifference([curl, ssl], [ssl, gone])).toBe(
    'This is not the transaction that was approved: it would now remove telnet and no longer install curl 8.1.',
  )
})
