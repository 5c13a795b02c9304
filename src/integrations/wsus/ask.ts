/**
 * Asks a WSUS server: one call at a time, over all proposals and processes, and in parts where an answer would be too
 * long. A server that is asked for too much at once ends the call after five minutes.
 */

import type { Keeping } from '../../core/ports.ts'
import { toIso } from '../../core/time/instant.ts'
import {
  type Answered,
  type Asked,
  type WsusAnswer,
  WsusError,
  type WsusInstallation,
  type WsusMachine,
  type WsusOp,
  type WsusServer,
  type WsusUpdate,
  wireInstantOf,
} from './calls.ts'

/** Machines of which all states are asked for with one call: some hundred rows each. */
const MACHINES_AT_ONCE = 40
/** Rows that one call is to give at most, where machines and updates are named. */
const ROWS_AT_ONCE = 8_000
/** Ids that are named in one call. */
const IDS_AT_ONCE = 500
/** WSUS did not exist before. */
const LONG_AGO = Date.parse('2005-01-01T00:00:00Z')

export interface Wsus {
  readonly describe: string
  /** One call. Throws a sentence if its answer was cut. */
  ask<Op extends WsusOp>(op: Op, data: Asked<Op>, signal: AbortSignal): Promise<Answered<Op>>
  /** Updates that arrived since, or all. `since`: ISO 8601. */
  updatesSince(since: string | null, signal: AbortSignal): Promise<readonly WsusUpdate[]>
  updates(ids: readonly string[], signal: AbortSignal): Promise<readonly WsusUpdate[]>
  /** Machines that reported since, or all, also those that never did. */
  machinesSince(since: string | null, signal: AbortSignal): Promise<readonly WsusMachine[]>
  machines(ids: readonly string[], signal: AbortSignal): Promise<readonly WsusMachine[]>
  /** What these machines said of these updates, or of all. */
  installations(
    machines: readonly string[],
    updates: readonly string[] | null,
    signal: AbortSignal,
  ): Promise<readonly WsusInstallation[]>
}

/** `name`: says which server it is. Calls for one name wait for each other. */
export function createWsus(server: WsusServer, name: string, keeping: Keeping, clock: () => Date): Wsus {
  function once<Op extends WsusOp>(op: Op, data: Asked<Op>, signal: AbortSignal): Promise<WsusAnswer<Op>> {
    return keeping.inTurn(`wsus ${name}`, signal, (mine) => server.call(op, data, mine))
  }

  async function ask<Op extends WsusOp>(op: Op, data: Asked<Op>, signal: AbortSignal): Promise<Answered<Op>> {
    const answer = await once(op, data, signal)
    if (answer.truncated) throw cutOff(server, op)
    return answer.data
  }

  /**
   * Parts the span as long as the answer is cut: where half of what was answered lies, because nearly all machines have
   * reported within a day. The earliest part has no beginning, and the last one no end.
   */
  async function inSpan<Op extends 'updates' | 'machines'>(
    op: Op,
    from: string | null,
    to: string | null,
    signal: AbortSignal,
  ): Promise<readonly Answered<Op>[number][]> {
    const wire = (at: string | null) => (at === null ? null : wireInstantOf(at))
    const answer = await unlessTooMuch(once(op, { from: wire(from), to: wire(to) } as Asked<Op>, signal))
    if (answer !== null && !answer.truncated) return answer.data
    const start = from === null ? LONG_AGO : Date.parse(from)
    const end = to === null ? clock().getTime() : Date.parse(to)
    const middle = partingOf(answer?.data ?? [], start, end) ?? Math.floor((start + end) / 2_000) * 1_000
    if (middle < start || middle >= end) throw cutOff(server, op)
    // Both ends of a span count, and the server knows whole seconds.
    const before = await inSpan(op, from, toIso(middle), signal)
    return [...before, ...(await inSpan(op, toIso(middle + 1_000), to, signal))]
  }

  async function installations(
    machines: readonly string[],
    updates: readonly string[] | null,
    signal: AbortSignal,
  ): Promise<readonly WsusInstallation[]> {
    const only = updates === null ? {} : { updates: [...updates] }
    const answer = await unlessTooMuch(once('installations', { machines: [...machines], ...only }, signal))
    if (answer !== null && !answer.truncated) return answer.data
    const half = Math.floor(machines.length / 2)
    if (half === 0) throw cutOff(server, 'installations')
    const first = await installations(machines.slice(0, half), updates, signal)
    return [...first, ...(await installations(machines.slice(half), updates, signal))]
  }

  return {
    describe: server.describe,
    ask,
    updatesSince: (since, signal) => inSpan('updates', since, null, signal),
    machinesSince: (since, signal) => inSpan('machines', since, null, signal),
    updates: (ids, signal) =>
      inParts(ids, IDS_AT_ONCE, (part) => ask('updates', { from: null, to: null, ids: [...part] }, signal)),
    machines: (ids, signal) =>
      inParts(ids, IDS_AT_ONCE, (part) => ask('machines', { from: null, to: null, ids: [...part] }, signal)),
    installations(machines, updates, signal) {
      const most = updates === null ? MACHINES_AT_ONCE : Math.floor(ROWS_AT_ONCE / Math.max(updates.length, 1))
      const size = Math.min(Math.max(most, 1), IDS_AT_ONCE)
      return inParts(machines, size, (part) => installations(part, updates, signal))
    },
  }
}

/** `null`: it was asked for more than it can answer at once. */
async function unlessTooMuch<Op extends WsusOp>(answer: Promise<WsusAnswer<Op>>): Promise<WsusAnswer<Op> | null> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof WsusError && error.tooMuch) return null
    throw error
  }
}

/** Between the earlier and the later half of the rows, in ms; `null`: they do not part the span. */
function partingOf(rows: readonly (WsusMachine | WsusUpdate)[], start: number, end: number): number | null {
  const times = rows.flatMap((row) => {
    const at = 'reportedAt' in row ? row.reportedAt : row.arrivedAt
    return at === null ? [] : [Date.parse(at)]
  })
  const middle = times.sort((a, b) => a - b)[Math.floor(times.length / 2)]
  return middle === undefined || middle < start || middle >= end ? null : middle
}

async function inParts<T>(
  ids: readonly string[],
  size: number,
  ask: (part: readonly string[]) => Promise<readonly T[]>,
): Promise<readonly T[]> {
  const found: T[] = []
  for (let at = 0; at < ids.length; at += size) found.push(...(await ask(ids.slice(at, at + size))))
  return found
}

function cutOff({ describe }: WsusServer, op: WsusOp): WsusError {
  const sentence = `The answer of ${describe} to "${op}" was cut, though it was asked for the least that can be asked for.`
  return new WsusError(sentence, { sent: false })
}
