import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import fc from 'fast-check'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { readEnvironment } from '../../src/app/environment.ts'
import { parseEnvFile } from '../../src/config/env-file.ts'
import { describeProblem } from '../../src/config/problem.ts'

const cwd = mkdtempSync(join(tmpdir(), 'patchwarden-env-'))
const dotEnv = join(cwd, '.env')
afterAll(() => rmSync(cwd, { recursive: true, force: true }))
beforeEach(() => rmSync(dotEnv, { force: true }))

function problems(variables: Record<string, string>): readonly string[] {
  const read = readEnvironment({ cwd, variables })
  return read.ok ? [] : read.problems.map(describeProblem)
}

const url = 'postgres://pw:s3cr3t@db.example.net:5432/patchwarden'

describe('the environment', () => {
  it('has the secrets for Prometheus by their variables', () => {
    const read = readEnvironment({ cwd, variables: { PROMETHEUS_TOKEN: 'one', PROMETHEUS_PASSWORD_EU: ' two words ' } })
    expect(read.ok && read.environment.values).toEqual({
      PROMETHEUS_TOKEN: 'one',
      PROMETHEUS_PASSWORD_EU: 'two words',
    })
    expect(problems({ PROMETHEUS_TOKEN: 'two words' })).toEqual([
      'environment: PROMETHEUS_TOKEN cannot be read. Write the token without blanks.',
    ])
  })

  it('says where numbers are served, and refuses what is no place', () => {
    const at = (listen: string) => {
      const read = readEnvironment({ cwd, variables: { PATCHWARDEN_METRICS_LISTEN: listen } })
      return read.ok ? read.environment.metricsAt : 'refused'
    }
    expect(at('9464')).toEqual({ host: '127.0.0.1', port: 9464 })
    expect(at('0.0.0.0:9464')).toEqual({ host: '0.0.0.0', port: 9464 })
    expect(at('[::1]:9464')).toEqual({ host: '::1', port: 9464 })
    expect([at('here'), at('1.2.3.4:99999'), at('http://x:1')]).toEqual(['refused', 'refused', 'refused'])
  })

  it('may be empty', () => {
    expect(readEnvironment({ cwd, variables: {} })).toEqual({
      ok: true,
      environment: {
        cwd,
        configFile: null,
        dataDir: null,
        upgradeWithoutCopy: false,
        host: null,
        port: null,
        logLevel: 'info',
        metricsAt: null,
        metricsToken: null,
        heartbeatUrl: null,
        databaseUrl: null,
        values: {},
      },
      warnings: [],
    })
  })

  it.each([
    ['PORT', '70000', 'environment: PORT is "70000". Write a port from 1 to 65535, or 0 for any free one.'],
    ['PORT', 'http', 'environment: PORT is "http". Write a port from 1 to 65535, or 0 for any free one.'],
    [
      'LOG_LEVEL',
      'loud',
      'environment: LOG_LEVEL is "loud". Write one of fatal, error, warn, info, debug, trace, silent.',
    ],
    ['PATCHWARDEN_UPGRADE', 'yes', 'environment: PATCHWARDEN_UPGRADE is "yes". Write without-copy, or leave it out.'],
    ['PATCHWARDEN_HOST', 'a b', 'environment: PATCHWARDEN_HOST is "a b". Write an address to listen on.'],
  ])('%s=%s', (name, value, sentence) => {
    expect(problems({ [name]: value })).toEqual([sentence])
  })

  it('tells all that is wrong at once', () => {
    expect(problems({ PORT: 'x', LOG_LEVEL: 'x' })).toHaveLength(2)
  })

  it.each([
    [{ ALERTMANAGER_USER: 'pw' }, 'is set, but no ALERTMANAGER_PASSWORD'],
    [{ ALERTMANAGER_USER: 'pw', ALERTMANAGER_TOKEN: 't0ken' }, 'is set, and ALERTMANAGER_TOKEN too'],
  ])('%j is half of it', (variables, what) => {
    const mend = 'Write user and password, or the token alone.'
    expect(problems(variables)).toEqual([`environment: ALERTMANAGER_USER ${what}. ${mend}`])
  })

  it.each([
    [{ SLACK_BOT_TOKEN: 'xoxb-1' }, 'SLACK_BOT_TOKEN'],
    [{ SLACK_SIGNING_SECRET: 'a secret', SLACK_API_URL: 'https://slack.example' }, 'SLACK_SIGNING_SECRET'],
    [{ SLACK_CLIENT_ID: '1.2', SLACK_CLIENT_SECRET: 'a secret' }, 'SLACK_CLIENT_ID'],
  ])('%j is half of Slack', (variables, name) => {
    const mend = 'Slack needs SLACK_BOT_TOKEN with SLACK_APP_TOKEN or with SLACK_SIGNING_SECRET; see docs/slack.md.'
    expect(problems(variables)).toEqual([`environment: ${name} is set, but not what goes with it. ${mend}`])
  })

  it.each([
    { SLACK_API_URL: 'https://slack.example' },
    { SLACK_BOT_TOKEN: 'xoxb-1', SLACK_APP_TOKEN: 'xapp-1' },
    { SLACK_BOT_TOKEN: 'xoxb-1', SLACK_SIGNING_SECRET: 'a secret' },
    { SLACK_CLIENT_ID: '1.2', SLACK_CLIENT_SECRET: 'a secret', SLACK_SIGNING_SECRET: 'a secret' },
  ])('%j is enough', (variables) => expect(problems(variables)).toEqual([]))

  it('counts empty as not set', () => {
    expect(problems({ PORT: '', LOG_LEVEL: ' ', DATABASE_URL: '' })).toEqual([])
  })

  it.each([
    ['db:5432/app', 'it does not begin with postgres://'],
    ['postgres:/pw:s3cr3t@db/x', 'it does not begin with postgres://'],
    ['postgres://pw:s3cr3t@/x', 'there is no host'],
    ['postgres:///x', 'there is no host'],
    ['postgres://pw:s3cr3t@db:/x', 'the port is not a number from 1 to 65535'],
    ['postgres://pw:s3cr3t@db:0/x', 'the port is not a number from 1 to 65535'],
    ['postgres://pw:s3cr3t@db:65536/x', 'the port is not a number from 1 to 65535'],
    ['postgres://pw:s3cr3t@db:54a2/x', 'the port is not a number from 1 to 65535'],
    ['postgres://pw:s3cr3t@one:1,two:2/x', 'it may name one host only'],
    ['postgres://pw:s3cr3t@d b/x', 'the host is neither a host name nor an address'],
    ['postgres://pw:s3cr3t@[::g]/x', 'the host is neither a host name nor an address'],
    ['postgres://pw:s3%zz@db/x', 'a % in the user or password is %25'],
    ['postgres://pw:s3@cr3t@db/x', 'there is an @, /, ? or # in the user or password; write %40, %2F, %3F, %23'],
    ['postgres://pw:s3/cr3t@db/x', 'there is an @, /, ? or # in the user or password; write %40, %2F, %3F, %23'],
    ['postgres://pw:s3?cr3t@db/x', 'there is an @, /, ? or # in the user or password; write %40, %2F, %3F, %23'],
    ['postgres://pw:s3#cr3t@db/x', 'there is an @, /, ? or # in the user or password; write %40, %2F, %3F, %23'],
    [
      'postgres://pw:s3cr3t@db/x?sslmode=on',
      'sslmode is not one of disable, allow, prefer, require, verify-ca, verify-full',
    ],
    ['postgres://pw:s3cr3t@db/x?connect_timeout=soon', 'connect_timeout is not a number of seconds'],
  ])('names the part of DATABASE_URL that cannot be read, and not the secret: %s', (value, problem) => {
    const form =
      'Write postgres://user:password@host:5432/database, with special signs in the password as %40 and so on'
    expect(problems({ DATABASE_URL: value })).toEqual([
      `environment: DATABASE_URL cannot be read. ${form}: ${problem}.`,
    ])
  })

  it.each(['postgres://db', 'postgresql://me:p%40w@[::1]:5432/app?sslmode=require', 'postgres://me@10.0.0.7/app'])(
    'takes %s',
    (value) => expect(problems({ DATABASE_URL: value })).toEqual([]),
  )

  it('never shows a secret', () => {
    for (const value of ['s3cr3t', 'mysql://pw:s3cr3t@db/x', 'postgres://pw:s3%zzcr3t@[db/x']) {
      const [sentence] = problems({ DATABASE_URL: value })
      expect(sentence).toMatch(/^environment: DATABASE_URL cannot be read\. Write postgres:/)
      expect(sentence).not.toContain('s3')
    }
    writeFileSync(dotEnv, `DATABASE_URL="${url}\nNONSENSE s3cr3t\n`)
    expect(problems({})).toHaveLength(2)
    expect(problems({}).join()).not.toContain('s3cr3t')
  })
})

describe('.env', () => {
  it('gives way to the environment of the process', () => {
    writeFileSync(dotEnv, 'PORT=1111\nLOG_LEVEL=debug # for now\n')
    const read = readEnvironment({ cwd, variables: { PORT: '2222' } })
    expect(read).toMatchObject({ ok: true, environment: { port: 2222, logLevel: 'debug' } })
  })

  it('is told by file and line', () => {
    writeFileSync(dotEnv, '# secrets\nPORT=x\nPORT=5\nnot a line\nLOG_LEVEL="info\n')
    expect(problems({})).toEqual([
      `${dotEnv}:3:1: the line sets PORT again, as line 2 does. Keep one of them.`,
      `${dotEnv}:4:1: the line is not NAME=value. Write a name, "=" and the value, or put # before it.`,
      `${dotEnv}:5:1: the line sets LOG_LEVEL with a quote that is not closed. Close the quote on the same line.`,
      `${dotEnv}:2:1: PORT is "x". Write a port from 1 to 65535, or 0 for any free one.`,
    ])
  })

  it('warns of a name that looks like one of ours, and leaves others alone', () => {
    writeFileSync(dotEnv, 'DATABSE_URL=x\nSOMETHING_ELSE=y\n')
    const read = readEnvironment({ cwd, variables: {} })
    const warnings = read.ok ? read.warnings.map(describeProblem) : []
    expect(warnings).toEqual([
      `${dotEnv}:1:1: DATABSE_URL is not a variable that Patchwarden reads. Did you mean DATABASE_URL?`,
    ])
  })

  it('is read as node reads it, where the line is plain', () => {
    const value = fc.stringMatching(/^[A-Za-z0-9:/@.%_-]{0,20}$/)
    const line = fc.tuple(fc.stringMatching(/^[A-Z][A-Z_]{1,8}$/), value, fc.constantFrom('', '"', "'"))
    fc.assert(
      fc.property(fc.uniqueArray(line, { selector: ([name]) => name, maxLength: 5 }), (entries) => {
        const text = entries.map(([name, inner, quote]) => `${name}=${quote}${inner}${quote}`).join('\n')
        const { lines, mistakes } = parseEnvFile(text)
        expect(mistakes).toEqual([])
        expect(Object.fromEntries(lines.map(({ name, value }) => [name, value]))).toEqual(parseEnv(text))
      }),
    )
  })

  it('may hold anything without a crash', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseEnvFile(text)))
  })
})

describe('a secret in a file', () => {
  const secret = join(cwd, 'database-url')

  it('is read without its line end', () => {
    writeFileSync(secret, `${url}\n`)
    const read = readEnvironment({ cwd, variables: { DATABASE_URL_FILE: 'database-url' } })
    expect(read).toMatchObject({ ok: true, environment: { databaseUrl: url } })
  })

  it.each([
    [
      { DATABASE_URL_FILE: 'nothing' },
      `environment: DATABASE_URL_FILE names "${join(cwd, 'nothing')}", which does not exist. Check the path.`,
    ],
    [
      { DATABASE_URL_FILE: '.' },
      `environment: DATABASE_URL_FILE names "${cwd}", which is a folder, not a file. Name the file in it.`,
    ],
    [
      { DATABASE_URL_FILE: 'database-url', DATABASE_URL: url },
      'environment: DATABASE_URL is set, and DATABASE_URL_FILE too. Keep one of them.',
    ],
  ])('%j', (variables, sentence) => {
    writeFileSync(secret, url)
    expect(problems(variables)).toEqual([sentence])
  })

  it('must not be empty', () => {
    writeFileSync(secret, '\n')
    expect(problems({ DATABASE_URL_FILE: secret })).toEqual([
      `environment: DATABASE_URL_FILE names "${secret}", which is empty. Put the secret in it.`,
    ])
  })
})
