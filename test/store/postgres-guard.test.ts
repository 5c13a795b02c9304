import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { hasUsers } from '../../src/store/postgres-guard.ts'
import { identify } from '../../src/store/process-identity.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** No process has it: the largest pid of Linux is 4,194,304. */
const NOBODY = 4_194_999

test.each([
  ['a process that runs', `${process.pid}.0`, identify(process.pid) ?? '', true],
  ['a process that is just signing in', `${process.pid}.0.${process.pid}.new`, '', true],
  ['a process that is gone', `${NOBODY}.0`, `${NOBODY} 1`, false],
  ['a process that died while it signed in', `${NOBODY}.0.${NOBODY}.new`, '', false],
])('the file of %s is kept only while the process lives', (_, name, content, kept) => {
  const directory = temporaryFolder('guard')
  const users = path.join(directory, 'users')
  mkdirSync(users)
  writeFileSync(path.join(users, name), content)
  expect(hasUsers(directory)).toBe(kept)
  expect(existsSync(path.join(users, name))).toBe(kept)
})
