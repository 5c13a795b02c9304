/** Who gets direct messages while nobody decides. */

import { expect, test } from 'vitest'
import type { OutgoingMessage } from '../../src/chat/platform.ts'
import { plain } from '../../src/chat/rich-text.ts'
import type { DigestRule } from '../../src/core/digest.ts'
import type { WorkflowParts } from '../../src/workflow/ports.ts'
import { createWorkflow } from '../../src/workflow/workflow.ts'
import { useDatabase } from '../support/database.ts'
import { exampleService, judgement, proposeAll, webProposal } from '../support/example-service.ts'
import { alwaysMine } from '../support/leases.ts'

const database = useDatabase()
const { signal } = new AbortController()
const HOUR_MS = 3_600_000

interface Silence {
  readonly digest?: DigestRule
  /** Of patches. The security patches of the example are exploited. */
  readonly types?: WorkflowParts['judgement']['types']
}

/** The direct messages that people have got after so many hours of silence. */
async function silence(hours: readonly number[], { digest, types = ['security'] }: Silence) {
  const { db } = database()
  let later = 0
  const said: OutgoingMessage[] = []
  const deliver = async (message: OutgoingMessage) => {
    said.push(message)
    return null
  }
  const service = await exampleService(db, {
    clock: () => new Date(Date.now() + later),
    ...(digest === undefined ? {} : { digest }),
    policy: {
      messageAfterSeconds: 2 * 86_400,
      escalateAfterSeconds: 4 * 86_400,
      urgent: { messageAfterSeconds: 3_600, escalateAfterSeconds: 7_200, repeatEverySeconds: 86_400 },
      escalateTo: ['on-call'],
    },
    connect: () => [{ name: 'chat', deliver }],
  })
  const workflow = createWorkflow({ ...service.parts, judgement: { ...judgement, types } }, alwaysMine)
  await proposeAll(workflow)
  const { id } = await webProposal(db)
  const got: string[][] = []
  for (const hour of hours) {
    later = hour * HOUR_MS + 60_000
    said.length = 0
    await workflow.advance(id, signal)
    // What falls due within half a minute is one list.
    later += 30_000
    await workflow.deliver()
    const direct = said.filter(({ channel }) => channel.startsWith('@'))
    for (const { entry } of direct) expect(plain(entry?.text ?? [])).toContain(id)
    got.push(direct.map(({ channel }) => channel).sort())
  }
  await service.remove()
  return got
}

const told = [[], ['@mara', '@tom'], ['@jonas'], [], ['@mara', '@tom']]
const digest = {
  priorities: ['defer', 'scheduled', 'out-of-cycle', 'immediate'],
  at: '09:00',
  timeZone: 'UTC',
} as const
const types = ['bugfix', 'feature'] as const

test.each<[string, Silence, readonly number[], readonly (readonly string[])[]]>([
  ['what is exploited: the voters after an hour, those above after two, the voters daily', {}, [0, 1, 2, 25, 26], told],
  ['what is exploited, although the digest has it', { digest }, [0, 1, 2, 25, 26], told],
  ['what is not, as the policy says', { types }, [1, 2, 26, 49, 97], [[], [], [], ['@mara', '@tom'], ['@jonas']]],
  ['what waits for the digest: those above alone', { types, digest }, [1, 26, 49, 97], [[], [], [], ['@jonas']]],
])('people are told of %s', async (_, given, hours, expected) => {
  expect(await silence(hours, given)).toEqual(expected)
})
