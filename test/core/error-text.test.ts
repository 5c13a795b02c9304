import { DrizzleQueryError } from 'drizzle-orm/errors'
import { expect, test } from 'vitest'
import { errorText } from '../../src/core/error-text.ts'

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
