import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { type ProcessRequest, runBounded } from '../../src/integrations/bounded-process.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const base: ProcessRequest = {
  command: 'sh',
  args: ['-s'],
  input: '',
  timeoutSeconds: 10,
  maxBytes: 1_000_000,
  signal: new AbortController().signal,
}

describe('a process within bounds', () => {
  it('gives its output, errors and exit status', async () => {
    expect(await runBounded({ ...base, input: 'echo out; echo err >&2; exit 7' })).toEqual({
      end: 'exited',
      status: 7,
      stdout: 'out\n',
      stderr: 'err\n',
    })
  })

  it('is told nothing of our environment but what it needs', async () => {
    process.env.SLACK_BOT_TOKEN = 'xoxb-secret'
    const { stdout } = await runBounded({ ...base, input: 'env' })
    delete process.env.SLACK_BOT_TOKEN
    expect(stdout).toMatch(/^PATH=/m)
    expect(stdout).toMatch(/^LC_ALL=C$/m)
    expect(stdout).not.toContain('xoxb-secret')
  })

  it('that takes too long is killed, with its children', async () => {
    const mark = join(temporaryFolder('pw-process'), 'late')
    const ended = await runBounded({
      ...base,
      timeoutSeconds: 0.2,
      input: `echo begun; (sleep 1; touch ${mark}) & wait`,
    })
    expect(ended).toMatchObject({ end: 'timed out', status: null, stdout: 'begun\n' })
    await sleep(1_200)
    expect(existsSync(mark)).toBe(false)
  })

  it('that prints too much is killed, and only the beginning is kept', async () => {
    const ended = await runBounded({ ...base, maxBytes: 1_000, input: 'while :; do echo 123456789; done' })
    expect(ended.end).toBe('too much output')
    expect(ended.stdout).toHaveLength(1_000)
  })

  it('does not wait for a child that it left behind', async () => {
    const began = performance.now()
    const ended = await runBounded({ ...base, input: 'sleep 8 & echo done' })
    expect(ended).toMatchObject({ end: 'exited', status: 0, stdout: 'done\n' })
    expect(performance.now() - began).toBeLessThan(7_000)
  })

  it('need not read its input', async () => {
    const ended = await runBounded({ ...base, command: 'true', args: [], input: 'x'.repeat(5_000_000) })
    expect(ended).toMatchObject({ end: 'exited', status: 0 })
  })

  it('is killed when nobody wants it any more, and not begun when nobody did', async () => {
    const stop = new AbortController()
    const running = runBounded({ ...base, input: 'sleep 5', signal: stop.signal })
    await sleep(50)
    stop.abort()
    expect((await running).end).toBe('aborted')
    expect((await runBounded({ ...base, signal: stop.signal })).end).toBe('aborted')
  })

  it('that does not exist is an answer, too', async () => {
    expect((await runBounded({ ...base, command: 'no-such-program' })).end).toBe('not found')
    expect((await runBounded({ ...base, command: '/' })).end).toBe('not started')
    expect((await runBounded({ ...base, command: 'a\0b' })).end).toBe('not started')
  })
})
