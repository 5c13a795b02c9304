import { readFileSync } from 'node:fs'
import { gunzipSync, gzipSync } from 'node:zlib'
import { inputLimits } from '../input-limits.ts'

export interface HostCommand {
  /** A script that begins something. Left out: the command only looks. */
  readonly begin?: string
  /** The script that looks. Its output is the answer. */
  readonly look: string
  /** Seconds to wait while the answer says that an upgrade is running. */
  readonly attendSeconds: number
}

/** Systems Manager accepts 64 KB for the document and its parameters together. */
const MAX_COMMAND = 60_000
/** Longer commands are packed. Shorter ones stay readable for people who look at the command in the console. */
const PLAIN_COMMAND = 40_000

let attend: string | null = null

/** Returns the text of the command, packed when it is long. Throws a sentence when it is too long even then. */
export function commandText({ begin, look, attendSeconds }: HostCommand): string {
  attend ??= readFileSync(new URL('./attend.sh', import.meta.url), 'utf8')
  const given = { PW_BEGIN: begin ?? '', PW_LOOK: look, PW_ATTEND: String(attendSeconds) }
  const lines = Object.entries(given).map(([name, value]) => `${name}='${value.replaceAll("'", `'\\''`)}'`)
  const plain = [...lines, attend].join('\n')
  // Systems Manager replaces {{...}} anywhere in a parameter.
  if (plain.length <= PLAIN_COMMAND && !plain.includes('{{')) return plain
  const packed = `printf %s '${gzipSync(plain).toString('base64')}' | base64 -d | gzip -d | sh`
  if (packed.length <= MAX_COMMAND) return packed
  throw new Error('The transaction is too long for one command of Systems Manager: propose fewer packages at once.')
}

/** `text`: the output of the host. `none`: there is no answer. `cut off`: a part of the answer is missing. */
export type Unpacked =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'none' }
  | { readonly kind: 'cut off' }

export function unpackAnswer(output: string): Unpacked {
  const [, packed, end] = /^patchwarden-answer ([A-Za-z0-9+/=]*)( end)?/m.exec(output) ?? []
  if (packed === undefined) return { kind: 'none' }
  if (end === undefined) return { kind: 'cut off' }
  try {
    const bytes = gunzipSync(Buffer.from(packed, 'base64'), { maxOutputLength: inputLimits.hostOutputBytes })
    return { kind: 'text', text: bytes.toString('utf8') }
  } catch {
    return { kind: 'cut off' }
  }
}
