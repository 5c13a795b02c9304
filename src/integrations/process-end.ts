/** How an operator's own program ended, for people. */

import type { ProcessEnd } from './bounded-process.ts'

/** In one clause: `exit status 3`, `no end within 60 s`. */
export function describeEnd({ end, status }: ProcessEnd, command: string, timeoutSeconds: number): string {
  switch (end) {
    case 'exited':
      return `exit status ${status}`
    case 'killed':
      return 'killed by a signal'
    case 'timed out':
      return `no end within ${timeoutSeconds} s`
    case 'too much output':
      return 'it printed too much and was killed'
    case 'aborted':
      return 'stopped'
    case 'not found':
      return `there is no program ${command}`
    case 'not started':
      return `${command} cannot be started: is it an executable file?`
  }
}

const LINE_LENGTH = 500

/** The last lines it printed, errors after the rest, with nothing that a terminal would obey. */
export function lastLines({ stdout, stderr }: Pick<ProcessEnd, 'stdout' | 'stderr'>, count: number): string {
  const lines = [...stdout.split('\n'), ...stderr.split('\n')].map(printable).filter((line) => line !== '')
  return lines.slice(-count).join('\n')
}

function printable(line: string): string {
  return line
    .trimEnd()
    .replaceAll('\t', '  ')
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, '?')
    .slice(0, LINE_LENGTH)
}
