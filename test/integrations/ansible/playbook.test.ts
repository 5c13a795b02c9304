import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createPlaybookCarrier } from '../../../src/integrations/ansible/carrier.ts'
import {
  checkPlaybook,
  hostNameProblem,
  type PlaybookSettings,
  runPlaybook,
} from '../../../src/integrations/ansible/playbook.ts'
import { anAsset } from '../../support/asset.ts'

/**
 * In the place of ansible-playbook: notes how it was called, and answers as the callback ansible.posix.json does. What
 * the real one answers is in fixtures/report.json; test/fleet/ansible-engine.test.ts runs the real one.
 */
const STAND_IN = `#!${process.execPath}
const fs = require('node:fs')
const path = require('node:path')
const folder = path.dirname(process.argv[1])
const args = process.argv.slice(2)
const file = args[args.indexOf('--extra-vars') + 1].slice(1)
const variables = JSON.parse(fs.readFileSync(file, 'utf8'))
const mode = fs.statSync(file).mode & 0o777
fs.appendFileSync(path.join(folder, 'calls'), JSON.stringify({ args, file, mode, variables, environment: process.env }) + '\\n')
const hosts = {}
const stats = {}
for (const [host, { script }] of Object.entries(variables.patchwarden_assets ?? {})) {
  hosts[host] = { changed: false, rc: 0, stdout: Buffer.from(script, 'base64').toString(), stderr: '' }
  stats[host] = { ok: 1, changed: 0, failures: 0, unreachable: 0 }
}
console.log(JSON.stringify({ plays: [{ tasks: [{ task: { name: 'patchwarden' }, hosts }] }], stats }, null, 4))
`

const callSchema = z.object({
  args: z.array(z.string()),
  file: z.string(),
  mode: z.number(),
  variables: z.record(z.string(), z.unknown()),
  environment: z.record(z.string(), z.string()),
})

describe('a playbook', () => {
  const { signal } = new AbortController()
  let folder: string
  let settings: PlaybookSettings

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pw-playbook-'))
    settings = { playbook: 'patch.yml', inventory: 'hosts.ini', forks: 2, command: await program(STAND_IN) }
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  async function program(text: string): Promise<string> {
    const file = join(folder, 'ansible-playbook')
    await writeFile(file, text)
    await chmod(file, 0o755)
    return file
  }

  async function calls() {
    const lines = (await readFile(join(folder, 'calls'), 'utf8')).trim().split('\n')
    return lines.map((line) => callSchema.parse(JSON.parse(line)))
  }

  function run(hosts: readonly string[], timeoutSeconds = 10) {
    return runPlaybook(settings, { hosts, variables: { secret: 'xyzzy' }, timeoutSeconds, signal })
  }

  it('is run on the named hosts, with variables from a file that only we can read and that is gone afterwards', async () => {
    expect(await run(['web01', 'web02'])).toMatchObject({ kind: 'ran' })
    const [call] = await calls()
    expect(call?.args.slice(0, 6)).toEqual(['--inventory', 'hosts.ini', '--forks', '2', '--limit', 'web01,web02'])
    expect(call?.args.at(-1)).toBe('patch.yml')
    expect(call?.args.join(' ')).not.toContain('xyzzy')
    expect(call).toMatchObject({ mode: 0o600, variables: { secret: 'xyzzy' } })
    expect(call?.environment).toMatchObject({ ANSIBLE_STDOUT_CALLBACK: 'ansible.posix.json', LC_ALL: 'C.UTF-8' })
    await expect(stat(call?.file ?? '')).rejects.toThrow('ENOENT')
  })

  it('is never run without a limit, which would mean every host', async () => {
    expect(await run([])).toMatchObject({ kind: 'failed', begun: 'no' })
    await expect(calls()).rejects.toThrow('ENOENT')
  })

  it.each(['all', 'web*', 'web01,web02', '!web01', '@file', '-i', 'web[1:9]', '~web', '', 'a b', '{{ x }}'])(
    'takes %j for no host',
    async (name) => {
      expect(await run(['web01', name])).toMatchObject({
        kind: 'failed',
        reason: expect.stringContaining('cannot be the name'),
      })
      await expect(calls()).rejects.toThrow('ENOENT')
    },
  )

  it('takes no name for a host that a shell, a pattern or a template could read otherwise', () => {
    fc.assert(
      fc.property(fc.string(), (name) => {
        if (hostNameProblem(name) === null) expect(name).toMatch(/^\w[\w.-]*$/)
      }),
    )
  })

  it('says what to install where there is no Ansible', async () => {
    settings = { ...settings, command: 'no-such-ansible-playbook' }
    expect(await run(['web01'])).toMatchObject({ begun: 'no', reason: expect.stringContaining('install Ansible') })
    await expect(checkPlaybook(settings, signal)).rejects.toThrow('install Ansible')
  })

  it.each([
    [
      'echo "ERROR! Invalid callback for stdout specified: ansible.posix.json" >&2; exit 1',
      /ansible-galaxy collection/,
    ],
    [
      'echo "ERROR! Specified inventory, host pattern and/or --limit leaves us with no hosts to target." >&2; exit 1',
      /^The inventory hosts\.ini lists none of these hosts\.$/,
    ],
    ['echo "ERROR! the playbook: patch.yml could not be found" >&2; exit 1', /patch\.yml could not be found\.$/],
    ['echo "[ERROR]: Unable to parse hosts.ini as an inventory source" >&2; exit 1', /: Unable to parse hosts\.ini/],
  ])('that never began says why: %s', async (script, sentence) => {
    await program(`#!/bin/sh\n${script}\n`)
    expect(await run(['web01'])).toMatchObject({ kind: 'failed', begun: 'no', reason: expect.stringMatching(sentence) })
  })

  it('that does not end in time may have begun', async () => {
    await program('#!/bin/sh\nsleep 20\n')
    expect(await run(['web01'], 1)).toMatchObject({ begun: 'maybe', reason: expect.stringContaining('within 1 s') })
  })

  describe('that carries scripts', () => {
    function carried(name: string, purpose: 'preview' | 'apply' = 'preview', script = `echo "{{ ${name} }} {# "`) {
      const asset = anAsset(name, { engine: 'play' })
      return { asset, purpose, key: 'k', script, as: 'root' as const, timeoutSeconds: 5, signal }
    }

    it('takes all of one moment along, each to its own host, as it is', async () => {
      const carrier = createPlaybookCarrier(settings)
      const answers = await Promise.all(['web01', 'web02', 'web03'].map((name) => carrier.run(carried(name))))
      expect(answers.map((answer) => answer.stdout)).toEqual([
        'echo "{{ web01 }} {# "',
        'echo "{{ web02 }} {# "',
        'echo "{{ web03 }} {# "',
      ])
      expect(await calls()).toHaveLength(1)
    })

    it('never mixes purposes, nor two scripts for one host', async () => {
      const carrier = createPlaybookCarrier(settings)
      const answers = await Promise.all([
        carrier.run(carried('web01', 'preview', 'one')),
        carrier.run(carried('web01', 'preview', 'two')),
        carrier.run(carried('web02', 'apply', 'three')),
      ])
      expect(answers.map((answer) => answer.stdout)).toEqual(['one', 'two', 'three'])
      expect((await calls()).map((call) => call.variables.patchwarden_mode).sort()).toEqual([
        'apply',
        'preview',
        'preview',
      ])
    })

    it('tells of a host that the play left out, and of a play without the task', async () => {
      const carrier = createPlaybookCarrier(settings)
      await program('#!/bin/sh\nprintf \'{\\n"plays": [], "stats": {"web01": {"ok": 1}}}\'\n')
      expect(await Promise.all(['web01', 'web02'].map((name) => carrier.run(carried(name))))).toMatchObject([
        { kind: 'failed', begun: 'no', reason: expect.stringContaining('has no task "patchwarden"') },
        { kind: 'failed', begun: 'no', reason: expect.stringContaining('is it a host of the inventory') },
      ])
    })
  })
})
