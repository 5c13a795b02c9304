/** Checks that tell whether an asset or a whole service is healthy. */

import { z } from 'zod'
import { addressWithoutLogin, command, count, duration, port, reference, text } from './fields.ts'

const timeout = duration({ unit: 's', minimum: 1, maximum: 120 }).prefault('5 s')

export const httpCheck = z.strictObject({
  http: addressWithoutLogin('a page behind a password is checked by a `command`, such as [curl, ...].').describe(
    'Address to ask; in the health of a team, {address} and {name} stand for the asset.',
  ),
  status: count(100, 599, 'Write an HTTP status, such as 200.').default(200).describe('The status that means healthy.'),
  timeout: timeout.describe('How long to wait for the answer.'),
})

const tcp = {
  tcp: port.describe('A port that must accept connections.'),
  timeout: timeout.describe('How long to wait for the connection.'),
}

/** `values`: names that the arguments may contain, e.g. `{name}`. */
export function commandCheck(values: readonly string[]) {
  return z.strictObject({
    command: command(values).describe('A program and its arguments; exit status 0 is healthy.'),
    timeout: duration({ unit: 's', minimum: 1, maximum: 120 }).prefault('30 s').describe('How long it may take.'),
  })
}

const selector = z
  .strictObject({
    tags: z
      .array(z.string().min(1))
      .min(1, { error: 'Write a list of tags, such as [db].' })
      .optional()
      .describe('Assets with one of these tags.'),
    engines: z
      .array(z.string().min(1))
      .min(1, { error: 'Write a list of engines, such as [wsus].' })
      .optional()
      .describe('Assets that one of these engines changes.'),
  })
  .describe('The assets that are checked. Default: all of the team.')

// Not given is not there, so that a check without it is recorded as it always was.
const on = { on: selector.optional() }

/** Asked through a system that can put questions to its machines. */
const queryCheck = z.strictObject({
  query: text('Write a question in SQL of osquery that has a row where the server is healthy.', 2_000).describe(
    'A question in the SQL of osquery that the server is asked through `system`; a row or more is healthy.',
  ),
  system: reference('a system').describe('The system that asks it: a name from systems or sources, of kind fleet.'),
  timeout: duration({ unit: 's', minimum: 1, maximum: 120 })
    .prefault('60 s')
    .describe('How long to wait for the answer.'),
})

/** Checks of an asset. */
export const healthCheck = z.union([
  httpCheck.extend(on),
  z.strictObject({ ...tcp, ...on }),
  commandCheck(['name', 'address']).extend(on),
  queryCheck.extend(on),
])

/** A check of a whole service, which has no address of its own. */
export const serviceTcpCheck = z.strictObject({
  ...tcp,
  host: text('Write a host name or an address, such as db.example.net.', 253)
    .regex(/^[A-Za-z0-9_.:-]+$/, { error: 'Write a host name or an address, such as db.example.net.' })
    .describe('The host of that port.'),
})

export type HealthConfig = z.infer<typeof healthCheck>
