import { connectionWords } from '../core/connection-words.ts'
import { errorCode } from './bounded-file.ts'
import { SignInProblem } from './http/sent.ts'

/** Says why a connection failed, in words that an operator knows. Words of libraries are not shown. */
export function networkProblem(error: unknown): string {
  if (error instanceof SignInProblem) return error.message
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const code = errorCode(cause)
  // The HTTP client gives some errors of its parser no code.
  const known = connectionWords(code ?? errorName(cause))
  if (known !== null) return known
  const message = cause instanceof Error ? cause.message : String(cause)
  for (const [pattern, words] of byMessage) if (pattern.test(message)) return words
  return `it failed in a way that is not known here (${code ?? errorName(cause)})`
}

/** What fetch says without a code. */
const byMessage: readonly (readonly [RegExp, string])[] = [
  // This message quotes the whole address with its password.
  [/includes credentials/, 'the address holds a user name or a password, which is not sent: leave it out'],
  [/^bad port$/, 'HTTP clients refuse this port, because other protocols use it'],
  [/redirect count exceeded/, 'it sends from one address to the next without end'],
  [/unknown scheme|URL scheme/, 'it leads to an address that is neither http:// nor https://'],
  [/^terminated$|other side closed|was closed$/, 'the connection was closed'],
  [/invalid header|invalid .*header/i, 'a token or a header holds a character that none may hold'],
  [/aborted/i, 'it was stopped'],
]

function errorName(error: unknown): string {
  return error instanceof Error ? error.name : typeof error
}
