import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { findAnswer } from '../../src/integrations/windows-script/read-answer.ts'
import { wsusScript } from '../../src/integrations/wsus/remote.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { powershellHost } from './support/standin.ts'

/** Runs the script without SSH, in a folder of its own, and returns the error that it answers with. */
function errorOf({ host = powershellHost ?? '', sha256 = wsusScript().sha256, input = question() }) {
  const folder = temporaryFolder('pw-alone')
  const file = join(folder, 'wsus.ps1')
  writeFileSync(file, wsusScript().text)
  const environment = {
    ...process.env,
    HOME: folder,
    TMPDIR: folder,
    POWERSHELL_TELEMETRY_OPTOUT: '1',
    STANDIN_SITE: join(folder, 'site.json'),
  }
  writeFileSync(environment.STANDIN_SITE, '{}')
  const args = [host, '-NoProfile', '-NonInteractive', '-File', file, '-Op', 'groups', '-Sha256', sha256]
  const stdout = execFileSync('dotnet', args, { input, env: environment, encoding: 'utf8' })
  return findAnswer(stdout, 'this')?.error ?? null
}

function question(): string {
  return Buffer.from(JSON.stringify({ v: 1, call: 'this', limit: 10, wait: 1, data: {} })).toString('base64')
}

/** The host without the API of WSUS, as a machine that is no WSUS server. */
function hostWithoutApi(): string {
  const folder = join(temporaryFolder('pw-host'), 'host')
  execFileSync('cp', ['-a', dirname(powershellHost ?? ''), folder])
  rmSync(join(folder, 'Microsoft.UpdateServices.Administration.dll'))
  const list = join(folder, 'powershell-host.deps.json')
  const known = JSON.parse(readFileSync(list, 'utf8'), (key, value: unknown) =>
    /^(standin|Microsoft\.UpdateServices\.Administration)\b/.test(key) ? undefined : value,
  )
  writeFileSync(list, JSON.stringify(known))
  return join(folder, 'powershell-host.dll')
}

describe.skipIf(powershellHost === null)('the script alone', () => {
  it('answers', () => {
    expect(errorOf({})).toBeNull()
  })
  it('does not work when it is another file than the one that was sent', () => {
    expect(errorOf({ sha256: '0'.repeat(64) })).toMatchObject({ type: 'Patchwarden.OtherScript', begun: 'no' })
  })
  it('says that it cannot read the question', () => {
    expect(errorOf({ input: 'no base64!' })).toMatchObject({ type: 'System.FormatException', begun: 'no' })
  })
  it('reads a question behind a mark of the byte order', () => {
    expect(errorOf({ input: `\uFEFF${question()}\r\n` })).toBeNull()
  })
  it('says when the API of WSUS cannot be loaded', () => {
    expect(errorOf({ host: hostWithoutApi() })).toMatchObject({ type: 'Patchwarden.Core', message: '7.6.9' })
  })
})

it('the script is named by its content, of which the ends are the same for all kinds', () => {
  const { file, sha256, text } = wsusScript()
  expect(file).toBe(`wsus-${sha256.slice(0, 16)}.ps1`)
  const parts = ['windows-script/begin.ps1', 'wsus/wsus.ps1', 'windows-script/end.ps1'].map((part) =>
    readFileSync(fileURLToPath(new URL(`../../src/integrations/${part}`, import.meta.url)), 'ascii'),
  )
  expect(text).toBe(parts.join(''))
})
