import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { readEnvironment } from '../../src/app/environment.ts'
import { date, moment } from '../../src/config/fields.ts'
import { describeProblem } from '../../src/config/problem.ts'
import { wordsOfIssue } from '../../src/integrations/schema-words.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const said = (schema: z.ZodType, value: unknown) => schema.safeParse(value).error?.issues[0]?.message

describe('a date in another form is answered with the form that works', () => {
  it.each([
    ['19.12.2026', '2026-12-19'],
    ['12/19/2026', '2026-12-19'],
    ['5/12/2026', '2026-12-05 or 2026-05-12'],
    ['2026/12/19', '2026-12-19'],
    ['19 Dec 2026', '2026-12-19'],
    ['December 19, 2026', '2026-12-19'],
    [20261219, '2026-12-19'],
  ])('%s', (written, meant) => {
    expect(said(date, written)).toBe(`Write a date such as 2027-01-07: this one would be ${meant}.`)
  })

  it('with its time, and without a guess where there is none', () => {
    expect(said(moment, '19.12.2026 18:00')).toContain('this one would be 2026-12-19T18:00')
    expect(said(moment, 'next week')).toBe('Write a date such as 2027-03-31, or a time such as 2027-03-31T18:00.')
  })
})

it.skipIf(process.platform === 'win32')('files with secrets that other accounts may change are warned of', () => {
  const cwd = temporaryFolder('pw-secrets')
  const [dotEnv, secret] = [join(cwd, '.env'), join(cwd, 'token')]
  writeFileSync(dotEnv, `DATABASE_URL_FILE=${secret}\n`)
  writeFileSync(secret, 'postgres://pw:secret@127.0.0.1/pw')
  const warnings = () => {
    const read = readEnvironment({ cwd, variables: {} })
    return (read.ok ? read.warnings : read.problems)
      .map(describeProblem)
      .filter((line) => line.includes('other accounts'))
  }
  for (const file of [dotEnv, secret]) chmodSync(file, 0o644)
  expect(warnings()).toEqual([])
  for (const file of [dotEnv, secret]) chmodSync(file, 0o666)
  expect(warnings()).toEqual([
    expect.stringMatching(/\.env.*may be changed by other accounts.*chmod go-w/),
    expect.stringMatching(/DATABASE_URL_FILE names ".*token", which other accounts/),
  ])
})

it('what is wrong with a value is said without words of the library', () => {
  const schema = z.object({
    a: z.string(),
    b: z.number(),
    c: z.array(z.string()).min(1),
    d: z.enum(['x', 'y']),
    e: z.string().refine(() => false, { error: 'is our own sentence' }),
  })
  const issues = schema.safeParse({ b: 'one', c: [], d: 'z', e: '' }).error?.issues ?? []
  expect(issues.map(wordsOfIssue)).toEqual([
    'is missing',
    'must be a number',
    'is empty or too short',
    'must be "x" or "y"',
    'is our own sentence',
  ])
})
