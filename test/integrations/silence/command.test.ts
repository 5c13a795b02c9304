import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { createCommandSilence } from '../../../src/integrations/silence/index.ts'
import { monitoringSilenceContract } from '../../contracts/monitoring-silence.ts'
import { anAsset } from '../../support/asset.ts'

const folder = mkdtempSync(join(tmpdir(), 'pw-silence-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A program as an operator may have: one file for each asset and key that is silenced, with its end. */
function program(name: string, lines: string): string {
  const path = join(folder, name)
  writeFileSync(path, `#!/bin/sh\n${lines}\n`)
  chmodSync(path, 0o755)
  return path
}
const held = mkdtempSync(join(folder, 'held-'))
const hold = program('hold', `printf '%s\\n%s\\n' "$3" "$4" > "${held}/$1@$2"`)
const release = program('release', `rm -f "${held}/$1@$2"`)
const { signal } = new AbortController()

monitoringSilenceContract({
  name: "a silence by programs of one's own",
  create: (name) =>
    createCommandSilence({
      name,
      hold: [hold, '{name}', '{key}', '{until}', '{reason}'],
      release: [release, '{name}', '{key}'],
      timeoutSeconds: 5,
    }),
  silencedUntil: async ({ name }) =>
    readdirSync(held)
      .filter((file) => file.startsWith(`${name}@`))
      .map((file) => readFileSync(join(held, file), 'utf8').split('\n')[0] ?? '')
      .filter((until) => Date.parse(until) > Date.now()),
})

describe("a silence by programs of one's own", () => {
  const lease = { key: 'PW-1', assets: [anAsset('odd1')], until: '2030-01-01T00:00:00.000Z', reason: '--help\n{until}' }
  const silence = (command: readonly string[], timeoutSeconds = 5) =>
    createCommandSilence({ name: 'pager', hold: command, release: [release, '{name}', '{key}'], timeoutSeconds })

  it('hands the reason over as one line that is no option', async () => {
    await silence([hold, '{name}', '{key}', '{until}', '{reason}']).hold(lease, signal)
    expect(readFileSync(join(held, 'odd1@PW-1'), 'utf8')).toBe(
      '2030-01-01T00:00:00.000Z\nPatchwarden: --help {until}\n',
    )
  })

  it.each<[string, readonly string[], string]>([
    [
      'what it said when it failed',
      [program('fail', 'echo first; echo "no such monitor" >&2; exit 3'), '{name}'],
      'The silence pager failed for lab/odd1: exit status 3: no such monitor.',
    ],
    [
      'that it is missing',
      ['/nowhere/hold', '{name}'],
      'The silence pager failed for lab/odd1: there is no program /nowhere/hold.',
    ],
    [
      'that it took too long',
      [program('sleep', 'sleep 60'), '{name}'],
      'The silence pager failed for lab/odd1: no end within 1 s.',
    ],
  ])('tells %s', async (_, command, sentence) => {
    await expect(silence(command, 1).hold(lease, signal)).rejects.toThrow(sentence)
  })

  it('tells of many failures how many', async () => {
    const assets = Array.from({ length: 20 }, (_, index) => anAsset(`odd${index}`))
    const holding = silence([program('fail2', 'exit 1'), '{name}']).hold({ ...lease, assets }, signal)
    await expect(holding).rejects.toThrow(/exit status 1\. The same happened to 20 of 20 servers\.$/)
  })
})
