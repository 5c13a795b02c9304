import type { DeploymentOutcome } from './ports.ts'

/** Nothing was touched, on purpose. `reason`: one sentence; `log`: the lines that matter. */
export function heldBack(reason: string, log = ''): Extract<DeploymentOutcome, { readonly state: 'held back' }> {
  return { state: 'held back', reason, log }
}
