/** Finds the answer of the script in what came over SSH, or says why there is none. */

import { z } from 'zod'
import { schemaProblem } from '../feeds/schema-problem.ts'
import { instantOnWire } from './instants.ts'

/** What is between the marks. `call` shows whose answer it is. */
const ownEnvelope = z.object({
  v: z.literal(1),
  op: z.string(),
  call: z.string(),
  ok: z.boolean(),
  server: z.string(),
  at: instantOnWire,
  data: z.unknown(),
  truncated: z.boolean(),
  error: z
    .object({
      type: z.string(),
      message: z.string(),
      hresult: z.int().nullable(),
      /** `maybe`: the error came after the change had been ordered. */
      begun: z.enum(['no', 'maybe']),
    })
    .nullable(),
})
export type OwnEnvelope = z.output<typeof ownEnvelope>

export type Found =
  | { readonly kind: 'answer'; readonly envelope: OwnEnvelope }
  | { readonly kind: 'none'; readonly reason: string; readonly begun: 'no' | 'maybe' }

export interface Printed {
  readonly stdout: string
  readonly stderr: string
  readonly status: number
}

const MARKED = /<<<PATCHWARDEN_JSON([A-Za-z0-9+/=\s]*)PATCHWARDEN_JSON>>>/g
const BEGINS = '<<<PATCHWARDEN_JSON'

/** Returns the answer to `call`, whatever stands around it; `null`: there is none. Throws a sentence if it is broken. */
export function findAnswer(stdout: string, call: string): OwnEnvelope | null {
  let others = 0
  // Some consoles write UTF-16.
  for (const [, base64 = ''] of stdout.replaceAll('\0', '').matchAll(MARKED)) {
    const found = decode(base64)
    // An error that came before the question was read does not know its call.
    if (found.call === call || (found.call === '' && !found.ok)) return found
    others++
  }
  if (others > 0) throw new Error('it answers another call than the one that was made')
  return null
}

function decode(base64: string): OwnEnvelope {
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(base64, 'base64').toString('utf8'))
  } catch (cause) {
    throw new Error('its answer is no JSON', { cause })
  }
  const read = ownEnvelope.safeParse(value)
  if (read.success) return read.data
  throw new Error(`its answer has another form: ${schemaProblem(read.error)}`)
}

/** Reasons that are certain: the script did not begin. The first that fits is told. */
const beforeScript: readonly (readonly [(text: string) => boolean, (name: string) => string])[] = [
  [
    (text) => text.includes('<<<PATCHWARDEN_LANGUAGE>>>'),
    (name) =>
      `PowerShell on ${name} runs in constrained language mode, in which the script cannot work: allow its folder in the application control of that server (AppLocker, WDAC).`,
  ],
  [
    (text) => /about_Execution_Policies|PSSecurityException|UnauthorizedAccess(?!Exception)/.test(text),
    (name) =>
      `A group policy on ${name} forbids the script (execution policy): sign it, or allow scripts for this login in "Turn on Script Execution".`,
  ],
  [
    (text) => /ScriptRequiresUnmatchedPSVersion/.test(text),
    (name) => `PowerShell on ${name} is older than 5.1: install Windows Management Framework 5.1.`,
  ],
  [
    (text) => /'powershell(\.exe)?'|powershell(\.exe)?: (command )?not found/i.test(text),
    (name) => `${name} knows no powershell.exe: is it a Windows server, and may the login start it?`,
  ],
  [
    (text) => /\b[a-z-]+-[0-9a-f]{16}\.ps1\b/.test(text) && /-File\b/.test(text),
    (name) =>
      `PowerShell on ${name} does not find the script that was sent: its login shell begins in another folder than SFTP. Name an absolute folder for it.`,
  ],
]

/** Says why nothing was answered. Error output is not a failure in itself, and is told only here. */
export function whyNoAnswer(name: string, printed: Printed): Found & { readonly kind: 'none' } {
  const stdout = printed.stdout.replaceAll('\0', '')
  const said = readable(printed.stderr)
  const text = `${stdout}\n${said}`
  for (const [fits, sentence] of beforeScript) {
    // Windows PowerShell breaks lines, also within a word, at the width of a console that nobody sees.
    if (fits(text) || fits(text.replaceAll(/\s+/g, ''))) return { kind: 'none', reason: sentence(name), begun: 'no' }
  }
  if (stdout.includes(BEGINS)) {
    return {
      kind: 'none',
      reason: `The answer of ${name} broke off after ${stdout.length} characters.`,
      begun: 'maybe',
    }
  }
  const first = (said.trim() || stdout.trim()).replaceAll(/\s+/g, ' ').slice(0, 300)
  const words = first === '' ? 'and printed nothing.' : `and said: ${first}`
  return {
    kind: 'none',
    reason: `The script on ${name} ended with exit status ${printed.status} without an answer ${words}`,
    begun: 'maybe',
  }
}

/** Error output as text. PowerShell writes it as CLIXML when it thinks that another PowerShell reads it. */
export function readable(stderr: string): string {
  return stderr
    .replaceAll('\0', '')
    .replace(/#< CLIXML\s*/g, '')
    .replace(/<Objs\b[\s\S]*?(?:<\/Objs>|$)/g, errorsOf)
    .replace(/[\p{Cc}\p{Cf}]/gu, (character) => (character === '\n' ? '\n' : ' '))
}

function errorsOf(objects: string): string {
  const errors = [...objects.matchAll(/<S S="Error">([\s\S]*?)<\/S>/g)].map(([, text = '']) => text)
  return errors
    .join('')
    .replace(/_x([0-9A-Fa-f]{4})_/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&apos;/g, "'")
    .replace(/&amp;/g, '&')
}
