/**
 * Alertmanager on the wire, as far as silences go: API v2 (its api/v2/openapi.yaml), with the rules that version 0.25
 * has for changing a silence (silence.Silences.Set: another start or other matchers end it and begin a new one, an
 * expired one is never revived, a start in the past is now). Answers are compared with the real program in
 * test/integrations/silence/alertmanager.test.ts.
 */

import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { z } from 'zod'

const matcher = z.object({
  name: z.string().min(1),
  value: z.string(),
  isRegex: z.boolean(),
  isEqual: z.boolean().default(true),
})
const posted = z.object({
  id: z.string().optional(),
  matchers: z.array(matcher).min(1),
  startsAt: z.iso.datetime({ offset: true }),
  endsAt: z.iso.datetime({ offset: true }),
  createdBy: z.string(),
  comment: z.string(),
})
type Matcher = z.infer<typeof matcher>
interface Silence extends Omit<z.infer<typeof posted>, 'id'> {
  readonly id: string
  readonly updatedAt: string
}
type Labels = Readonly<Record<string, string>>
const postedAlerts = z.array(z.object({ labels: z.record(z.string(), z.string()) }))

export interface FakeAlertmanager {
  readonly url: string
  readonly silences: () => readonly Silence[]
  /** The header `authorization` of every request. */
  readonly authorizations: readonly (string | undefined)[]
  /** What the next requests are answered with instead; `null`: never anything. */
  readonly answerInstead: ({ readonly status: number; readonly body: string; readonly location?: string } | null)[]
  /** Drops what it knows of expired silences, as it does by itself after its retention. */
  forget(id: string): void
  close(): Promise<void>
}

/** @param authorization the header it wants; left out: none */
export async function startFakeAlertmanager(authorization?: string): Promise<FakeAlertmanager> {
  const silences = new Map<string, Silence>()
  const alerts: Labels[] = []
  const authorizations: (string | undefined)[] = []
  const answerInstead: FakeAlertmanager['answerInstead'] = []

  const stateOf = ({ startsAt, endsAt }: Silence) => {
    const now = Date.now()
    if (now < Date.parse(startsAt)) return 'pending'
    return now < Date.parse(endsAt) ? 'active' : 'expired'
  }
  const shown = (silence: Silence) => ({ ...silence, status: { state: stateOf(silence) } })

  function set(text: string): Answer {
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch {
      return { status: 400, body: { code: 400, message: 'parsing silence body from "" failed' } }
    }
    const read = posted.safeParse(value)
    if (!read.success) return { status: 422, body: { code: 602, message: `silence in body is required` } }
    const { id: asked, ...silence } = read.data
    const now = new Date()
    if (Date.parse(silence.startsAt) >= Date.parse(silence.endsAt)) {
      return { status: 400, body: 'Failed to create silence: start time must be before end time' }
    }
    if (Date.parse(silence.endsAt) < now.getTime()) {
      return { status: 400, body: "Failed to create silence: end time can't be in the past" }
    }
    if (silence.matchers.every((one) => matches(one, {}))) {
      return { status: 400, body: 'silence invalid: at least one matcher must not match the empty string' }
    }
    const before = asked === undefined || asked === '' ? undefined : silences.get(asked)
    if (asked !== undefined && asked !== '' && before === undefined) return { status: 404, body: 'silence not found' }
    if (before !== undefined && stateOf(before) === 'active' && changeable(before, silence)) {
      silences.set(before.id, { ...silence, id: before.id, updatedAt: now.toISOString() })
      return { status: 200, body: { silenceID: before.id } }
    }
    if (before !== undefined && stateOf(before) !== 'expired') {
      silences.set(before.id, { ...before, endsAt: now.toISOString(), updatedAt: now.toISOString() })
    }
    const id = randomUUID()
    const startsAt = Date.parse(silence.startsAt) < now.getTime() ? now.toISOString() : silence.startsAt
    silences.set(id, { ...silence, startsAt, id, updatedAt: now.toISOString() })
    return { status: 200, body: { silenceID: id } }
  }

  function expire(id: string): Answer {
    if (!/^[0-9a-f-]{36}$/.test(id)) {
      return { status: 422, body: { code: 601, message: `silenceID in path must be of type uuid: "${id}"` } }
    }
    const silence = silences.get(id)
    if (silence === undefined) return { status: 500, body: 'silence not found' }
    if (stateOf(silence) !== 'expired') silences.set(id, { ...silence, endsAt: new Date().toISOString() })
    return { status: 200, body: null }
  }

  function answer(method: string, path: string, body: string): Answer {
    const [, id] = /^\/api\/v2\/silence\/([^/]+)$/.exec(path) ?? []
    switch (`${method} ${id === undefined ? path : '/api/v2/silence/'}`) {
      case 'GET /api/v2/silences':
        return { status: 200, body: [...silences.values()].map(shown) }
      case 'POST /api/v2/silences':
        return set(body)
      case 'DELETE /api/v2/silence/':
        return expire(decodeURIComponent(id ?? ''))
      case 'POST /api/v2/alerts':
        alerts.push(...postedAlerts.parse(JSON.parse(body)).map(({ labels }) => labels))
        return { status: 200, body: null }
      case 'GET /api/v2/alerts':
        return {
          status: 200,
          body: alerts.map((labels) => {
            const silencedBy = [...silences.values()]
              .filter((one) => stateOf(one) === 'active' && one.matchers.every((item) => matches(item, labels)))
              .map((one) => one.id)
            return { labels, status: { state: silencedBy.length > 0 ? 'suppressed' : 'active', silencedBy } }
          }),
        }
      default:
        return { status: 404, body: { code: 404, message: `path ${path} was not found` } }
    }
  }

  const server = createServer(async (request, response) => {
    authorizations.push(request.headers.authorization)
    const body = await bodyOf(request)
    const instead = answerInstead.shift()
    if (instead === null) return
    if (instead !== undefined) {
      const { status, location } = instead
      response.writeHead(status, location === undefined ? {} : { location }).end(instead.body)
      return
    }
    if (authorization !== undefined && request.headers.authorization !== authorization) {
      response.writeHead(401).end('Unauthorized\n')
      return
    }
    const answered = answer(request.method ?? '', new URL(request.url ?? '', 'http://fake').pathname, body)
    response
      .writeHead(answered.status, { 'content-type': 'application/json' })
      .end(answered.body === null ? '' : JSON.stringify(answered.body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    silences: () => [...silences.values()],
    authorizations,
    answerInstead,
    forget: (id) => void silences.delete(id),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

interface Answer {
  readonly status: number
  readonly body: unknown
}

function changeable(before: Silence, after: Pick<Silence, 'matchers' | 'startsAt'>): boolean {
  const sameMatchers = JSON.stringify(sorted(before.matchers)) === JSON.stringify(sorted(after.matchers))
  return sameMatchers && Date.parse(before.startsAt) === Date.parse(after.startsAt)
}

function sorted(matchers: readonly Matcher[]): readonly string[] {
  return matchers.map((one) => `${one.name}${one.isEqual}${one.isRegex}${one.value}`).sort()
}

function matches({ name, value, isRegex, isEqual }: Matcher, labels: Labels): boolean {
  const own = labels[name] ?? ''
  const same = isRegex ? new RegExp(`^(?:${value})$`).test(own) : own === value
  return same === isEqual
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}
