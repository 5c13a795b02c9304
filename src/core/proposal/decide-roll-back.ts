import { deploymentOf } from '../rollout/deployments.ts'
import type { ProposalCommand } from './command.ts'
import { accept, type Decision, refuse } from './decision.ts'
import type { ProposalEvent } from './event.ts'
import { portions } from './portions.ts'
import type { ProposalState } from './proposal.ts'

type Ended = Extract<ProposalCommand, { type: 'end-roll-back' }>

/**
 * Records which assets have their earlier versions again. Assets that are still changed may be rolled back once more.
 */
export function endRollBack({ id, rollout, rollBack }: ProposalState, { by, undone }: Ended): Decision {
  if (rollout === null) return refuse('not now', `Nothing of ${id} was rolled out.`)
  if (rollBack?.proposal === by && rollBack.over) return refuse('already', `${id} knows already that ${by} is over.`)
  // An asset that was started again since then is changed again.
  const back = undone.filter(({ asset, key }) => {
    const deployment = deploymentOf(rollout, asset)
    // One that was to be tried again, and was not, has only its earlier starts.
    if (deployment === undefined) return rollout.earlier?.[asset] !== undefined
    return key === null || deployment.key === key
  })
  const parts = portions(back.map(({ asset }) => asset))
  const all = parts.length === 0 ? [[]] : parts
  return accept(
    ...all.map(
      (assets, index): ProposalEvent => ({
        type: 'roll-back-ended',
        proposal: by,
        assets,
        ...(index < all.length - 1 ? { more: true } : {}),
      }),
    ),
  )
}
