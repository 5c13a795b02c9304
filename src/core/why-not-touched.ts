import { whyLeftOut } from './proposal/left-out.ts'
import type { ProposalState } from './proposal/proposal.ts'
import { leftOutOf } from './proposal/since.ts'

/** A clause: why no work of the proposal was begun on an asset. */
export function whyNotTouched(state: ProposalState, asset: string): string {
  const { rollout, subject, status } = state
  const skipped = rollout?.skipped[asset]
  if (skipped) return `${skipped.by.name} left it out: ${skipped.reason}`
  const out = leftOutOf(state, asset)
  if (out !== undefined) return `left out since the vote: it ${whyLeftOut(out)}`
  if (rollout === null) return `the rollout did not begin (${status})`
  const ring = subject.kind === 'patches' ? subject.rings.findIndex((item) => item.assets.includes(asset)) : -1
  const at = rollout.rings[ring]
  if (at === undefined) return 'no ring holds it'
  const notBegun = rollout.notBegun[asset]
  if (notBegun) return notBegun.reason
  if (state.stopped !== null) return `the rollout was stopped before its turn: ${state.stopped.reason}`
  return at.status === 'passed' || at.status === 'running' ? 'its turn did not come' : 'its ring did not begin'
}
