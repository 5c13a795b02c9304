import { createGathering } from '../gather.ts'
import { connectionProblem } from '../ssh/connection-problem.ts'
import type { CarriedScript, RemoteAnswer, ScriptCarrier } from '../ssh/index.ts'
import { hostNameProblem, type PlaybookEnd, type PlaybookSettings, RUNS_AT_ONCE, runPlaybook } from './playbook.ts'
import type { HostReport, TaskResult } from './report.ts'

/** Time that Ansible needs to start and to connect. */
export const OVERHEAD_SECONDS = 60

/** The name of the task whose result is the host's answer. In a role, Ansible calls the task `role : patchwarden`. */
const TASK = /(^|: )patchwarden$/

/**
 * Runs scripts on hosts with a playbook. Scripts that are asked for at the same moment share one run. The playbook must
 * run `patchwarden_assets[inventory_hostname].script` in a task called `patchwarden`.
 */
export function createPlaybookCarrier(settings: PlaybookSettings): ScriptCarrier {
  const carry = createGathering<CarriedScript, RemoteAnswer>({
    together: (a, b) =>
      a.as === b.as &&
      a.purpose === b.purpose &&
      a.key === b.key &&
      a.signal === b.signal &&
      a.asset.name !== b.asset.name,
    ask: (scripts) => runTogether(settings, scripts),
    runsAtOnce: RUNS_AT_ONCE,
  })
  return {
    how: 'with Ansible',
    run(carried) {
      const problem = hostNameProblem(carried.asset.name)
      if (problem === null) return carry(carried)
      return Promise.resolve({ kind: 'failed', reason: problem, begun: 'no', stdout: '' })
    },
  }
}

/** Runs scripts of one batch and one purpose, at most one for each host. */
async function runTogether(
  settings: PlaybookSettings,
  scripts: readonly CarriedScript[],
): Promise<readonly RemoteAnswer[]> {
  const [first] = scripts
  if (first === undefined) return []
  const { as, purpose, key, signal } = first
  signal.throwIfAborted()
  const rounds = Math.ceil(scripts.length / settings.forks)
  const slowest = Math.max(...scripts.map(({ timeoutSeconds }) => timeoutSeconds))
  const ended = await runPlaybook(settings, {
    hosts: scripts.map(({ asset }) => asset.name),
    variables: {
      patchwarden_mode: purpose,
      patchwarden_key: key,
      patchwarden_become: as === 'root',
      patchwarden_assets: Object.fromEntries(scripts.map((script) => [script.asset.name, variablesOf(script)])),
    },
    timeoutSeconds: rounds * slowest + OVERHEAD_SECONDS,
    signal,
  })
  return scripts.map(({ asset }) => answerOf(ended, asset.name, settings))
}

/** The script is in base64; otherwise Ansible would evaluate braces in it. */
function variablesOf({ script, timeoutSeconds }: CarriedScript) {
  return { script: Buffer.from(script).toString('base64'), timeout: timeoutSeconds }
}

function answerOf(ended: PlaybookEnd, name: string, { inventory, playbook }: PlaybookSettings): RemoteAnswer {
  if (ended.kind === 'failed') return { ...ended, stdout: '' }
  const host = ended.report.get(name)
  if (host === undefined) {
    const reason = `The playbook ${playbook} did not work on ${name}: is it a host of the inventory ${inventory}, and of the play?`
    return { kind: 'failed', reason, begun: 'no', stdout: '' }
  }
  const own = host.tasks.filter(({ task, outcome }) => TASK.test(task) && outcome !== 'skipped').at(-1)
  return own === undefined ? neverRan(host, name, playbook) : answerOfTask(own, name)
}

function answerOfTask(task: TaskResult, name: string): RemoteAnswer {
  const { outcome, message, stdout, stderr, status } = task
  if (outcome === 'unreachable') return { kind: 'failed', ...connectionProblem(name, message), stdout: '' }
  // sudo failed. The answer is the same as from a login over SSH without Ansible.
  if (
    /Missing sudo password|Incorrect sudo password|sudo: a password is required/.test(
      `${message}\n${stderr}\n${stdout}`,
    )
  ) {
    return { kind: 'ran', status: 1, stdout: '', stderr: 'sudo: a password is required' }
  }
  if (outcome === 'failed' && status === null) {
    return { kind: 'failed', reason: `Ansible failed on ${name}: ${sentence(message)}.`, begun: 'maybe', stdout }
  }
  return { kind: 'ran', status: status ?? 0, stdout, stderr }
}

/** The answer when the task `patchwarden` did not run: an earlier task failed, or the playbook has no such task. */
function neverRan({ tasks }: HostReport, name: string, playbook: string): RemoteAnswer {
  const wrong = tasks.find(({ outcome }) => outcome === 'unreachable' || outcome === 'failed')
  if (wrong?.outcome === 'unreachable') {
    return { kind: 'failed', reason: connectionProblem(name, wrong.message).reason, begun: 'no', stdout: '' }
  }
  const reason =
    wrong === undefined
      ? `The playbook ${playbook} has no task "patchwarden" that ran on ${name}: see examples/ansible/patchwarden-apt.yml.`
      : `The task "${wrong.task}" failed on ${name}: ${sentence(wrong.message)}.`
  return { kind: 'failed', reason, begun: 'no', stdout: '' }
}

function sentence(message: string): string {
  const [first = ''] = message.split('\n')
  return first.slice(0, 300).replace(/\.$/, '') || 'it does not say why'
}
