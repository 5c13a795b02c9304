import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import type { Hook } from '../../../src/core/ports.ts'
import { createHookRunner } from '../../../src/integrations/hooks/index.ts'
import { anAsset } from '../../support/asset.ts'

const folder = mkdtempSync(join(tmpdir(), 'pw-hooks-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const { signal } = new AbortController()
const runner = createHookRunner()
const web = anAsset('web01', { address: '192.0.2.13' })

function program(name: string, lines: string): string {
  const path = join(folder, name)
  writeFileSync(path, `#!/bin/sh\n${lines}\n`)
  chmodSync(path, 0o755)
  return path
}
const run = (command: readonly string[], more: Partial<Hook> = {}) =>
  runner.run({ moment: 'drain', command, timeoutSeconds: 10, ...more }, web, 'PW-7.r2.1', signal)

describe('a hook', () => {
  it('is told asset and key, each as one argument', async () => {
    const echo = program('echo', 'for argument; do echo "<$argument>"; done')
    expect(await run([echo, '{name}', 'root@{address}', 'pw-{key}', '$HOME; a b'])).toEqual({
      ok: true,
      detail: 'exit status 0',
      log: '<web01>\n<root@192.0.2.13>\n<pw-PW-7.r2.1>\n<$HOME; a b>',
    })
  })

  it('that fails says how, with what it printed, errors last', async () => {
    const fails = program('fails', 'echo "no backend web01" >&2; echo asking; exit 3')
    expect(await run([fails])).toEqual({ ok: false, detail: 'exit status 3', log: 'asking\nno backend web01' })
  })

  it('keeps the last forty lines, without what a terminal would obey', async () => {
    const { log } = await run([program('many', 'seq 1 200; printf "\\033[2Jgone\\n"')])
    expect(log.split('\n')).toEqual([...Array.from({ length: 39 }, (_, index) => String(162 + index)), '?[2Jgone'])
  })

  it('that takes too long is killed with its children', async () => {
    const mark = join(folder, 'late')
    const slow = program('slow', `echo begun; (sleep 4; touch ${mark}) & wait`)
    expect(await run([slow], { timeoutSeconds: 2 })).toEqual({ ok: false, detail: 'no end within 2 s', log: 'begun' })
    await sleep(2_500)
    expect(existsSync(mark)).toBe(false)
  })

  it.each<[string, readonly string[], string]>([
    ['is missing', ['/nowhere/drain'], 'there is no program /nowhere/drain'],
    ['is no program', [folder], `${folder} cannot be started: is it an executable file?`],
  ])('that %s is a result, not an error', async (_, command, detail) => {
    expect(await run(command)).toEqual({ ok: false, detail, log: '' })
  })

  it('is not run for an asset whose name could be an option, nor with a key that could', async () => {
    const mark = join(folder, 'ran')
    const hook: Hook = { moment: 'drain', command: ['touch', mark, '{name}', '{key}'], timeoutSeconds: 5 }
    const odd = await runner.run(hook, { ...web, name: '--reference=/etc/shadow' }, 'PW-7', signal)
    expect(odd).toMatchObject({ ok: false, detail: expect.stringContaining('is not a host name or address') })
    expect(await runner.run(hook, web, '-f', signal)).toMatchObject({
      ok: false,
      detail: 'not run: the key "-f" is not a safe argument',
    })
    expect(existsSync(mark)).toBe(false)
  })

  it('is not run for simulated assets: their names may be those of real machines', async () => {
    const mark = join(folder, 'simulated')
    const hook: Hook = { moment: 'drain', command: ['touch', mark], timeoutSeconds: 5 }
    expect(await runner.run(hook, { ...web, simulated: true }, 'PW-7', signal)).toEqual({
      ok: true,
      detail: 'not run: the server is simulated',
      log: '',
    })
    expect(existsSync(mark)).toBe(false)
  })

  it('throws only when it is told to stop, and leaves nothing running', async () => {
    const mark = join(folder, 'stopped')
    const slow = program('stop', `(sleep 2; touch ${mark}) & wait`)
    const stop = new AbortController()
    setTimeout(() => stop.abort(new Error('shutting down')), 200)
    const running = runner.run({ moment: 'drain', command: [slow], timeoutSeconds: 10 }, web, 'PW-7', stop.signal)
    await expect(running).rejects.toThrow('shutting down')
    await sleep(2_000)
    expect(existsSync(mark)).toBe(false)
  })

  it('never throws, whatever the asset is called', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), fc.string(), async (name, address) => {
        const hook: Hook = { moment: 'drain', command: ['true', '{name}', '{address}'], timeoutSeconds: 5 }
        const { ok, detail } = await runner.run(hook, { ...web, name, address }, 'PW-7', signal)
        expect(ok).toBe(detail === 'exit status 0')
      }),
      { numRuns: 30 },
    )
  })
})
