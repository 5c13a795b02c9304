import { expect, it } from 'vitest'
import type { Accounts } from '../../src/chat/accounts.ts'
import type { Desk } from '../../src/chat/desk.ts'
import { createReception } from '../../src/chat/reception.ts'
import { plain } from '../../src/chat/rich-text.ts'
import { DatabaseProblem } from '../../src/core/database-problem.ts'

const account = {
  platform: 'slack',
  id: 'U1',
  realm: { id: 'T1', only: true },
  label: 'tom',
  verifiedEmail: null,
} as const
const unreachable = Object.assign(new Error('connect ECONNREFUSED 10.0.0.7:5432'), {
  code: 'ECONNREFUSED',
  query: 'select secret',
})

async function answerTo(error: Error) {
  const said: string[] = []
  const fail = () => Promise.reject(error)
  const accounts: Accounts = { all: [], personOf: fail, accountOf: fail }
  const desk: Desk = new Proxy(Object.create(null), { get: () => () => Promise.reject(error) })
  const reception = createReception(desk, accounts, { warn: (message) => said.push(message) })
  const answer = await reception.slash('mine', { channel: null, proposal: null }, account)
  return { ok: answer.ok, text: plain(answer.message), said }
}

it.each([
  unreachable,
  new Error('Failed query: select secret', { cause: unreachable }),
  Object.assign(new Error('could not extend file'), { code: '53100', severity: 'ERROR' }),
  new DatabaseProblem('Cannot use the database.'),
])('who asks while the database cannot be used is told so, and nothing of why: %s', async (error) => {
  const { ok, text, said } = await answerTo(error)
  expect(ok).toBe(false)
  expect(text).toMatch(/^The database cannot be used just now; why is in the log\./)
  expect(said).toHaveLength(1)
})

it('any other failure is ours', async () => {
  expect(await answerTo(new TypeError('x is not a function'))).toMatchObject({
    ok: false,
    text: expect.stringMatching(/^That failed on our side/),
  })
})
