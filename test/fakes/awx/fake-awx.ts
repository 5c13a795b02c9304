/**
 * The REST API v2 of AWX in miniature, on the wire: job templates, launches, jobs with their host summaries and events.
 * Written from AWX's API documentation. Its traps are in here on purpose: a field whose prompt is off goes to
 * ignored_fields with status 201, and an ignored or empty limit runs on every host; a path without its last slash
 * redirects; summaries and events come after the job has ended; `next` is a path.
 * Not there: surveys, schedules, instance groups, projects, permissions beyond one token.
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

export interface FakeEvent {
  readonly event: 'runner_on_ok' | 'runner_on_failed' | 'runner_on_unreachable'
  readonly host_name: string
  readonly task: string
  readonly res: Readonly<Record<string, unknown>>
}

export interface Played {
  readonly extraVars: Readonly<Record<string, unknown>>
  readonly hosts: readonly string[]
  readonly check: boolean
  /** Aborted when the job is cancelled. */
  readonly signal: AbortSignal
}

export interface FakeAwxOptions {
  readonly token: string
  /** What ansible-playbook does: the events of its tasks, in their order. */
  readonly play: (played: Played) => Promise<readonly FakeEvent[]>
  readonly hosts: readonly string[]
  /** Milliseconds that a job waits in the queue. */
  readonly queueMs?: number
  /** Milliseconds between the end of a job and the last of its events in the database. */
  readonly lagMs?: number
  /** Rows in a page, whatever is asked for. */
  readonly page?: number
}

interface Job {
  readonly id: number
  readonly created: number
  readonly limit: string
  readonly jobType: string
  readonly extraVars: string
  readonly stop: AbortController
  status: string
  endedAt: number | null
  events: readonly FakeEvent[]
  explanation: string
}

type Row = Readonly<Record<string, unknown>>

export type FakeAwx = Awaited<ReturnType<typeof createFakeAwx>>

const TEMPLATE = 7
const INVENTORY = 2

export async function createFakeAwx(options: FakeAwxOptions) {
  const { token, play, queueMs = 5, lagMs = 10, page = 200 } = options
  const prompts = { limit: true, variables: true, job_type: true, inventory: false }
  const hosts = new Map(options.hosts.map((name) => [name, { enabled: true }]))
  const groups = new Set<string>(['debian'])
  const jobs: Job[] = []
  const calls: { readonly method: string; readonly path: string; readonly body: Row }[] = []
  /** Answers to give instead, once each. */
  const faults: { readonly path: RegExp; readonly status: number; readonly retryAfter?: string }[] = []
  const state = { broken: '' }

  const server = createServer((request, response) => {
    void handle(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The fake has no port.')

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part)
    const text = Buffer.concat(parts).toString('utf8')
    const url = new URL(request.url ?? '/', 'http://awx.example')
    const method = request.method ?? 'GET'
    function answer(status: number, body: unknown, headers: Record<string, string> = {}): void {
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
    }
    if (!url.pathname.endsWith('/')) return answer(301, '', { location: `${url.pathname}/` })
    if (request.headers.authorization !== `Bearer ${token}`)
      return answer(401, { detail: 'Authentication credentials were not provided.' })
    const body: Row = text === '' ? {} : JSON.parse(text)
    calls.push({ method, path: url.pathname, body })
    const at = faults.findIndex((one) => one.path.test(`${method} ${url.pathname}`))
    const [fault] = at === -1 ? [] : faults.splice(at, 1)
    if (fault) return answer(fault.status, { detail: 'x' }, fault.retryAfter ? { 'retry-after': fault.retryAfter } : {})
    const [status, reply] = perform(method, url, body)
    answer(status, reply)
  }

  function perform(method: string, url: URL, body: Row): readonly [number, unknown] {
    const path = url.pathname.replace(/^\/api\/v2\//, '')
    const query = url.searchParams
    const missing = [404, { detail: 'Not found.' }] as const
    if (method === 'GET' && path === 'job_templates/') {
      const known =
        query.get('name') === 'Patchwarden' ? [{ id: TEMPLATE, name: 'Patchwarden', inventory: INVENTORY }] : []
      return [200, paged(known, url)]
    }
    if (method === 'GET' && path === 'inventories/')
      return [200, paged(query.get('name') === 'Servers' ? [{ id: INVENTORY, name: 'Servers' }] : [], url)]
    if (path === `job_templates/${TEMPLATE}/launch/`) return method === 'GET' ? [200, launchInfo()] : launch(body)
    const names = query.get('name__in')?.split(',') ?? []
    if (path === `inventories/${INVENTORY}/hosts/`) {
      const known = names.flatMap((name) =>
        hosts.has(name) ? [{ id: 1, name, enabled: hosts.get(name)?.enabled }] : [],
      )
      return [200, paged(known, url)]
    }
    if (path === `inventories/${INVENTORY}/groups/`)
      return [
        200,
        paged(
          names.filter((name) => groups.has(name)).map((name) => ({ id: 1, name })),
          url,
        ),
      ]
    if (path === 'jobs/') {
      const after = Date.parse(query.get('created__gt') ?? '1970-01-01T00:00:00Z')
      const found = jobs.filter((job) => job.created > after && query.get('job_template') === String(TEMPLATE))
      if (query.get('order_by') === '-id') found.reverse()
      return [200, paged(found.map(shown), url)]
    }
    const [, id, what] = /^jobs\/(\d+)\/(?:(\w+)\/)?$/.exec(path) ?? []
    const job = jobs.find((one) => String(one.id) === id)
    if (job === undefined) return missing
    const written = job.endedAt !== null && Date.now() - job.endedAt >= lagMs
    switch (what) {
      case undefined:
        return [200, shown(job)]
      case 'cancel':
        return cancel(job)
      case 'job_host_summaries':
        return [200, paged(written ? summaries(job) : [], url)]
      case 'job_events':
        return [200, paged(written ? events(job, query.get('event__in')?.split(',') ?? []) : [], url)]
    }
    return missing
  }

  function launchInfo(): Row {
    return {
      can_start_without_user_input: false,
      ask_limit_on_launch: prompts.limit,
      ask_variables_on_launch: prompts.variables,
      ask_job_type_on_launch: prompts.job_type,
      ask_inventory_on_launch: prompts.inventory,
      variables_needed_to_start: [],
      passwords_needed_to_start: [],
      survey_enabled: false,
    }
  }

  function launch(body: Row): readonly [number, unknown] {
    const taken: Record<string, unknown> = {}
    const ignored_fields: Record<string, unknown> = {}
    for (const [field, value] of Object.entries(body)) {
      const prompt = field === 'extra_vars' ? 'variables' : field
      const on = new Map<string, boolean>(Object.entries(prompts)).get(prompt) ?? false
      if (on) taken[field] = value
      else ignored_fields[field] = value
    }
    const job: Job = {
      id: 4711 + jobs.length,
      created: Date.now(),
      limit: String(taken.limit ?? ''),
      jobType: String(taken.job_type ?? 'run'),
      extraVars: JSON.stringify(taken.extra_vars ?? {}),
      stop: new AbortController(),
      status: 'pending',
      endedAt: null,
      events: [],
      explanation: '',
    }
    jobs.push(job)
    void runJob(job)
    return [201, { ...shown(job), job: job.id, ignored_fields }]
  }

  async function runJob(job: Job): Promise<void> {
    await pause(queueMs)
    if (job.status !== 'pending') return
    job.status = 'running'
    if (state.broken !== '') {
      job.explanation = state.broken
      return end(job, 'error')
    }
    const limited = job.limit.split(',')
    const chosen = [...hosts.keys()].filter((name) => job.limit === '' || limited.includes(name))
    const played = { hosts: chosen, extraVars: JSON.parse(job.extraVars), check: job.jobType === 'check' }
    let events: readonly FakeEvent[]
    try {
      events = await play({ ...played, signal: job.stop.signal })
    } catch (error) {
      job.explanation = String(error)
      return end(job, 'error')
    }
    if (job.status !== 'running') return
    job.events = events
    end(job, events.some((one) => one.event !== 'runner_on_ok') ? 'failed' : 'successful')
  }

  function end(job: Job, status: string): void {
    job.status = status
    job.endedAt = Date.now()
  }

  function cancel(job: Job): readonly [number, unknown] {
    if (job.endedAt !== null) return [405, { detail: 'Method not allowed.' }]
    end(job, 'canceled')
    job.stop.abort()
    return [202, {}]
  }

  function shown(job: Job): Row {
    return {
      id: job.id,
      type: 'job',
      url: `/api/v2/jobs/${job.id}/`,
      status: job.status,
      limit: job.limit,
      job_type: job.jobType,
      extra_vars: job.extraVars,
      job_explanation: job.explanation,
      event_processing_finished: job.endedAt !== null && Date.now() - job.endedAt >= lagMs,
    }
  }

  function summaries(job: Job): readonly Row[] {
    return [...new Set(job.events.map((one) => one.host_name))].map((host_name) => {
      const own = job.events.filter((one) => one.host_name === host_name)
      const count = (event: string) => own.filter((one) => one.event === event).length
      const [ok, failures, dark] = [count('runner_on_ok'), count('runner_on_failed'), count('runner_on_unreachable')]
      return { host_name, ok, failures, dark, failed: failures + dark > 0 }
    })
  }

  function events(job: Job, kinds: readonly string[]): readonly Row[] {
    return job.events
      .filter((one) => kinds.includes(one.event))
      .map(({ event, host_name, task, res }, index) => ({
        counter: index + 1,
        ...{ event, host_name, task, stdout: '', event_data: { task, host: host_name, res } },
      }))
  }

  function paged(rows: readonly Row[], url: URL): Row {
    const number = Number(url.searchParams.get('page') ?? '1')
    const size = Math.min(page, 200, Number(url.searchParams.get('page_size') ?? '25'))
    const more = number * size < rows.length
    const next = new URL(url)
    next.searchParams.set('page', String(number + 1))
    const results = rows.slice((number - 1) * size, number * size)
    return { count: rows.length, next: more ? `${next.pathname}${next.search}` : null, previous: null, results }
  }

  return {
    url: `http://127.0.0.1:${address.port}`,
    prompts,
    hosts,
    groups,
    jobs,
    calls,
    faults,
    state,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
