import type { PatchSubject, ProposalState } from './proposal/proposal.ts'
import { unfinished } from './proposal/run.ts'

/**
 * A draft of a proposal whose test ring has run, with the tested assets put back: they miss nothing any more because
 * they were tested. Where all else is the same, so is the plan, and the test holds; any other change is a change of what
 * is decided. `null`: the test is at work, and nothing is to be changed meanwhile.
 */
export function withTested(draft: PatchSubject, existing: ProposalState): PatchSubject | null {
  const { subject, test } = existing
  if (test === null || subject.kind !== 'patches') return draft
  if (unfinished(existing).length > 0) return null
  const here = new Map(draft.assets.map((planned) => [planned.asset.id, planned]))
  const back = subject.assets.filter(({ asset }) => test.deployments[asset.id] !== undefined && !here.has(asset.id))
  const all = subject.assets.flatMap((planned) => here.get(planned.asset.id) ?? (back.includes(planned) ? planned : []))
  if (back.length === 0 || all.length !== subject.assets.length || here.size !== all.length - back.length) return draft
  const { rings, clusters, failureBudget } = subject
  const patches = new Map([...subject.patches, ...draft.patches].map((patch) => [patch.id, patch]))
  const needed = new Set(all.flatMap((planned) => planned.patches))
  return {
    ...draft,
    assets: all,
    patches: [...patches.values()].filter((patch) => needed.has(patch.id)),
    rings,
    ...(clusters === undefined ? {} : { clusters }),
    ...(failureBudget === undefined ? {} : { failureBudget }),
  }
}
