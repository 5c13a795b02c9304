import { NO_INODES, NO_ROOM, noInodes, noRoom, READ_ONLY, shortened } from '../apt/failure.ts'

/** A pattern of a cause in the output, and the sentence for it, without its full stop. */
export type Failure = readonly [RegExp, (match: RegExpExecArray) => string]

const LINE_LENGTH = 300

export function otherPackage(name: string): string {
  return `${name} is not what the list of its repository says (its checksum is another one): look at the repository`
}

/** The error line of rpm for a script. rpm names a script like `%pre(demo-app-2.0-1.noarch)`. */
const SCRIPT = /^(?:error|warning): %(\w+)\(([^)]+)\) scriptlet failed, (.*)$/

/** The first pattern that fits is the cause; failures further down are consequences. */
const shared: readonly Failure[] = [
  [NO_INODES, ([, where]) => noInodes(where ?? '')],
  [NO_ROOM, ([, where]) => noRoom(where ?? '')],
  [/needs \d+ inodes on the (\S+) filesystem/, ([, where]) => noInodes(where ?? '')],
  [/Read-only file system/, () => READ_ONLY],
  [
    /No space left on device|needs (\d+ ?[KMG]B) (?:more space )?on the (\S+) filesystem/,
    ([, size, where]) =>
      `There is not enough room on the disk${where ? ` (${where}, ${size})` : ''}: free some and try again`,
  ],
  [
    /sudo: .*(?:password is required|not allowed)|not in the sudoers/,
    () => 'The login may not use sudo without a password: allow it in /etc/sudoers.d, or log in as root',
  ],
  [/nothing provides (.+?) needed by (\S+)/, ([, what, who]) => `Its dependencies cannot be met: ${who} needs ${what}`],
  [
    /(?:Package|package) (\S+\.rpm) is not signed|GPG check FAILED|Signature verification failed/,
    ([, name]) => `${name ?? 'A package'} is not signed by a key that the host trusts`,
  ],
  [
    /unpacking of archive failed on file ([^\s;:]+)[^:]*: (?:cpio: )?(.+)/,
    ([, file, why]) => `rpm could not write ${file}: ${why}`,
  ],
]

/**
 * Returns one sentence, without its full stop, for the output of a failed run. `own`: patterns of the program that uses
 * rpm.
 */
export function rpmFailure(program: string, own: readonly Failure[], log: string): string {
  const lines = log.split('\n').map((line) => line.trim())
  const at = lines.findIndex((line) => SCRIPT.test(line))
  if (at !== -1) {
    const [, script = '', name = '', how = ''] = SCRIPT.exec(lines[at] ?? '') ?? []
    const said = saidBefore(lines, at)
    return `The script %${script} of ${name} failed: ${said === '' ? how : `"${said}" (${how})`}`
  }
  for (const [pattern, sentence] of [...own, ...shared]) {
    const match = pattern.exec(log)
    if (match) return sentence(match)
  }
  const said = lines.filter((one) => one !== '')
  const first = said.findIndex((one) => /^(?:error|fatal)\b/i.test(one))
  // A line that ends with a colon says nothing without the next one.
  const line =
    first === -1 ? said.at(-1) : said[first]?.endsWith(':') ? said.slice(first, first + 2).join(' ') : said[first]
  if (said.some((one) => /(?:^|\W|\d)Killed$/.test(one))) return `${program} was killed on the host`
  return line === undefined
    ? `${program} failed without a word`
    : `${program} failed: ${line
        .replace(/^Error: /, '')
        .replace(/\.$/, '')
        .slice(0, LINE_LENGTH)}`
}

/** Returns the line that the script printed before rpm reported its failure; empty when it printed none. */
function saidBefore(lines: readonly string[], at: number): string {
  const said = lines[at - 1] ?? ''
  const ordinary = /^(?:Running|Preparing|Upgrading|Installing|Downgrading|Cleanup|Verifying|<|rpm:)|^$/
  return ordinary.test(said) ? '' : said.slice(0, LINE_LENGTH)
}

/** Returns the lines that explain the failure, with the line before each script that failed. */
export function rpmTellingLines(log: string): string {
  const lines = log.split('\n')
  const kept = new Set<number>()
  lines.forEach((line, index) => {
    if (SCRIPT.test(line.trim()) && index > 0) kept.add(index - 1)
    if (/^\s*(?:error|warning|fatal|problem|\s*- nothing provides|no match)\b|error|failed|No space left/i.test(line)) {
      kept.add(index)
    }
  })
  const telling = [...kept].sort((a, b) => a - b).map((index) => lines[index] ?? '')
  return shortened(telling.length > 0 ? telling : lines)
}
