import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readEnvironment } from '../../src/app/environment.ts'
import type { Environment } from '../../src/config/environment.ts'
import { describeProblem } from '../../src/config/problem.ts'
import { loadConfig } from '../../src/integrations/configuration.ts'
import { small, smallWith } from './small.ts'

const folder = mkdtempSync(join(tmpdir(), 'patchwarden-config-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let made = 0
function newFolder(): string {
  const path = join(folder, String(made++))
  mkdirSync(path)
  return path
}

function environment(cwd: string, variables: Record<string, string> = {}): Environment {
  const read = readEnvironment({ cwd, variables })
  if (!read.ok) throw new Error(read.problems.map(describeProblem).join('\n'))
  return read.environment
}

function refusals(path: string | null, cwd: string): readonly string[] {
  const loaded = loadConfig(path, environment(cwd))
  return loaded.ok ? ['(accepted)'] : loaded.problems.map(describeProblem)
}

describe('which file is read', () => {
  it('the named one, else PATCHWARDEN_CONFIG, else patchwarden.yaml here, else the example', () => {
    const cwd = newFolder()
    const nameOf = (path: string | null, variables = {}) => {
      const loaded = loadConfig(path, environment(cwd, variables))
      return loaded.ok ? loaded.config.name : null
    }
    expect(nameOf(null)).toBe('Patchwarden (example)')
    writeFileSync(join(cwd, 'patchwarden.yaml'), 'name: Here')
    writeFileSync(join(cwd, 'other.yaml'), 'name: Other')
    writeFileSync(join(cwd, 'third.yaml'), 'name: Third')
    expect(nameOf(null)).toBe('Here')
    expect(nameOf(null, { PATCHWARDEN_CONFIG: 'other.yaml' })).toBe('Other')
    expect(nameOf('third.yaml', { PATCHWARDEN_CONFIG: 'other.yaml' })).toBe('Third')
  })

  it('a named one that is not there is refused, never replaced by the example', () => {
    const cwd = newFolder()
    const sentence = 'nowhere.yaml: the file does not exist. Check the path, or run "patchwarden init" to write one.'
    expect(refusals('nowhere.yaml', cwd)).toEqual([sentence])
    const loaded = loadConfig(null, environment(cwd, { PATCHWARDEN_CONFIG: 'nowhere.yaml' }))
    expect(loaded.ok).toBe(false)
  })
})

describe('a file that is no text gives one sentence', () => {
  const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('name: Test', 'utf16le')])
  it.each([
    [
      'binary junk',
      Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0xfe]),
      'is not text. It must be a UTF-8 text file: is it the right file?',
    ],
    ['UTF-16', utf16, 'is UTF-16 text. Save it as UTF-8.'],
    [
      'Latin-1',
      Buffer.from('name: Zürich', 'latin1'),
      'is not text. It must be a UTF-8 text file: is it the right file?',
    ],
    [
      'ten million bytes',
      Buffer.alloc(10_000_000, 'x'),
      'has 10,000 kB. At most 2000 kB are read: is it the right file?',
    ],
  ])('%s', (_, bytes, sentence) => {
    const cwd = newFolder()
    writeFileSync(join(cwd, 'patchwarden.yaml'), bytes)
    expect(refusals(null, cwd)).toEqual([`patchwarden.yaml: the file ${sentence}`])
  })

  it('a folder', () => {
    const cwd = newFolder()
    mkdirSync(join(cwd, 'patchwarden.yaml'))
    expect(refusals(null, cwd)).toEqual(['patchwarden.yaml: the file is a folder, not a file. Name the file in it.'])
  })

  it('a device', () => {
    expect(refusals('/dev/zero', newFolder())).toEqual(['/dev/zero: the file is not an ordinary file. Name a file.'])
  })
})

describe('a right file', () => {
  it('may begin with a byte order mark and have Windows line ends', () => {
    const cwd = newFolder()
    writeFileSync(join(cwd, 'patchwarden.yaml'), `\ufeff${small.replaceAll('\n', '\r\n')}`)
    expect(loadConfig(null, environment(cwd)).ok).toBe(true)
  })

  it('has its relative paths counted from its own folder, and ~ from the home', () => {
    const cwd = newFolder()
    mkdirSync(join(cwd, 'etc'))
    const text = smallWith('    hosts:', '    identityFile: ~/.ssh/key\n    sshConfig: ssh/config\n    hosts:').replace(
      'name: Test',
      'dataDir: data',
    )
    writeFileSync(join(cwd, 'etc', 'pw.yaml'), text)
    const loaded = loadConfig('etc/pw.yaml', environment(cwd))
    if (!loaded.ok) throw new Error('must load')
    expect(loaded.config).toMatchObject({
      file: join(cwd, 'etc/pw.yaml'),
      example: false,
      dataDir: join(cwd, 'etc/data'),
    })
    expect(loaded.config.sources.lab).toMatchObject({
      identityFile: join(homedir(), '.ssh/key'),
      sshConfig: join(cwd, 'etc/ssh/config'),
      knownHostsFile: null,
    })
  })

  it('gives way to the environment', () => {
    const cwd = newFolder()
    writeFileSync(join(cwd, 'patchwarden.yaml'), small)
    const variables = { PORT: '0', PATCHWARDEN_HOST: '0.0.0.0', PATCHWARDEN_DATA: 'elsewhere' }
    const loaded = loadConfig(null, environment(cwd, variables))
    if (!loaded.ok) throw new Error('must load')
    expect(loaded.config.console).toEqual({ host: '0.0.0.0', port: 0, publicUrl: null })
    expect(loaded.config.dataDir).toBe(join(cwd, 'elsewhere'))
  })

  it('moves the example with its data folder', () => {
    const cwd = newFolder()
    const loaded = loadConfig(null, environment(cwd, { PATCHWARDEN_DATA: '/var/lib/pw' }))
    if (!loaded.ok) throw new Error('must load')
    expect(loaded.config.sources.example).toMatchObject({ path: '/var/lib/pw/example/fleet.json' })
  })
})
