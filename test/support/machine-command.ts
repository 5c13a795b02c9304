import type { ProposalCommand } from '../../src/core/proposal/command.ts'
import { nextStep } from '../../src/core/proposal/next-step.ts'
import type { EndState, ProposalState } from '../../src/core/proposal/proposal.ts'
import { liveRun, unfinished } from '../../src/core/rollout/run.ts'

/** What the driver would do now; `null`: nothing. Assets succeed, and end so. */
export function machineCommand(state: ProposalState, now: string, end: EndState): ProposalCommand | null {
  const step = nextStep(state, now)
  switch (step.do) {
    case 'start':
      return { type: 'start' }
    case 'start batch':
      return { type: 'start-batch' }
    case 'start test':
      return { type: 'start-test' }
    case 'deploy': {
      const asset = unfinished(state)[0] ?? ''
      const outcome = { state: 'succeeded', changed: [], rebooted: false, log: '' } as const
      if (liveRun(state)?.deployments[asset]?.outcome === null)
        return { type: 'record-outcomes', outcomes: [{ asset, outcome }] }
      const verification = { end, reason: 'r', packages: [], health: [], at: now }
      return { type: 'record-verifications', verifications: [{ asset, verification }] }
    }
    case 'look again': {
      const verification = { end, reason: 'r', packages: [], health: [], at: now }
      return { type: 'record-verifications', verifications: [{ asset: step.assets[0] ?? '', verification }] }
    }
    case 'end soak':
      return { type: 'end-soak' }
    case 'complete':
      return { type: 'complete' }
    case 'remind':
      return { type: 'remind' }
    case 'ask':
      return { type: 'ask-acknowledgement' }
    case 'reschedule':
      return { type: 'reschedule' }
    case 'expire':
      return { type: 'expire' }
    case 'end notice':
      return { type: 'end-notice' }
    default:
      return null
  }
}
