import { errorCode } from '../bounded-file.ts'

/** A request that was refused before it could do anything: no ticket, no password, or the server did not take them. */
export class SignInProblem extends Error {
  /** `sentence`: without a full stop, for people. */
  constructor(sentence: string, cause?: unknown) {
    super(sentence, { cause })
    this.name = 'SignInProblem'
  }
}

/** Network errors of a request that never left. */
const NEVER_LEFT =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|ERR_TLS|UND_ERR_CONNECT)/

/** Whether a request that got no answer may have been carried out, by what `request` says is the cause. */
export function maybeSent(cause: unknown): boolean {
  if (cause instanceof SignInProblem) return false
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause
  return !NEVER_LEFT.test(errorCode(inner) ?? '')
}
