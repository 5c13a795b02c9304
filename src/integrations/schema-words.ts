import type { z } from 'zod'

type Issue = z.core.$ZodIssue

const kinds: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  date: 'a date',
  null: 'null',
}

/**
 * What is wrong with a value, as a clause that continues its name: `is missing`, `must be a list`. A sentence that the
 * schema itself gives is kept; words of the library are not shown.
 */
export function wordsOfIssue(issue: Issue): string {
  if (!/^(Invalid|Too (small|big)|Unrecognized key)/.test(issue.message)) return issue.message
  switch (issue.code) {
    case 'invalid_type':
      return issue.message.endsWith('received undefined')
        ? 'is missing'
        : `must be ${kinds[issue.expected] ?? issue.expected}`
    case 'invalid_value':
      return `must be ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`
    case 'invalid_format':
      return `is not in the form of ${formats[issue.format] ?? 'such a text'}`
    case 'too_small':
      return issue.origin === 'string' || issue.origin === 'array'
        ? 'is empty or too short'
        : `is less than ${issue.minimum}`
    case 'too_big':
      return issue.origin === 'string' || issue.origin === 'array' ? 'is too long' : `is more than ${issue.maximum}`
    case 'unrecognized_keys':
      return `has a key that means nothing here: ${issue.keys.map((key) => JSON.stringify(key)).join(', ')}`
    case 'invalid_union':
      return 'has none of the forms that are known'
    default:
      return 'is not a value that can be used here'
  }
}

const formats: Readonly<Record<string, string>> = {
  date: 'a date such as 2027-03-31',
  datetime: 'a time such as 2027-03-31T18:00:00Z',
  url: 'an address',
  email: 'an e-mail address',
}
