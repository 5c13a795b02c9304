/** A real WSUS server, reached over SSH: one fixed script there answers each call. */

import { randomUUID } from 'node:crypto'
import { errorText } from '../../core/error-text.ts'
import { type ProcessEnd, runBounded } from '../bounded-process.ts'
import { schemaProblem } from '../feeds/schema-problem.ts'
import { inputLimits } from '../input-limits.ts'
import { createSshConnections, type SshConnections } from '../ssh/connections.ts'
import { DEFAULT_CONNECT_SECONDS, type SshTarget, sshArguments } from '../ssh/target.ts'
import { connectionProblemOf } from '../ssh/transport.ts'
import { whenAborted } from '../when-aborted.ts'
import {
  type Answered,
  type Asked,
  changes,
  type WsusAnswer,
  WsusError,
  type WsusOp,
  type WsusServer,
  wsusCalls,
} from './calls.ts'
import { deliver, type Place } from './deliver.ts'
import { findAnswer, type OwnEnvelope, whyNoAnswer } from './read-answer.ts'
import { refusedBy } from './refusals.ts'
import { checkedFolder, commandFor, HOME_FOLDER, wsusScript } from './script.ts'

export interface RemoteOptions {
  /** The name of the server for people. */
  readonly name: string
  readonly target: SshTarget
  /** Where the script lies. Default: `.patchwarden` in the home of the login. */
  readonly folder?: string
  /** Default: `inputLimits.wsusCallSeconds`. */
  readonly callSeconds?: number
  /** How many rows an answer may have. Default: `inputLimits.wsusRows`. */
  readonly rows?: number
  /** How long a call waits on the server for an earlier one. Default: `inputLimits.wsusWaitSeconds`. */
  readonly waitSeconds?: number
}

/** The servers of one system. All roles of the system share them, so that a server gets one call at a time. */
export interface WsusServers {
  /** The same login gives the same server. Throws a sentence. */
  over(options: RemoteOptions): WsusServer
  close(): Promise<void>
}

export function createWsusServers(): WsusServers {
  const connections = createSshConnections()
  const servers = new Map<string, WsusServer>()
  return {
    over(options) {
      const login = JSON.stringify(options.target)
      const known = servers.get(login)
      if (known !== undefined) return known
      const server = createRemoteServer(options, connections)
      servers.set(login, server)
      return server
    },
    close: () => connections.close(),
  }
}

function createRemoteServer(options: RemoteOptions, connections: SshConnections): WsusServer {
  const { name, target, folder = HOME_FOLDER } = options
  const place: Place = { name, target, folder: checkedFolder(folder), connections }
  const turns = createTurns()
  return {
    describe: `${name} over SSH`,
    async call(op, data, signal) {
      const done = await turns.take(signal)
      try {
        return await call(place, options, op, data, signal)
      } finally {
        done()
      }
    },
  }
}

/** One after another, in the order in which they came. */
function createTurns() {
  let last: Promise<void> = Promise.resolve()
  return {
    /** Resolves with what ends the turn. Throws a WsusError when the signal aborts before its turn comes. */
    async take(signal: AbortSignal): Promise<() => void> {
      const earlier = last
      let done: () => void = () => undefined
      last = new Promise((resolve) => {
        done = resolve
      })
      if (await comesBefore(earlier, signal)) return done
      void earlier.then(done)
      throw new WsusError('The call was stopped before its turn came.', { sent: false, cause: signal.reason })
    },
  }
}

async function comesBefore(earlier: Promise<void>, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return false
  let forget = () => {}
  const stopped = new Promise<boolean>((resolve) => {
    forget = whenAborted(signal, () => resolve(false))
  })
  const came = await Promise.race([earlier.then(() => true), stopped])
  forget()
  return came
}

async function call<Op extends WsusOp>(
  place: Place,
  options: RemoteOptions,
  op: Op,
  data: Asked<Op>,
  signal: AbortSignal,
): Promise<WsusAnswer<Op>> {
  const { name, target, folder, connections } = place
  const script = wsusScript()
  const id = randomUUID()
  const request = Buffer.from(JSON.stringify(requestOf(id, data, options))).toString('base64')
  if (request.length > inputLimits.wsusRequestBytes) {
    throw new WsusError(`The call ${op} asks ${name} for too much at once.`, { sent: false, tooMuch: true })
  }
  await deliver(place, script, signal)
  const connect = target.connectTimeoutSeconds ?? DEFAULT_CONNECT_SECONDS
  const seconds = connect + (options.callSeconds ?? inputLimits.wsusCallSeconds)
  const ran = await runBounded({
    command: 'ssh',
    args: sshArguments(target, commandFor(op, folder, script), connections.socket(target)),
    input: `${request}\n`,
    timeoutSeconds: seconds,
    maxBytes: inputLimits.hostOutputBytes,
    signal,
  })
  const envelope = envelopeOf(ran, { name, op, id, seconds, signal })
  if (envelope.error !== null || !envelope.ok) throw errorOf(envelope, name, op)
  return { data: answerOf(envelope, name, op), truncated: envelope.truncated }
}

function requestOf(call: string, data: unknown, { rows, waitSeconds }: RemoteOptions) {
  const limit = rows ?? inputLimits.wsusRows
  return { v: 1, call, limit, wait: waitSeconds ?? inputLimits.wsusWaitSeconds, data }
}

interface Asking {
  readonly name: string
  readonly op: WsusOp
  readonly id: string
  readonly seconds: number
  readonly signal: AbortSignal
}

/** The answer, also when the connection died right after it. Throws a WsusError. */
function envelopeOf(ran: ProcessEnd, { name, op, id, seconds, signal }: Asking): OwnEnvelope {
  const lost = (reason: string, begun: 'no' | 'maybe', tooMuch = false) =>
    new WsusError(reason, { sent: begun === 'maybe' && changes.has(op), tooMuch })
  try {
    const envelope = findAnswer(ran.stdout, id)
    if (envelope !== null && (envelope.op === op || !envelope.ok)) return envelope
  } catch (error) {
    throw lost(`${name} cannot be understood: ${errorText(error)}.`, 'maybe')
  }
  if (signal.aborted) throw lost(`The call ${op} to ${name} was stopped before its answer came.`, 'maybe')
  if (ran.end === 'too much output') {
    throw lost(`${name} answered more than ${inputLimits.hostOutputBytes} bytes.`, 'maybe', true)
  }
  if (ran.end === 'exited' && ran.status !== null && ran.status !== SSH_FAILED) {
    const { reason, begun } = whyNoAnswer(name, { ...ran, status: ran.status })
    throw lost(reason, begun)
  }
  const { reason, begun } = connectionProblemOf(ran, name, seconds)
  throw lost(reason, begun)
}

/** Exit status of ssh when the connection failed. */
const SSH_FAILED = 255

function errorOf({ error }: OwnEnvelope, name: string, op: WsusOp): WsusError {
  if (error === null)
    return new WsusError(`${name} refused the call ${op} and does not say why.`, { sent: changes.has(op) })
  const { sentence, tooMuch } = refusedBy(name, op, error)
  return new WsusError(sentence, { sent: error.begun === 'maybe' && changes.has(op), tooMuch })
}

function answerOf<Op extends WsusOp>({ data }: OwnEnvelope, name: string, op: Op): Answered<Op> {
  const read = wsusCalls[op].answers.safeParse(data)
  // The schema is the one of `op`; TypeScript does not see that.
  if (read.success) return read.data as Answered<Op>
  throw new WsusError(`${name} answered the call ${op} in another form: ${schemaProblem(read.error)}.`, {
    sent: changes.has(op),
  })
}
