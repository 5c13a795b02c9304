/** Completion, asked as the three shells ask it, and in the shells themselves where they are installed. */

import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { commandLine } from '../../src/cli/cli.ts'
import { completions } from '../../src/cli/completion.ts'
import { patchwarden } from '../support/command-line.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'patchwarden completion '))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const names = () => ({ people: ['mara', 'tom', 'taro'], teams: ['web'] })
const words = (...typed: string[]) =>
  completions(
    commandLine(() => {}),
    typed,
    names,
  ).map(({ word }) => word)

test.each([
  [['vo'], ['vote']],
  [
    ['vote', 'PW-1', 'a'],
    ['approve', 'abstain'],
  ],
  [
    ['vote', 'PW-1', 'approve', '--as', 't'],
    ['tom', 'taro'],
  ],
  [['vote', 'PW-1', 'approve', '--as', 'tom', '--jso'], ['--json']],
  [['--config', 'x.yaml', 'freeze', '--team', ''], ['web']],
  [['accounts', 'r'], ['revoke']],
  [['accounts', 'revoke', '--per'], ['--person']],
  [
    ['completion', ''],
    ['bash', 'zsh', 'fish'],
  ],
  [['assess', '--inventory', ''], []],
  [['complet'], ['completion']],
])('%j', (typed, offered) => {
  expect(words(...typed)).toEqual(offered)
})

test('every command and every option of it is offered', () => {
  const program = commandLine(() => {})
  const offered = words('')
  for (const command of program.createHelp().visibleCommands(program)) {
    expect(offered).toContain(command.name())
    const own = words(command.name(), '--')
    for (const { long } of command.options) expect(own).toContain(long)
  }
})

test('a shell that is not known is bad use', async () => {
  expect(await patchwarden('completion', 'tcsh')).toMatchObject({
    code: 2,
    err: 'There is no completion for "tcsh"; use bash, zsh, fish.\n',
  })
})

/** Loads the script as the docs say, types, and prints what the shell offers. */
const typedIn = {
  bash: `source FILE; COMP_WORDS=(patchwarden vote PW-1 ''); COMP_CWORD=3; _patchwarden; printf '%s\\n' "\${COMPREPLY[@]}"`,
  zsh: `autoload -Uz compinit && compinit -u -D; source FILE
    _describe() { print -l -- "\${(@)\${(@P)2}%%:*}"; }
    words=(patchwarden vote PW-1 ''); CURRENT=4; _patchwarden`,
  fish: `source FILE; complete --do-complete 'patchwarden vote PW-1 ' | string replace -r '\\t.*' ''`,
} as const

for (const shell of ['bash', 'zsh', 'fish'] as const) {
  const isThere = spawnSync(shell, ['-c', 'exit 0']).status === 0
  if (!isThere) console.warn(`completion in ${shell} was not tried: ${shell} is not installed here.`)
  test.skipIf(!isThere)(`${shell} offers what can be typed next`, async () => {
    const { out } = await patchwarden('completion', shell)
    const file = path.join(folder, `patchwarden.${shell}`)
    await writeFile(file, out)
    const script = typedIn[shell].replace('FILE', `'${file}'`)
    const options = shell === 'zsh' ? ['-f'] : []
    const { stdout, stderr } = spawnSync(shell, [...options, '-c', script], {
      encoding: 'utf8',
      env: { ...process.env, PATH: process.env.PATH, HOME: folder },
    })
    expect(stderr).toBe('')
    expect(stdout.trim().split('\n').sort()).toEqual(['abstain', 'approve', 'reject', 'withdraw'])
  })
}
