import { readFileSync } from 'node:fs'
import { gunzipSync, gzipSync } from 'node:zlib'
import { inputLimits } from '../input-limits.ts'

export interface HostCommand {
  /** Begins something; left out: only looks. */
  readonly begin?: string
  /** The script that looks; what it prints is the answer. */
  readonly look: string
  /** How long to wait, in seconds, while the answer says that an upgrade runs. */
  readonly attendSeconds: number
}

/** Systems Manager takes 64 KB of document and parameters together. */
const MAX_COMMAND = 60_000
/** Longer ones travel packed; shorter ones can be read by whoever looks at the command in the console. */
const PLAIN_COMMAND = 40_000

let attend: string | null = null

/** Longer ones travel packed; shorter ones can be read in the console by anybody who looks at the command. */
export function commandText({ begin, look, attendSeconds }: HostCommand): string {
  attend ??= readFileSync(new URL('./attend.sh', import.meta.url), 'utf8')
  const given = { PW_BEGIN: begin ?? '', PW_LOOK: look, PW_ATTEND: String(attendSeconds) }
  const lines = Object.entries(given).map(([name, value]) => `${name}='${value.replaceAll("'", `'\\''`)}'`)
  const plain = [...lines, attend].join('\n')
  // Systems Manager fills in {{...}} wherever it stands in a parameter.
  if (plain.length <= PLAIN_COMMAND && !plain.includes('{{')) return plain
  const packed = `printf %s '${gzipSync(plain).toString('base64')}' | base64 -d | gzip -d | sh`
  if (packed.length <= MAX_COMMAND) return packed
  throw new Error('The transaction is too long for one command of Systems Manager: propose fewer packages at once.')
}

/** `text`: what the host printed. `none`: no answer at all. `cut off`: there was one, and a part of it is missing. */
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
