/** The example fleet with its first proposals, on a database that is to become what an earlier version left. */

import type { Actor, ProposalState } from '../../src/core/proposal/proposal.ts'
import { openLeases } from '../../src/store/leases.ts'
import { findProposal, openProposals } from '../../src/store/proposals.ts'
import { exportRecord, verifyRecord } from '../../src/workflow/audit.ts'
import { createWorkflow } from '../../src/workflow/workflow.ts'
import type { TestDatabase } from './database.ts'
import { type ExampleOptions, exampleService, jonas, mara, proposeAll, tom } from './example-service.ts'

export const rollout = { kind: 'system', part: 'rollout' } as const

export const now = () => new Date().toISOString()

export async function earlierScene({ db, url }: TestDatabase, options: ExampleOptions = {}) {
  const service = await exampleService(db, options)
  const leases = openLeases(url)
  const workflow = createWorkflow(service.parts, leases.alone)
  await proposeAll(workflow)
  const idOf = async (team: string) => {
    const state = (await openProposals(db)).find((one) => one.team === team)
    if (state === undefined) throw new Error(`${team} has no proposal.`)
    return state.id
  }
  async function stateOf(id: string): Promise<ProposalState> {
    const state = await findProposal(db, id)
    if (state === null) throw new Error(`${id} is gone.`)
    return state
  }
  async function close(): Promise<void> {
    await leases.end()
    await service.remove()
  }
  return { db, workflow, service, leases, idOf, stateOf, close }
}

/** The formats of the rows of proposals. */
export async function formatsIn({ sql }: TestDatabase): Promise<readonly number[]> {
  return (await sql`select distinct format from proposals`).map(({ format }) => Number(format))
}

/** The row of a proposal, its votes and results as they are stored, as one text. */
export async function storedIn({ sql }: TestDatabase, id: string): Promise<string> {
  return JSON.stringify([
    await sql`select state from proposals where id = ${id}`,
    await sql`select * from votes where proposal = ${id}`,
    await sql`select * from results where proposal = ${id}`,
  ])
}

export const as = ({ id, name }: { readonly id: string; readonly name: string }): Actor => ({
  kind: 'person',
  id,
  name,
  via: 'console',
})

export const approve = {
  type: 'vote',
  choice: 'approve',
  revision: null,
  reason: 'looks good',
  owner: null,
  until: null,
} as const

/** The record and all that it gives. */
export const verified = ({ url }: TestDatabase, options: { readonly mayBeErased?: boolean } = {}) =>
  verifyRecord(url, { rebuild: true, membersOf: () => [mara, tom, jonas], now: now(), ...options })

/** The record as a file. */
export async function exported(database: TestDatabase): Promise<string> {
  let text = ''
  await exportRecord(database, now(), async (line) => {
    text += line
  })
  return text
}

/** Writes over the state that an earlier version kept. */
export async function rewrite(
  { sql }: TestDatabase,
  id: string,
  edit: (state: Record<string, unknown>) => void,
): Promise<void> {
  await sql.begin(async (tx) => {
    await tx`set local session_replication_role = replica`
    const [row] = await tx`select state from proposals where id = ${id}`
    const state = JSON.parse(JSON.stringify(row?.state))
    edit(state)
    await tx`update proposals set state = ${tx.json(state)} where id = ${id}`
  })
}
