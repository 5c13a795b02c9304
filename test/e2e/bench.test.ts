import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { nothing } from '../bench/scale/figures.ts'

const program = fileURLToPath(new URL('../../bin/patchwarden.mjs', import.meta.url))

it('the bench of large fleets ends with one object of all its figures', async () => {
  const asked = ['scale', '60', '--epss', '2000', '--only', 'first,again,votes']
  const { stdout } = await promisify(execFile)(process.execPath, [program, 'bench', ...asked], { maxBuffer: 1e8 })
  const figures = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')
  expect(Object.keys(figures).sort()).toEqual(Object.keys(nothing).sort())
  expect(figures).toMatchObject({ hosts: 60, durable: true, tiers: 4, historyProposals: 0, epssSeconds: null })
  expect(figures.proposals).toBe(8)
  expect(figures.voteMs.p99).toBeGreaterThanOrEqual(figures.voteMs.p50)
}, 600_000)
