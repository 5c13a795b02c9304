/** Reads the bytes of a feed from a URL or a file, and finds out whether they changed. */

import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { errorText } from '../../core/error-text.ts'
import { readBoundedFile, unpackText } from '../bounded-file.ts'
import { request } from '../http/request.ts'
import { pauseAfter, retryAfterSeconds } from '../http/retry.ts'
import { inputLimits } from '../input-limits.ts'
import { looksLikeHtml } from '../json-text.ts'

export interface LocationOptions {
  /** `https://...`, `http://...`, `file://...` or a path. */
  readonly location: string
  /** Tried in this order when `location` fails. */
  readonly mirrors?: readonly string[]
  /** The address redirects to a file with a date in its name. A file with the same name is not read again. */
  readonly datedByRedirect?: boolean
  /** Replaces the built-in fetch in tests. */
  readonly fetch?: typeof fetch
  /** Seconds for one attempt. Default 120. */
  readonly timeoutSeconds?: number
  /** The most bytes to download. Default: `inputLimits.feedBytes`. */
  readonly maxBytes?: number
  /** Attempts for each location. Default 4. An attempt that used its full time counts twice. */
  readonly attempts?: number
  /** Seconds before the second attempt; each further wait is twice as long. Default 1. */
  readonly retrySeconds?: number
}

/** Recognises the last good answer. Kept in the feed's cursor. */
export interface Validators {
  readonly location: string
  readonly etag: string | null
  readonly lastModified: string | null
  /** The hash of the bytes as downloaded. */
  readonly sha256: string
  /** The target of the redirect, for feeds whose address redirects to a dated file. */
  readonly resolved?: string | undefined
}

export type ReadFeed =
  | { readonly status: 'unchanged' }
  | {
      readonly status: 'read'
      /** Unpacked and in UTF-8, unless the caller wants it packed. */
      readonly bytes: Buffer
      readonly validators: Validators
      /** True when `location` failed and a mirror answered. */
      readonly fromMirror: boolean
    }

/**
 * Reads a feed. Throws a sentence when no location gives data: unreachable, refused, cut off, too large, or a web page.
 */
export async function readFeed(
  options: LocationOptions,
  last: Validators | null,
  signal: AbortSignal,
  /** `keepPacked`: the caller unpacks gzip itself. */
  { keepPacked = false } = {},
): Promise<ReadFeed> {
  const problems: string[] = []
  for (const [index, location] of [options.location, ...(options.mirrors ?? [])].entries()) {
    signal.throwIfAborted()
    try {
      const known = last?.location === location ? last : null
      const answer = isUrl(location) ? await readUrl(location, options, known, signal) : await readPath(location)
      if (answer.status === 'unchanged' || answer.validators.sha256 === last?.sha256) return { status: 'unchanged' }
      const bytes = keepPacked ? answer.bytes : await unpackText(answer.bytes, location, inputLimits.feedUnpackedBytes)
      if (bytes.length === 0) throw new Error(`${location} is empty`)
      if (looksLikeHtml(bytes.toString('utf8', 0, 1_000))) throw new Error(htmlProblem(location))
      return { ...answer, bytes, fromMirror: index > 0 }
    } catch (error) {
      signal.throwIfAborted()
      problems.push(errorText(error))
    }
  }
  throw new Error(problems.join('; and the mirror: '))
}

type Answer =
  | { readonly status: 'unchanged' }
  | { readonly status: 'read'; readonly bytes: Buffer; readonly validators: Validators }

async function readPath(location: string): Promise<Answer> {
  const path = location.startsWith('file:') ? fileURLToPath(location) : location
  const { bytes } = await readBoundedFile(path, inputLimits.feedBytes)
  return {
    status: 'read',
    bytes,
    validators: { location, etag: null, lastModified: null, sha256: sha256(bytes) },
  }
}

async function readUrl(
  location: string,
  options: LocationOptions,
  known: Validators | null,
  signal: AbortSignal,
): Promise<Answer> {
  const attempts = options.attempts ?? inputLimits.feedAttempts
  const pauses = { firstSeconds: options.retrySeconds ?? 1, longestSeconds: inputLimits.feedRetrySeconds }
  let spent = 0
  for (let attempt = 1; ; attempt++) {
    const result = await tryUrl(location, options, known, signal)
    if (result.status !== 'failed') return result
    spent += result.timedOut ? 2 : 1
    if (!result.mayRecover || spent >= attempts) {
      throw new Error(attempt === 1 ? result.problem : `${result.problem} (${attempt} attempts)`)
    }
    await pauseAfter(attempt, result.retryAfterSeconds, pauses, signal)
  }
}

interface Failure {
  readonly status: 'failed'
  readonly problem: string
  readonly mayRecover: boolean
  readonly retryAfterSeconds: number | null
  /** The attempt used its full time limit. */
  readonly timedOut: boolean
}

async function tryUrl(
  location: string,
  options: LocationOptions,
  known: Validators | null,
  signal: AbortSignal,
): Promise<Answer | Failure> {
  const seconds = options.timeoutSeconds ?? inputLimits.feedTimeoutSeconds
  const maxBytes = options.maxBytes ?? inputLimits.feedBytes
  /** True when nothing changed: the publisher says so, or the address redirects to the same dated file. */
  function isKnown({ status, redirected, url }: Response): boolean {
    if (status === 304) return known !== null
    return status === 200 && options.datedByRedirect === true && redirected && url === known?.resolved
  }
  const asked = await request(
    {
      url: location,
      headers: {
        'user-agent': 'patchwarden',
        accept: '*/*',
        ...(known?.etag ? { 'if-none-match': known.etag } : {}),
        ...(known?.lastModified ? { 'if-modified-since': known.lastModified } : {}),
      },
      timeoutSeconds: seconds,
      maxBytes,
      reads: (response) => response.status === 200 && !isKnown(response),
      ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
    },
    signal,
  )
  if (asked.kind === 'none') {
    if (asked.timedOut) return failure(`${location} did not answer in full within ${seconds} s`, true, null, true)
    return failure(`${location} cannot be reached: ${asked.problem}`, true, null)
  }
  const { response, body: bytes } = asked
  if (isKnown(response)) return { status: 'unchanged' }
  if (response.status !== 200) {
    const problem = `${location} answered ${statusText(response)}`
    return failure(problem, retryable(response.status), retryAfterSeconds(response))
  }
  if (bytes === null) return failure(`${location} is longer than ${maxBytes} bytes`, false, null)
  const validators = {
    location,
    etag: response.headers.get('etag'),
    lastModified: response.headers.get('last-modified'),
    sha256: sha256(bytes),
    ...(response.redirected ? { resolved: response.url } : {}),
  }
  return { status: 'read', bytes, validators }
}

function failure(problem: string, mayRecover: boolean, retryAfterSeconds: number | null, timedOut = false): Failure {
  return { status: 'failed', problem, mayRecover, retryAfterSeconds, timedOut }
}

function retryable(status: number): boolean {
  return status === 429 || status === 408 || status >= 500
}

function statusText(response: Response): string {
  const text = `${response.status} ${response.statusText}`.trim()
  if (response.status !== 403) return text
  return `${text}: some publishers refuse addresses of cloud providers; name a mirror or a downloaded file`
}

function htmlProblem(location: string): string {
  return `${location} gave an HTML page instead of data: a sign-in, proxy or "access denied" page`
}

function isUrl(location: string): boolean {
  return /^https?:\/\//i.test(location)
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
