import pLimit from 'p-limit'
import { connectionProblem } from '../ssh/connection-problem.ts'
import type { CarriedScript, RemoteAnswer, ScriptCarrier } from '../ssh/index.ts'
import { hostNameProblem, type PlaybookEnd, type PlaybookSettings, runPlaybook } from './playbook.ts'
import type { HostReport, TaskResult } from './report.ts'

/** Scripts that come within this time run in one playbook. */
const GATHER_MS = 25
const PLAYBOOKS_AT_ONCE = 2
/** For Ansible itself to start, and to connect. */
const OVERHEAD_SECONDS = 60

/** The task whose result is the answer of a host. In a role it is called `role : patchwarden`. */
const TASK = /(^|: )patchwarden$/

interface Waiting {
  readonly carried: CarriedScript
  readonly answer: (answer: RemoteAnswer) => void
  readonly fail: (error: unknown) => void
}

/**
 * Has scripts run on hosts by a playbook: each run takes along all that is asked for at the same moment. The playbook
 * runs `patchwarden_assets[inventory_hostname].script` in a task called `patchwarden`.
 */
export function createPlaybookCarrier(settings: PlaybookSettings): ScriptCarrier {
  const limit = pLimit(PLAYBOOKS_AT_ONCE)
  let waiting: Waiting[] = []

  function flush(): void {
    const groups = grouped(waiting)
    waiting = []
    for (const group of groups) void limit(() => runTogether(group))
  }

  async function runTogether(group: readonly Waiting[]): Promise<void> {
    const [first] = group
    if (first === undefined) return
    const { as, purpose, key, signal } = first.carried
    try {
      signal.throwIfAborted()
      const rounds = Math.ceil(group.length / settings.forks)
      const slowest = Math.max(...group.map(({ carried }) => carried.timeoutSeconds))
      const ended = await runPlaybook(settings, {
        hosts: group.map(({ carried }) => carried.asset.name),
        variables: {
          patchwarden_mode: purpose,
          patchwarden_key: key,
          patchwarden_become: as === 'root',
          patchwarden_assets: Object.fromEntries(
            group.map(({ carried }) => [carried.asset.name, variablesOf(carried)]),
          ),
        },
        timeoutSeconds: rounds * slowest + OVERHEAD_SECONDS,
        signal,
      })
      for (const { carried, answer } of group) answer(answerOf(ended, carried.asset.name, settings))
    } catch (error) {
      for (const { fail } of group) fail(error)
    }
  }

  return {
    how: 'with Ansible',
    run(carried) {
      const { name } = carried.asset
      const problem = hostNameProblem(name)
      if (problem !== null) return Promise.resolve({ kind: 'failed', reason: problem, begun: 'no', stdout: '' })
      return new Promise((answer, fail) => {
        if (waiting.length === 0) setTimeout(flush, GATHER_MS)
        waiting.push({ carried, answer, fail })
      })
    },
  }
}

/** In base64, since Ansible would read braces in text as its own. */
function variablesOf({ script, timeoutSeconds }: CarriedScript) {
  return { script: Buffer.from(script).toString('base64'), timeout: timeoutSeconds }
}

/** Those that can share a run: one purpose, one batch, each host once. */
function grouped(waiting: readonly Waiting[]): readonly (readonly Waiting[])[] {
  const groups: Waiting[][] = []
  for (const one of waiting) {
    const { as, purpose, key, signal, asset } = one.carried
    const home = groups.find((group) =>
      group.every(
        ({ carried }) =>
          carried.as === as &&
          carried.purpose === purpose &&
          carried.key === key &&
          carried.signal === signal &&
          carried.asset.name !== asset.name,
      ),
    )
    if (home) home.push(one)
    else groups.push([one])
  }
  return groups
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
  // The connection as root; what it says is the same as that of a login without Ansible.
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

/** Another task came first and went wrong, or there is no such task. */
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
