import { DrizzleQueryError } from 'drizzle-orm/errors'
import { expect, test } from 'vitest'
import { errorStack, errorText, withoutParameters } from '../../src/core/error-text.ts'

test.each<[string, unknown, string]>([
  ['an error', new Error('The disk is full.'), 'The disk is full.'],
  ['one with a cause', new Error('feed.json is cut off.', { cause: new Error('line 1') }), 'feed.json is cut off.'],
  [
    'a failed query',
    new DrizzleQueryError('select $1', ['secret'], new Error('connection refused')),
    'connection refused',
  ],
  ['several without a word of their own', new AggregateError([new Error('refused')]), 'refused'],
  ['what is no error', 'no room', 'no room'],
  ['nothing', undefined, 'undefined'],
])('%s says what is wrong', (_, error, text) => {
  expect(errorText(error)).toBe(text)
})

const secret = 's3cret-token\n    at tom@example.net (/etc/passwd:1:1)'
const failed = new DrizzleQueryError('select $1', [secret], new Error('connection refused'))

test.each<[string, unknown]>([
  ['a failed query', failed],
  [
    'one whose cause is no error',
    Object.assign(new Error(`Failed query: select $1\nparams: ${secret}`), { cause: 'no' }),
  ],
  ['one without a cause', new DrizzleQueryError('select $1', [secret])],
  ['one that another quotes', new Error(`The sweep failed: ${failed.message}`)],
  ['one behind another', new Error('The sweep failed.', { cause: failed })],
  ['several', new AggregateError([failed, failed], `all failed: ${failed.message}`)],
  ['several without a word of their own', new AggregateError([failed])],
  ['what was thrown as text', failed.message],
  [
    'a value that PostgreSQL quotes',
    Object.assign(new Error(`invalid input syntax for type integer: "${secret}"`), {
      severity: 'ERROR',
      code: '22P02',
    }),
  ],
])('no parameter of a statement is told of %s', (_, error) => {
  for (const told of [errorText(error), errorStack(error)]) {
    expect(told).not.toMatch(/s3cret|tom@example/)
    expect(told.length).toBeGreaterThan(5)
  }
})

test('a line of the log tells no parameter, whoever wrote it', () => {
  expect(withoutParameters(`Slack: ${failed.message}`)).toBe('Slack: Failed query: select $1')
  expect(withoutParameters(`Slack: ${String(failed.stack)}`)).toBe('Slack: Error: Failed query: select $1')
  expect(withoutParameters('The rollout needs params: none.')).toBe('The rollout needs params: none.')
})

test('a stack says where an error and its causes come from', () => {
  const stack = errorStack(new Error('The sweep failed.', { cause: failed }))
  expect(stack).toMatch(/^The sweep failed\.\n {4}at .*error-text\.test\.ts/)
  expect(stack).toContain('because: connection refused\n    at ')
  const circle = new Error('round')
  circle.cause = circle
  expect(errorStack(circle).match(/round/g)?.length).toBeLessThan(10)
})
