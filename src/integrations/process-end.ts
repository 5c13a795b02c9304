/** Tells people how an operator's program ended. */

import type { ProcessEnd } from './bounded-process.ts'

/** Returns one clause, for example `exit status 3` or `no end within 60 s`. */
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

/** Returns the last lines that the program printed, error output last. Control characters are replaced. */
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
