/** A team whose quorum is never reached, and the votes that its people give, change and take back for ever. */

import type { Content } from '../../../src/core/proposal/event.ts'
import type { Actor } from '../../../src/core/proposal/proposal.ts'
import type { Db } from '../../../src/store/connection.ts'
import { enqueue } from '../../../src/store/enqueue.ts'
import { createWorkflow, type Workflow } from '../../../src/workflow/workflow.ts'
import { exampleService } from '../../support/example-service.ts'
import { alwaysMine } from '../../support/leases.ts'
import { members, policy, VOTERS } from '../voters.ts'

const assessment: Actor = { kind: 'system', part: 'assessment' }

export interface Voting {
  readonly open: (team: string, content: Content) => Promise<string>
  /** The next vote on a proposal. */
  readonly vote: (proposal: string) => Promise<void>
  /** Delivers what waits, and ends. */
  readonly end: () => Promise<void>
}

/** As in the service, but that nobody is there to see when a proposal wakes. */
export async function startVoting(db: Db): Promise<Voting> {
  const { parts, remove } = await exampleService(db)
  const { execute, open, deliver } = createWorkflow(
    {
      ...parts,
      teams: { ...parts.teams, membersOf: () => members, policyOf: () => policy },
      wake: (tx, proposal, at) => enqueue(tx, 'wake', { proposal }, at),
    },
    alwaysMine,
  )
  const turns = new Map<string, number>()
  return {
    open: async (team, content) => {
      const done = await open(team, content, policy, assessment)
      if (!done.ok) throw new Error(done.refusal.sentence)
      return done.state.id
    },
    vote: async (proposal) => {
      const turn = turns.get(proposal) ?? 0
      turns.set(proposal, turn + 1)
      const { id, name } = members[turn % VOTERS] ?? { id: '', name: '' }
      const done = await execute(proposal, commandOf(Math.floor(turn / VOTERS)), {
        kind: 'person',
        id,
        name,
        via: 'console',
      })
      if (!done.ok) throw new Error(done.refusal.sentence)
    },
    end: async () => {
      await deliver()
      await remove()
    },
  }
}

/** Each of them is an event: a person approves, changes that, takes it back, and begins again. */
function commandOf(round: number): Parameters<Workflow['execute']>[1] {
  if (round % 3 === 2) return { type: 'withdraw-vote' }
  const choice = round % 3 === 0 ? 'approve' : 'abstain'
  return { type: 'vote', choice, revision: 1, reason: null, owner: null, until: null }
}
