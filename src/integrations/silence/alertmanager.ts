import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Asset } from '../../core/asset.ts'
import type { MonitoringSilence, SilenceLease } from '../../core/ports.ts'
import { schemaProblem } from '../feeds/schema-problem.ts'
import type { Access } from '../http/access.ts'
import { request } from '../http/request.ts'
import { inputLimits } from '../input-limits.ts'
import { parseJson } from '../json-text.ts'
import { forEachAsset } from './for-each-asset.ts'
import { fillMatcher, type Matcher, type MatcherTemplate } from './matcher.ts'

export interface AlertmanagerOptions {
  readonly name: string
  /** Address of the server, without `/api/v2`. */
  readonly url: string
  /** Matchers that together choose the alerts of one asset. */
  readonly matchers: readonly MatcherTemplate[]
  /** `null`: the server needs no login. */
  readonly access: AlertmanagerAccess | null
}

export type AlertmanagerAccess = Exclude<Access, { readonly kind: 'open' }>

const foundSilence = z.object({
  id: z.string(),
  createdBy: z.string(),
  comment: z.string(),
  startsAt: z.string(),
  status: z.object({ state: z.enum(['active', 'pending', 'expired']) }),
})
type FoundSilence = z.infer<typeof foundSilence>

const CREATED_BY = 'patchwarden'
/** Alertmanager moves this start up to the present by its own clock. */
const NOW = '1970-01-01T00:00:00.000Z'

/**
 * Makes one silence for each asset (Alertmanager API v2, api/v2/openapi.yaml). The comment of a silence contains key
 * and asset, so that it is found again after a restart. For an expired silence a new one is made.
 */
export function createAlertmanagerSilence(options: AlertmanagerOptions): MonitoringSilence {
  return {
    name: options.name,
    describe: `Alertmanager at ${options.url}`,
    async hold(lease, signal) {
      const own = await findOwn(options, lease.key, signal)
      await forEachAsset(lease.assets, signal, (asset) => hold(options, lease, asset, own, signal))
    },
    async release({ key, assets }, signal) {
      const own = await findOwn(options, key, signal)
      await forEachAsset(assets, signal, async (asset) => {
        for (const { id } of own.get(markOf(key, asset)) ?? []) await remove(options, id, signal)
      })
    },
  }
}

type OwnSilences = ReadonlyMap<string, readonly FoundSilence[]>

interface Call {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** Path after `/api/v2`. */
  readonly path: string
  readonly json?: unknown
}

interface Answer {
  readonly status: number
  readonly text: string
}

async function call({ url, access }: AlertmanagerOptions, called: Call, signal: AbortSignal): Promise<Answer> {
  const { silenceSeconds: timeoutSeconds, silenceAnswerBytes: maxBytes } = inputLimits
  const { path, ...rest } = called
  const answer = await request(
    {
      ...rest,
      url: `${url.replace(/\/+$/, '')}/api/v2${path}`,
      // A redirect is not followed. It could send the secret to another place, or turn a POST into a GET.
      redirect: 'manual',
      headers: { accept: 'application/json', 'user-agent': 'patchwarden' },
      access: access ?? { kind: 'open' },
      timeoutSeconds,
      maxBytes,
    },
    signal,
  )
  if (answer.kind === 'none') {
    const why = answer.timedOut ? `no answer within ${timeoutSeconds} s` : answer.problem
    throw new Error(`Alertmanager at ${url} does not answer: ${why}.`)
  }
  if (answer.body === null) throw new Error(`Alertmanager at ${url} answers more than can be read.`)
  return { status: answer.response.status, text: answer.body.toString('utf8') }
}

/** Proxies and relatives of Alertmanager answer 201, 202 or 204 where it answers 200. */
function isSuccess({ status }: Answer): boolean {
  return status >= 200 && status < 300
}

function refusal({ url }: AlertmanagerOptions, { status, text }: Answer): Error {
  if (status === 401 || status === 403) {
    const mend = 'set ALERTMANAGER_TOKEN, or ALERTMANAGER_USER and ALERTMANAGER_PASSWORD'
    return new Error(`Alertmanager at ${url} does not let Patchwarden in (${status}): ${mend}.`)
  }
  if (status >= 300 && status < 400) {
    return new Error(`Alertmanager at ${url} sends elsewhere (${status}): write the address it sends to.`)
  }
  if (status === 404) return new Error(`There is no Alertmanager with API v2 at ${url} (404): check the address.`)
  return new Error(`Alertmanager at ${url} answers ${status}: ${saidIn(text)}.`)
}

/** Returns the silences of this key that have not expired, by mark. */
async function findOwn(options: AlertmanagerOptions, key: string, signal: AbortSignal): Promise<OwnSilences> {
  // The filter of the API knows only matchers. So all silences are read.
  const answer = await call(options, { method: 'GET', path: '/silences' }, signal)
  if (!isSuccess(answer)) throw refusal(options, answer)
  const listed = z.array(z.unknown()).safeParse(parseJson(answer.text, `The answer of ${options.url}`))
  if (!listed.success) {
    throw new Error(
      `Alertmanager at ${options.url} does not answer with a list of silences: ${schemaProblem(listed.error)}.`,
    )
  }
  const own = new Map<string, FoundSilence[]>()
  for (const entry of listed.data) {
    const read = foundSilence.safeParse(entry)
    if (!read.success || read.data.createdBy !== CREATED_BY || read.data.status.state === 'expired') continue
    const [, mark, markedKey] = /\[(([A-Za-z0-9._-]+)\/[0-9a-f]{16})\]$/.exec(read.data.comment) ?? []
    if (mark === undefined || markedKey !== key) continue
    own.set(mark, [...(own.get(mark) ?? []), read.data])
  }
  return own
}

async function hold(
  options: AlertmanagerOptions,
  { key, until, reason }: SilenceLease,
  asset: Asset,
  own: OwnSilences,
  signal: AbortSignal,
): Promise<void> {
  const mark = markOf(key, asset)
  const [found] = own.get(mark) ?? []
  const silence: PostedSilence = {
    matchers: options.matchers.map((matcher) => fillMatcher(matcher, asset)),
    // With another start, Alertmanager would expire the silence and make a new one.
    startsAt: found?.startsAt ?? NOW,
    endsAt: until,
    createdBy: CREATED_BY,
    comment: `${reason.slice(0, 500)} [${mark}]`,
    ...(found === undefined ? {} : { id: found.id }),
  }
  await post(options, silence, signal)
}

async function post(options: AlertmanagerOptions, silence: PostedSilence, signal: AbortSignal): Promise<void> {
  const answer = await call(options, { method: 'POST', path: '/silences', json: silence }, signal)
  if (isSuccess(answer)) return
  // Alertmanager has forgotten the silence since it was listed.
  if (answer.status === 404 && silence.id !== undefined) {
    const { id: _, ...fresh } = silence
    return post(options, { ...fresh, startsAt: NOW }, signal)
  }
  throw refusal(options, answer)
}

async function remove(options: AlertmanagerOptions, id: string, signal: AbortSignal): Promise<void> {
  const answer = await call(options, { method: 'DELETE', path: `/silence/${encodeURIComponent(id)}` }, signal)
  // For a silence that does not exist, Alertmanager answers 404; up to version 0.25 it answers 500 with these words.
  if (isSuccess(answer) || answer.status === 404 || /silence not found/.test(answer.text)) return
  throw refusal(options, answer)
}

interface PostedSilence {
  readonly id?: string
  readonly matchers: readonly Matcher[]
  readonly startsAt: string
  readonly endsAt: string
  readonly createdBy: string
  readonly comment: string
}

/** Key and asset in characters that a comment keeps unchanged. */
function markOf(key: string, asset: Asset): string {
  return `${key}/${createHash('sha256').update(asset.id).digest('hex').slice(0, 16)}`
}

/** Returns the message in an error answer. The answer is a JSON string or an object with a message. */
function saidIn(text: string): string {
  let value: unknown = text
  try {
    value = JSON.parse(text)
  } catch {
    // The text itself is the message.
  }
  const message = z.object({ message: z.string() }).safeParse(value)
  const said = message.success ? message.data.message : typeof value === 'string' ? value : text
  const line = said.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu, ' ').trim()
  return line === '' ? 'no reason' : line.slice(0, 200).replace(/\.$/, '')
}
