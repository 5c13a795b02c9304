/** Asks this machine why a connection failed, where the words of ssh do not say it. It is done after a failure only. */

import { access, constants } from 'node:fs/promises'
import { homedir } from 'node:os'
import { errorCode } from '../bounded-file.ts'
import { runBounded } from '../bounded-process.ts'
import { type ConnectionProblem, connectionProblem } from './connection-problem.ts'
import { AS_USER, DEFAULT_CONNECT_SECONDS, type SshTarget, sshArguments } from './target.ts'

const MORE_SECONDS = 5
const MOST_BYTES = 200_000

/** Returns the problem, or one that leads nearer to the fix. */
export async function diagnosed(
  name: string,
  target: SshTarget,
  problem: ConnectionProblem,
  signal: AbortSignal,
): Promise<ConnectionProblem> {
  if (problem.ask === undefined) return problem
  const settings = await settingsOf(target, signal)
  const reason =
    problem.ask === 'key'
      ? await keyProblem(name, target, settings, signal)
      : await wayProblem(name, target, settings, signal)
  return reason === null ? problem : { reason, begun: problem.begun }
}

type Settings = ReadonlyMap<string, readonly string[]>

/** What the SSH configuration comes to for this host, by lower-case name. */
async function settingsOf(target: SshTarget, signal: AbortSignal): Promise<Settings> {
  const { stdout } = await ask('ssh', ['-G', ...sshArguments(target, AS_USER)], target, signal)
  const settings = new Map<string, string[]>()
  for (const line of stdout.split('\n')) {
    const [key = '', ...words] = line.split(' ')
    settings.set(key, [...(settings.get(key) ?? []), words.join(' ')])
  }
  return settings
}

function ask(command: string, args: readonly string[], target: SshTarget, signal: AbortSignal) {
  const timeoutSeconds = (target.connectTimeoutSeconds ?? DEFAULT_CONNECT_SECONDS) + MORE_SECONDS
  return runBounded({ command, args, input: '', timeoutSeconds, maxBytes: MOST_BYTES, signal })
}

/**
 * Why a host on the other side of a jump host cannot be reached. While a connection is kept for others, ssh hides what
 * the jump host said, so it is asked once more without.
 */
async function wayProblem(
  name: string,
  target: SshTarget,
  settings: Settings,
  signal: AbortSignal,
): Promise<string | null> {
  const [jump = 'none'] = settings.get('proxyjump') ?? []
  const [command = 'none'] = settings.get('proxycommand') ?? []
  if (jump === 'none' && command === 'none') return null
  const { status, stderr } = await ask('ssh', sshArguments(target, AS_USER), target, signal)
  if (status === 0) return null
  const words = stderr
    .split('\n')
    .filter((line) => line.trim() !== '' && !/kex_exchange_identification|UNKNOWN port/.test(line))
  const last = words.at(-1)?.trim().slice(0, 200) ?? ''
  if (jump === 'none') {
    return `The proxy command of ${name} failed${last === '' ? '' : `: ${last.replace(/\.$/, '')}`}. It is ${JSON.stringify(command.slice(0, 100))} in the SSH configuration.`
  }
  const via = `the jump host ${jump.slice(0, 100)} of ${name}`
  const [, refused] = /^channel \d+: open failed: (.*)$/m.exec(stderr) ?? []
  if (refused?.startsWith('administratively prohibited')) {
    return capital(`${via} does not let connections through: allow it there (AllowTcpForwarding, PermitOpen).`)
  }
  if (refused !== undefined) {
    return capital(`${via} answers, but does not reach ${name}: ${refused.replace(/^connect failed: /, '')}.`)
  }
  const problem = connectionProblem(via, words.join('\n'))
  return words.length === 0 || problem.begun === 'maybe'
    ? capital(`${via} ended the connection${last === '' ? '' : `: ${last.replace(/\.$/, '')}`}.`)
    : capital(problem.reason)
}

function capital(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1)
}

/** Why the key of this login was not offered; `null`: it seems to have been. */
async function keyProblem(
  name: string,
  target: SshTarget,
  settings: Settings,
  signal: AbortSignal,
): Promise<string | null> {
  const files = target.identityFile === undefined ? (settings.get('identityfile') ?? []) : [target.identityFile]
  const states = await Promise.all(files.map((file) => keyState(file.replace(/^~(?=\/)/, homedir()), target, signal)))
  const there = states.filter(({ missing }) => !missing)
  if (target.identityFile !== undefined) return states[0]?.problem?.(name) ?? null
  if (there.length === 0 && !hasAgent()) {
    return `There is no SSH key here, so ${name} does not accept the login: make one (ssh-keygen), add it to the authorized keys there, and name it in identityFile.`
  }
  return there.every(({ problem }) => problem !== null) ? (there[0]?.problem?.(name) ?? null) : null
}

interface KeyState {
  readonly missing: boolean
  readonly problem: ((name: string) => string) | null
}

async function keyState(file: string, target: SshTarget, signal: AbortSignal): Promise<KeyState> {
  const said = (missing: boolean, words: string): KeyState => ({
    missing,
    problem: (name) => `The key file ${JSON.stringify(file)} ${words.replace('{name}', name)}`,
  })
  try {
    await access(file, constants.R_OK)
  } catch (error) {
    if (errorCode(error) === 'EACCES') return said(false, 'cannot be read by the user that runs Patchwarden.')
    return said(true, 'does not exist here, so {name} does not accept the login.')
  }
  const { stderr } = await ask('ssh-keygen', ['-y', '-P', '', '-f', file], target, signal)
  if (!/passphrase/i.test(stderr) || (await inAgent(file, target, signal))) return { missing: false, problem: null }
  return said(
    false,
    'has a passphrase, and nobody is here to type it, so {name} does not accept the login: load it into an SSH agent for this service, or make a key of its own without one.',
  )
}

function hasAgent(): boolean {
  return (process.env.SSH_AUTH_SOCK ?? '') !== ''
}

/** A key with a passphrase can be used where an agent holds it. */
async function inAgent(file: string, target: SshTarget, signal: AbortSignal): Promise<boolean> {
  if (!hasAgent()) return false
  const [own, held] = [
    await ask('ssh-keygen', ['-l', '-f', file], target, signal),
    await ask('ssh-add', ['-l'], target, signal),
  ]
  const [, fingerprint] = /^\d+ (\S+)/.exec(own.stdout) ?? []
  return fingerprint !== undefined && held.stdout.includes(fingerprint)
}
