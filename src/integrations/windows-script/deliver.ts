/** Puts the script on the server, and checks before every run that it is still the one that was sent. */

import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ProcessEnd, runBounded } from '../bounded-process.ts'
import { inputLimits } from '../input-limits.ts'
import type { SshConnections } from '../ssh/connections.ts'
import { type SshTarget, sftpArguments } from '../ssh/target.ts'
import { connectionProblemOf } from '../ssh/transport.ts'
import { ScriptProblem } from './problem.ts'
import { HOME_FOLDER, type Script, sftpPath } from './script.ts'

export interface Place {
  /** The name of the server for people. */
  readonly name: string
  readonly target: SshTarget
  /** One of `checkedFolder`. */
  readonly folder: string
  readonly connections: SshConnections
}

/** Makes sure that the script lies there, unchanged. Throws a ScriptProblem. */
export async function deliver(place: Place, script: Script, signal: AbortSignal): Promise<void> {
  const here = await mkdtemp(join(tmpdir(), 'pw-script-'))
  try {
    if ((await hashThere(place, script, here, signal)) === script.sha256) return
    await put(place, script, here, signal)
    const found = await hashThere(place, script, here, signal)
    if (found === script.sha256) return
    const what = found === null ? 'is not there' : 'has another content'
    throw failure(
      `The script was sent to ${place.name}, and ${what} right after: does something there remove or change scripts?`,
    )
  } finally {
    await rm(here, { recursive: true, force: true })
  }
}

/** SHA-256 of the script on the server; `null`: there is none. */
async function hashThere(place: Place, { file }: Script, here: string, signal: AbortSignal): Promise<string | null> {
  const copy = join(here, 'found')
  await rm(copy, { force: true })
  await transfer(place, [`-get ${quoted(sftpPath(place.folder, file))} ${quoted(copy)}`], signal)
  try {
    return createHash('sha256')
      .update(await readFile(copy))
      .digest('hex')
  } catch {
    return null
  }
}

/** Under another name first, so that nobody ever finds a part of it. */
async function put(place: Place, { file, text }: Script, here: string, signal: AbortSignal): Promise<void> {
  const own = join(here, 'sent')
  await writeFile(own, text, 'ascii')
  const [whole, partial] = [file, `${file}.${randomBytes(4).toString('hex')}`].map((one) =>
    quoted(sftpPath(place.folder, one)),
  )
  const mkdir = place.folder === HOME_FOLDER ? [`-mkdir ${quoted(place.folder)}`] : []
  // What is there has a wrong content, and some servers rename over nothing.
  await transfer(
    place,
    [...mkdir, `put ${quoted(own)} ${partial}`, `-rm ${whole}`, `rename ${partial} ${whole}`],
    signal,
  )
}

async function transfer(place: Place, commands: readonly string[], signal: AbortSignal): Promise<void> {
  const { name, target, folder, connections } = place
  const timeoutSeconds = inputLimits.scriptTransferSeconds
  const ran = await runBounded({
    command: 'sftp',
    args: sftpArguments(target, connections.socket(target)),
    input: `${commands.join('\n')}\n`,
    timeoutSeconds,
    maxBytes: 100_000,
    signal,
  })
  if (ran.end === 'exited' && ran.status === 0) return
  if (signal.aborted) throw failure(`The transfer to ${name} was stopped.`)
  throw failure(transferProblem(ran, name, folder, timeoutSeconds))
}

function transferProblem(ran: ProcessEnd, name: string, folder: string, seconds: number): string {
  if (ran.end === 'not found') return 'There is no sftp here: install OpenSSH (openssh-client).'
  if (/subsystem request failed|Received message too long/i.test(ran.stderr)) {
    return `${name} offers no file transfer (SFTP), by which the script comes to it: name the subsystem sftp in its sshd_config.`
  }
  if (ran.end === 'exited' && ran.status === 1) {
    const lines = ran.stderr.split('\n').map((line) => line.trim())
    const said = lines.findLast((line) => line !== '' && line !== 'Connection closed') ?? 'no reason was given'
    return `The script cannot be put into ${folder} on ${name}: ${said.slice(0, 200)}`
  }
  return connectionProblemOf(ran, name, seconds).reason
}

function failure(sentence: string): ScriptProblem {
  return new ScriptProblem(sentence, { sent: false })
}

function quoted(path: string): string {
  return `"${path.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}
