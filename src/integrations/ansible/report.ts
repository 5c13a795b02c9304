import { z } from 'zod'
import { errorText } from '../../core/error-text.ts'
import { schemaProblem } from '../feeds/schema-problem.ts'
import { parseJson } from '../json-text.ts'

/** The result of one task on one host. */
export interface TaskResult {
  readonly task: string
  readonly outcome: 'ok' | 'skipped' | 'failed' | 'unreachable'
  readonly changed: boolean
  /** The message of Ansible about the task; empty when all went well. */
  readonly message: string
  readonly stdout: string
  readonly stderr: string
  readonly status: number | null
  /** The module reports that the host rebooted. */
  readonly rebooted: boolean
}

/** The results of a playbook on one host, in order. */
export interface HostReport {
  readonly tasks: readonly TaskResult[]
  /** The counts of the recap. Failures that were ignored or rescued are not counted. */
  readonly recap: { readonly failures: number; readonly unreachable: number; readonly changed: number }
}

export type PlaybookReport = ReadonlyMap<string, HostReport>

const flag = z.boolean().catch(false)
const line = z.string().catch('')
const count = z.number().int().min(0).catch(0)

const schema = z.object({
  plays: z.array(
    z.object({
      tasks: z.array(
        z.object({
          task: z.object({ name: line }),
          hosts: z.record(
            z.string(),
            z.object({
              unreachable: flag,
              failed: flag,
              skipped: flag,
              changed: flag,
              msg: z.unknown().optional(),
              stdout: line,
              stderr: line,
              module_stdout: line,
              module_stderr: line,
              rebooted: flag,
              rc: z.number().int().nullable().catch(null),
            }),
          ),
        }),
      ),
    }),
  ),
  stats: z.record(z.string(), z.object({ failures: count, unreachable: count, changed: count })),
})

type Result = z.infer<typeof schema>['plays'][number]['tasks'][number]['hosts'][string]

/**
 * Reads the output of the callback ansible.posix.json: one JSON document at the end, perhaps after other lines. Returns
 * `null` when there is no document, so no play began. Throws a sentence when the document cannot be read.
 */
export function parseReport(stdout: string): PlaybookReport | null {
  const start = /^\{\r?$/m.exec(stdout)
  if (start === null) return null
  const value = parseJson(stdout.slice(start.index), 'What ansible-playbook reports')
  const read = schema.safeParse(value)
  if (!read.success) throw new Error(`What ansible-playbook reports is not understood: ${schemaProblem(read.error)}`)
  const hosts = new Map<string, { tasks: TaskResult[]; recap: HostReport['recap'] }>()
  for (const [host, recap] of Object.entries(read.data.stats)) hosts.set(host, { tasks: [], recap })
  for (const { task, hosts: results } of read.data.plays.flatMap((play) => play.tasks)) {
    for (const [host, result] of Object.entries(results)) hosts.get(host)?.tasks.push(taskResult(task.name, result))
  }
  return hosts
}

function taskResult(task: string, result: Result): TaskResult {
  const { changed, stdout, stderr, module_stdout, module_stderr, rebooted, rc } = result
  const outcome = result.unreachable ? 'unreachable' : result.failed ? 'failed' : result.skipped ? 'skipped' : 'ok'
  const said = typeof result.msg === 'string' ? result.msg : result.msg === undefined ? '' : JSON.stringify(result.msg)
  return {
    task,
    outcome,
    changed,
    message: said.trim(),
    stdout: stdout || module_stdout,
    stderr: stderr || module_stderr,
    status: rc,
    rebooted,
  }
}

/** Like `parseReport`, but returns a problem as a sentence instead of throwing it. */
export function readReport(stdout: string): PlaybookReport | string | null {
  try {
    return parseReport(stdout)
  } catch (error) {
    return errorText(error)
  }
}
