/** Finds out from the output of apt or dpkg why it failed. The exit status is nearly always 100 and says nothing. */

const LOG_LINES = 40
const LINE_LENGTH = 300

interface Failure {
  readonly pattern: RegExp
  readonly sentence: (match: RegExpMatchArray) => string
}

/** The runner adds these lines to the output of a transaction that failed. */
export const NO_INODES = /^patchwarden: no inode is left on (\S+)$/m
export const NO_ROOM = /^patchwarden: no room is left on (\S+)$/m

export function noRoom(where: string): string {
  return `There is not enough room on the disk (${where}): free some and try again`
}

export function noInodes(where: string): string {
  return `No inode is left on ${where}, so no file can be made there although there is room (df -i): delete files there and try again`
}

export const READ_ONLY =
  'A file system of the host is read-only: look for errors of its disk (dmesg), and mount it writable again'

/** The first pattern that fits is the cause; failures further down are consequences. */
const failures: readonly Failure[] = [
  {
    pattern: NO_INODES,
    sentence: ([, where]) => noInodes(where ?? ''),
  },
  {
    pattern: NO_ROOM,
    sentence: ([, where]) => noRoom(where ?? ''),
  },
  {
    pattern: /Read-only file system/,
    sentence: () => READ_ONLY,
  },
  {
    pattern: /No space left on device|You don't have enough free space in (\S+)/,
    sentence: ([, where]) =>
      `There is not enough room on the disk${where ? ` (${where})` : ''}: free some and try again`,
  },
  {
    pattern: /Could not get lock (\S+?)\.? It is held by process (\d+) \(([^)]+)\)/,
    sentence: ([, , pid, name]) => `Another program is at work with apt or dpkg: ${name} (process ${pid})`,
  },
  {
    pattern: /Could not get lock (\S+)|Unable to (?:acquire the dpkg frontend lock|lock directory)/,
    sentence: () => 'Another program is at work with apt or dpkg',
  },
  {
    pattern: /dpkg was interrupted, you must manually run/,
    sentence: () => 'An earlier installation was interrupted: run "dpkg --configure -a" on the host',
  },
  {
    pattern: /Held packages were changed/,
    sentence: () => 'It would change a package that is on hold: take it off hold (apt-mark unhold) or leave it out',
  },
  {
    pattern: /Version '([^']+)' for '([^']+)' was not found/,
    sentence: ([, version, name]) => `${name} ${version} is not on offer there any more`,
  },
  {
    pattern: /Unable to locate package (\S+)/,
    sentence: ([, name]) => `No package ${name} is on offer there`,
  },
  {
    pattern: /Packages were downgraded and -y was used/,
    sentence: () => 'It would install an older version than the host has',
  },
  {
    pattern: /Problem executing scripts (DPkg::\S+) '([^']*)'/,
    sentence: ({ 1: hook, 2: command, input = '' }) => {
      const named = `(${hook}: ${(command ?? '').slice(0, 80)})`
      // dpkg has done its work by then, unless it says otherwise.
      const isAfter = hook === 'DPkg::Post-Invoke' && !input.split('\n').some((line) => DPKG_ERROR.test(line))
      return isAfter
        ? `All was installed, but a hook of apt failed afterwards ${named}`
        : `A hook of apt on the host refused ${named}`
    },
  },
  {
    pattern: /Failed to fetch (\S+)\s+(.*)|Unable to fetch some archives/,
    sentence: ([, url, why]) =>
      `A package could not be downloaded${url ? ` (${url} ${why ?? ''})`.replace(/ \)$/, ')') : ''}`,
  },
  {
    pattern: /There were unauthenticated packages/,
    sentence: () => 'A package is not signed by an archive that the host trusts',
  },
  {
    pattern: /^Killed$/m,
    sentence: () => 'apt was killed on the host',
  },
  {
    pattern: /you have held broken packages|Unmet dependencies|unmet dependencies/,
    sentence: () => 'Its dependencies cannot be met on the host',
  },
]

/** The error line of dpkg for a maintainer script or an archive. */
const DPKG_ERROR = /^dpkg: error processing (?:package|archive) (\S+) \(--?(\w+)\):/

/** Returns one sentence, without its full stop, for the output of a failed run. */
export function failureReason(log: string): string {
  const lines = log.split('\n')
  for (const { pattern, sentence } of failures) {
    const match = pattern.exec(log)
    if (match) return sentence(match)
  }
  const at = lines.findIndex((line) => DPKG_ERROR.test(line))
  const [, given = '', doing = ''] = DPKG_ERROR.exec(lines[at] ?? '') ?? []
  if (at !== -1) {
    const name = given.replace(/^.*\//, '').replace(/[_:].*$/, '')
    const verb = doing === 'configure' ? 'set up' : doing === 'remove' ? 'remove' : 'unpack'
    return `dpkg could not ${verb} ${name}: ${cause(lines, at)}`
  }
  const line = lines.find((one) => /^(E:|dpkg: error)/.test(one)) ?? lines.findLast((one) => one.trim() !== '')
  return line === undefined
    ? 'apt failed without a word'
    : `apt failed: ${line.replace(/^E: /, '').slice(0, LINE_LENGTH)}`
}

/** Returns the line that the script printed before the error of dpkg, or else the words of dpkg. */
function cause(lines: readonly string[], at: number): string {
  const said = lines[at - 1]?.trim() ?? ''
  const ordinary =
    /^(Setting up|Unpacking|Preparing to unpack|Selecting|Processing triggers|\(Reading|Removing|dpkg:|Get:|Fetched)/
  const official = (lines[at + 1] ?? 'it failed').trim()
  if (said === '' || ordinary.test(said)) return official.slice(0, LINE_LENGTH)
  return `"${said.slice(0, LINE_LENGTH)}" (${official.slice(0, LINE_LENGTH)})`
}

/** Returns the lines of apt's output that explain the failure, with the two lines before each error of dpkg. */
export function tellingLines(log: string): string {
  const lines = log.split('\n')
  const kept = new Set<number>()
  lines.forEach((line, index) => {
    if (/^(E:|Err:|W:|dpkg: |Errors were encountered| \S+$)|subprocess .* returned|No space left|conffile/.test(line)) {
      const before = line.startsWith('dpkg: error processing') ? 2 : 0
      for (let one = Math.max(0, index - before); one <= index; one++) kept.add(one)
    }
  })
  const telling = [...kept].sort((a, b) => a - b).map((index) => lines[index] ?? '')
  return shortened(telling.length > 0 ? telling : lines)
}

/** Returns the last lines of a log, each cut to a maximum length. */
export function shortened(lines: readonly string[]): string {
  return lines
    .filter((line) => line.trim() !== '')
    .slice(-LOG_LINES)
    .map((line) => line.slice(0, LINE_LENGTH))
    .join('\n')
}
