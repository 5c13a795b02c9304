/**
 * A WSUS of any size that holds nothing: each answer follows from the question and a seed. It answers with the bytes of
 * a real envelope, which are read back as from a real server.
 */

import { createHash } from 'node:crypto'
import { HOUR_MS, toIso } from '../../../src/core/time/instant.ts'
import { findAnswer } from '../../../src/integrations/windows-script/read-answer.ts'
import {
  ALL_COMPUTERS,
  type Answered,
  type Asked,
  type WsusAnswer,
  type WsusInstallation,
  type WsusMachine,
  type WsusOp,
  type WsusServer,
  type WsusUpdate,
  wireInstantOf,
  wsusCalls,
} from '../../../src/integrations/wsus/calls.ts'
import { type Counted, nothing } from './counted.ts'
import { reportedAt, saidBy } from './reported.ts'

const OS = 'Windows Server 2022 Standard'
const GROUPS = 40
/** Rows of one answer, as the product asks a real server for them. */
const LIMIT = 10_000
export interface GeneratedWsus {
  readonly server: WsusServer
  readonly counted: Counted
  /** From now on counts anew; what was counted until then. */
  restart(): Counted
}

export interface Size {
  readonly machines: number
  readonly updates: number
}

const guid = (kind: string, index: number) => {
  const hex = createHash('sha256').update(`${kind} ${index}`).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-')
}

export function generatedWsus({ machines, updates }: Size, clock: () => Date): GeneratedWsus {
  const counted = nothing()
  const ids = Array.from({ length: machines }, (_, index) => guid('machine', index))
  const indexOf = new Map(ids.map((id, index) => [id, index]))
  const updateIds = Array.from({ length: updates }, (_, index) => guid('update', index))
  const born = clock().getTime()

  function machineRow(index: number): WsusMachine {
    const at = wireInstantOf(toIso(reportedAt(index, clock().getTime())))
    return {
      ...{ id: ids[index] ?? '', name: `srv-${String(index).padStart(6, '0')}.corp.example`, os: OS },
      ...{ address: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`, version: '10.0.20348.4300' },
      ...{ architecture: 'AMD64', role: 'Server', contactedAt: at, reportedAt: at, downstream: false },
      groups: [ALL_COMPUTERS, guid('group', index % GROUPS)],
    }
  }

  function updateRow(index: number): WsusUpdate {
    const kb = String(5_000_000 + index)
    const at = wireInstantOf(toIso(born - (updates - index) * 6 * HOUR_MS))
    const behaviour = { reboot: 'CanRequestReboot', asksUser: false } as const
    // Chains as of monthly cumulative updates: each replaces those before it in its year.
    const supersedes = index % 12 === 0 ? [] : updateIds.slice(Math.max(0, index - 12), index)
    return {
      ...{ id: updateIds[index] ?? '', revision: 200, kbs: [kb], severity: 'Important', kind: 'Software' },
      title: `2026-11 Security Update for Microsoft server operating system version 21H2 for x64-based Systems (KB${kb})`,
      ...{ classification: 'Security Updates', products: ['Microsoft Server operating system-21H2'] },
      ...{ releasedAt: at, arrivedAt: at, expired: false, declined: false, superseded: index % 12 !== 11, supersedes },
      install: { ...behaviour, supported: true },
      uninstall: { ...behaviour, supported: false },
      ...{ licence: { required: false, title: null }, content: 'Ready', local: false },
    }
  }

  function* installationsOf(index: number): Generator<WsusInstallation> {
    for (const { update, isInstalled } of saidBy(index, updates)) {
      const state = isInstalled ? 'Installed' : 'NotInstalled'
      const machine = ids[index] ?? ''
      yield { machine, update: updateIds[update] ?? '', state, action: 'NotApproved', group: ALL_COMPUTERS }
    }
  }

  function* within<T extends { readonly [Key in At]: string | null }, At extends string>(
    count: number,
    rowOf: (index: number) => T,
    at: At,
    { from, to }: { readonly from: string | null; readonly to: string | null },
  ): Generator<T> {
    for (let index = 0; index < count; index++) {
      const row = rowOf(index)
      const when = row[at] ?? ''
      if ((from === null || when >= from) && (to === null || when <= to)) yield row
    }
  }

  const answers: { readonly [Op in WsusOp]?: (data: Asked<Op>) => Iterable<unknown> | object } = {
    probe: () => ({
      ...{ server: 'WSUS01', version: '10.0.20348.1', role: 'Administrator', replica: false, targeting: 'Server' },
      ...{ machines, updates: null, synchronised: null, nextSynchronisation: null, automatic: [], approvals: null },
      ...{ languages: ['en'], culture: 'en', powershell: '5.1', edition: 'Desktop', bits64: true, codePage: 65001 },
      ...{ executionPolicy: [], clock: wireInstantOf(clock().toISOString()) },
    }),
    groups: () => [
      { id: ALL_COMPUTERS, name: 'All Computers', parent: null },
      ...Array.from({ length: GROUPS }, (_, index) => ({
        ...{ id: guid('group', index), name: `Group ${index}`, parent: ALL_COMPUTERS },
      })),
    ],
    machines: (asked) =>
      asked.ids === undefined
        ? within(machines, machineRow, 'reportedAt', asked)
        : asked.ids.map((id) => machineRow(indexOf.get(id) ?? 0)),
    updates: (asked) => within(updates, updateRow, 'arrivedAt', asked),
    *installations({ machines: asked }) {
      for (const id of asked) yield* installationsOf(indexOf.get(id) ?? 0)
    },
  }

  function envelopeOf<Op extends WsusOp>(op: Op, data: Asked<Op>): string {
    const found = (answers[op] as ((asked: Asked<Op>) => object) | undefined)?.(data)
    if (found === undefined) throw new Error(`The generated WSUS does not answer ${op}.`)
    const rows: unknown[] = []
    let truncated = false
    if (Symbol.iterator in found)
      for (const row of found as Iterable<unknown>) {
        truncated = rows.length === LIMIT
        if (truncated) break
        rows.push(row)
      }
    const at = wireInstantOf(clock().toISOString())
    const body = { v: 1, op, call: op, ok: true, server: 'WSUS01', at, truncated, error: null }
    const json = JSON.stringify({ ...body, data: Symbol.iterator in found ? rows : found })
    return `<<<PATCHWARDEN_JSON${Buffer.from(json).toString('base64')}PATCHWARDEN_JSON>>>\n`
  }

  const server: WsusServer = {
    describe: 'a generated WSUS',
    async call<Op extends WsusOp>(op: Op, data: Asked<Op>): Promise<WsusAnswer<Op>> {
      const began = performance.now()
      const printed = envelopeOf(op, data)
      counted.making += (performance.now() - began) / 1_000
      counted.requests++
      counted.bytes += printed.length
      const envelope = findAnswer(printed, op)
      if (envelope === null) throw new Error('The envelope has no answer.')
      return { data: wsusCalls[op].answers.parse(envelope.data) as Answered<Op>, truncated: envelope.truncated }
    },
  }
  return {
    server,
    counted,
    restart() {
      const before = { ...counted }
      Object.assign(counted, nothing())
      return before
    },
  }
}
