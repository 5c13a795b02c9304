import type { DeploymentOutcome } from './ports.ts'

/** The outcome of an asset that was deliberately not touched. `reason`: one sentence; `log`: the lines that matter. */
export function heldBack(reason: string, log = ''): Extract<DeploymentOutcome, { readonly state: 'held back' }> {
  return { state: 'held back', reason, log }
}
