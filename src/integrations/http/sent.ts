import { errorCode } from '../bounded-file.ts'

/** A sign-in that failed: there is no ticket or no password, the server did not take them, or it did not prove who it is. */
export class SignInProblem extends Error {
  /** Usually nothing was carried out. */
  readonly maybeSent: boolean
  /** `sentence`: without a full stop, for people. */
  constructor(sentence: string, { cause, maybeSent = false }: { cause?: unknown; maybeSent?: boolean } = {}) {
    super(sentence, { cause })
    this.name = 'SignInProblem'
    this.maybeSent = maybeSent
  }
}

/** Network errors of a request that never left. */
const NEVER_LEFT =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|ERR_TLS|UND_ERR_CONNECT)/

/** Whether a request that got no answer may have been carried out, by what `request` says is the cause. */
export function maybeSent(cause: unknown): boolean {
  if (cause instanceof SignInProblem) return cause.maybeSent
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause
  return !NEVER_LEFT.test(errorCode(inner) ?? '')
}
