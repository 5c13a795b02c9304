/** What can be promised for machines that Security Controls manages. People vote on it. */

import type { FrozenAsset } from '../../core/asset.ts'
import { type Change, changeLine } from '../../core/change.ts'
import type { RebootRule } from '../../core/ports.ts'
import type { Terms } from '../../core/terms.ts'
import { type Context, lastingProblem } from './context.ts'
import type { AgentPolicies } from './known.ts'
import { templateProblem, underWay } from './plan.ts'
import type { DeployTemplate } from './schema.ts'

export type OwnTerms = Pick<Terms, 'leadSeconds' | 'reportsWithinSeconds'>

interface Plan {
  readonly asset: FrozenAsset
  readonly changes: readonly Change[]
}

const rules: readonly RebootRule[] = ['never', 'if required']

/** The rules whose template keeps them, as the console says now. */
export function keptRules(context: Context, templates: readonly DeployTemplate[]): readonly RebootRule[] {
  return rules.filter((rule) => templateProblem(context, templates, rule) === null)
}

export async function termsFor(
  context: Context,
  own: OwnTerms,
  plans: readonly Plan[],
  signal: AbortSignal,
): Promise<readonly (Terms | string)[]> {
  const problem = lastingProblem(context)
  if (problem !== null) throw new Error(problem)
  const { known } = context
  const templates = await known.deployTemplates(signal)
  const reboots = keptRules(context, templates)
  if (reboots.length === 0) return plans.map(() => noTemplate(context, templates))
  const view = { machines: await known.machines(signal), deployments: await known.deployments(signal, 'fresh') }
  const policies = await known.policies(signal)
  return plans.map(({ asset, changes }) => ({
    ...own,
    grain: 'group',
    // What has not begun is cut off with its operation, unless its files were sent already.
    windowEnd: 'taken back',
    stopReaches: 'not fetched',
    reboots,
    decidedThere: decidedThere(context, reboots),
    notUndone: changes.map((change) => ({
      change: changeLine(change),
      why: 'Security Controls uninstalls nothing over its API',
    })),
    licences: [],
    alsoInstalls: [
      ...underWay(view, asset.name).map(
        ({ kb }) => `${kb}, which another deployment in Security Controls installs now`,
      ),
      ...byAgent(policies, asset.name),
    ],
  }))
}

function noTemplate(context: Context, templates: readonly DeployTemplate[]): string {
  const problems = rules.flatMap((rule) =>
    context.templates[rule] === undefined ? [] : templateProblem(context, templates, rule),
  )
  return problems[0] ?? 'No deployment template of Security Controls is named: write "templates" for the engine'
}

function decidedThere({ templates }: Context, reboots: readonly RebootRule[]): readonly string[] {
  const named = reboots.map(
    (rule) => `"${templates[rule]}" (${rule === 'never' ? 'it restarts nothing' : 'it restarts servers that need it'})`,
  )
  return [
    `It has no schedule of its own: its servers are scanned before the window, and the deployment begins when the window opens. How it installs and restarts is decided by the deployment template ${named.join(' or ')}.`,
    'Afterwards a fresh scan with the same patches looks at each server.',
  ]
}

function byAgent({ byAsset, problem }: AgentPolicies, name: string): readonly string[] {
  if (problem !== null) return [problem]
  const policy = byAsset.get(name)
  if (policy === undefined || policy.tasks?.length === 0) return []
  const what = `the agent policy "${policy.name}" of Security Controls`
  if (policy.tasks === null) return [`what ${what} installs, which the console does not tell`]
  return [`what the tasks ${policy.tasks.map((task) => `"${task}"`).join(', ')} of ${what} install by themselves`]
}
