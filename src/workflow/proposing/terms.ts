/** Asks engines what they promise for the assets of a draft, before people vote on it. */

import { errorText } from '../../core/error-text.ts'
import type { DeployEngine, RebootRule } from '../../core/ports.ts'
import type { PatchSubject, PlannedAsset } from '../../core/proposal/proposal.ts'
import { earlyHookProblem, rebootProblem, type Terms } from '../../core/terms.ts'
import { brokenGroups } from '../../core/whole-groups.ts'
import type { WorkflowParts } from '../ports.ts'

/**
 * The subject with the terms of each asset whose engine has terms. An asset that the engine cannot serve as the policy,
 * the team and the rings ask is not started; its problem says why.
 */
export async function withTerms(
  { engines }: Pick<WorkflowParts, 'engines'>,
  subject: PatchSubject,
  reboot: RebootRule,
  signal: AbortSignal,
): Promise<PatchSubject> {
  const promised = new Map<PlannedAsset, Terms | string>()
  for (const [engine, assets] of served(engines, subject)) {
    const answers = await answersOf(engine, assets, signal)
    for (const [index, planned] of assets.entries()) promised.set(planned, answers[index] ?? NO_TERMS)
  }
  if (promised.size === 0) return subject
  const assets = subject.assets.map((planned) => promisedTo(planned, promised.get(planned)))
  const broken = brokenGroups({ ...subject, assets })
  return {
    ...subject,
    assets: assets.map((planned) => {
      const problem = broken.get(planned.asset.id)
      return problem === undefined ? planned : { ...planned, transaction: [], previewProblem: problem }
    }),
  }

  function promisedTo(planned: PlannedAsset, terms: Terms | string | undefined): PlannedAsset {
    if (terms === undefined) return planned
    if (typeof terms === 'string')
      return { ...planned, transaction: [], previewProblem: planned.previewProblem ?? terms }
    const problem = rebootProblem(terms, reboot) ?? earlyHookProblem(terms, subject.hooks ?? [])
    if (problem === null || planned.previewProblem !== null) return { ...planned, terms }
    return { ...planned, terms, transaction: [], previewProblem: problem }
  }
}

const NO_TERMS = 'its engine does not say what it promises for it'

/** The assets whose engines have terms, by engine. */
function served(
  engines: WorkflowParts['engines'],
  { assets }: PatchSubject,
): ReadonlyMap<DeployEngine, readonly PlannedAsset[]> {
  const found = new Map<DeployEngine, PlannedAsset[]>()
  for (const planned of assets) {
    const engine = engines.get(planned.asset.engine ?? '')
    if (engine?.terms === undefined) continue
    const list = found.get(engine) ?? []
    found.set(engine, list)
    list.push(planned)
  }
  return found
}

async function answersOf(
  engine: DeployEngine,
  assets: readonly PlannedAsset[],
  signal: AbortSignal,
): Promise<readonly (Terms | string)[]> {
  try {
    const plans = assets.map(({ asset, changes }) => ({ asset, changes }))
    return (await engine.terms?.(plans, signal)) ?? []
  } catch (error) {
    signal.throwIfAborted()
    return assets.map(() => errorText(error))
  }
}
