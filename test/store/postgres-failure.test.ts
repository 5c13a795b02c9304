import { expect, test } from 'vitest'
import { failsAgain, kindOfFailure, whyNotStarted } from '../../src/store/postgres-failure.ts'

const cluster = {
  pgdata: '/data/postgres/pgdata',
  logFile: '/data/postgres/server.log',
  passwordFile: '/data/postgres/password',
  pidFile: '/data/postgres/pgdata/postmaster.pid',
  noteFile: '/data/postgres/server',
  url: () => '',
}

/** What PostgreSQL writes, word for word. */
test.each([
  [
    'disk',
    'FATAL:  could not write lock file "postmaster.pid": No space left on device',
    /: the disk that holds \/data\/postgres\/pgdata is full .* Make room there/,
  ],
  [
    'memory',
    'FATAL:  could not map anonymous shared memory: Cannot allocate memory\nHINT:  This error usually means ...',
    /too little memory, shared memory or semaphores for it \(could not map anonymous shared memory: Cannot allocate memory\.\)/,
  ],
  [
    'memory',
    'FATAL:  could not create semaphores: No space left on device',
    /too little memory, shared memory or semaphores/,
  ],
  ['memory', 'FATAL:  could not create shared memory segment: No space left on device', /too little memory/],
  [
    'owner',
    'FATAL:  data directory "/data/postgres/pgdata" has wrong ownership',
    /must belong to the account that starts it and be closed to others \(chown -R, chmod 700\)/,
  ],
  ['owner', 'FATAL:  data directory "/data/postgres/pgdata" has invalid permissions', /chmod 700/],
  [
    'port',
    'LOG:  could not bind IPv4 address "127.0.0.1": Address already in use',
    /another program has taken port 21000/,
  ],
  ['busy', 'FATAL:  pre-existing shared memory block (key 1, ID 2) is still in use', /an earlier server still holds/],
  [
    'settings',
    'LOG:  syntax error in file "/data/postgres/pgdata/postgresql.auto.conf" line 1',
    /Correct the file, or move it away\./,
  ],
  ['other', 'FATAL:  could not open file "global/pg_control": No such file', /global\/pg_control.* Its log is \/data/],
])('why a start failed is one sentence: %s', (kind, line, sentence) => {
  const said = `2026-11-20 10:00:00 UTC [1] ${line}\n2026-11-20 10:00:00 UTC [1] LOG:  database system is shut down\n`
  expect(kindOfFailure(said)).toBe(kind)
  const why = whyNotStarted(cluster, kindOfFailure(said), said, 21_000)
  expect(why).toMatch(/^The embedded database did not start: /)
  expect(why).toMatch(sentence)
  expect(why).not.toContain('\n')
})

test('a server that is not ready yet has not failed', () => {
  const waiting = ['is starting up', 'is in recovery mode', 'is not yet accepting connections', 'is shutting down']
  for (const what of waiting)
    expect(failsAgain(`2026-11-28 14:00:00 UTC [1] FATAL:  the database system ${what}`)).toBe(false)
  expect(failsAgain('[3] FATAL:  lock file "postmaster.pid" already exists')).toBe(false)
  expect(failsAgain('[1] LOG:  redo starts at 0/1\n[2] FATAL:  could not read file "global/pg_filenode.map"')).toBe(
    true,
  )
})
