/**
 * A ManageEngine server of any size that holds nothing: each answer follows from the question and a seed. Its rows have the fields
 * of the simulated server.
 */

import { HOUR_MS } from '../../../src/core/time/instant.ts'
import type { Size } from './generated-wsus.ts'
import { reportedAt, saidBy } from './reported.ts'

const FIRST_MACHINE = 30_000_000_000_001
const FIRST_PATCH = 104_000
const OFFICES = 40
const PAGE = 1_000

type Row = Readonly<Record<string, unknown>>

export function generatedManageEngine({ machines, updates }: Size, clock: () => Date): typeof fetch {
  const born = clock().getTime()
  /** The first row of each machine in the list of all, and how many there are. */
  const firstRows = new Uint32Array(machines + 1)
  for (let index = 0; index < machines; index++)
    firstRows[index + 1] = (firstRows[index] ?? 0) + [...saidBy(index, updates)].length

  function patchRow(index: number): Row {
    const kb = String(5_000_000 + index)
    return {
      ...{
        patch_id: FIRST_PATCH + index,
        bulletin_id: `MS26-${index}`,
        sqnumber: kb,
        patch_name: `windows-kb${kb}.msu`,
      },
      patch_description: `2026-11 Security Update for Microsoft server operating system version 21H2 for x64-based Systems (KB${kb})`,
      ...{ update_name: 'Security Updates', patch_type: 0, platform: 1, platform_name: 'Windows', severity: 3 },
      ...{
        severity_name: 'dc.common.IMPORTANT',
        vendor_name: 'Microsoft',
        patch_noreboot: 0,
        patch_uninstall_status: 1,
      },
      patch_released_time: born - (updates - index) * 6 * HOUR_MS,
      // Chains as of monthly cumulative updates, a year long.
      superceded_by: index % 12 === 11 || index + 1 === updates ? 'NA' : String(FIRST_PATCH + index + 1),
      ...{ status_id: 0, status_label: 'dc.common.NOT_APPROVED' },
    }
  }

  const idOf = (index: number) => ({
    resource_id: FIRST_MACHINE + index,
    resource_id_string: String(FIRST_MACHINE + index),
  })
  const shortOf = (index: number) => `SRV-${String(index).padStart(6, '0')}`

  function systemRow(index: number): Row {
    return {
      ...idOf(index),
      ...{ resource_name: shortOf(index), full_name: `${shortOf(index).toLowerCase()}.corp.example` },
      ...{
        ip_address: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`,
        os_name: 'Windows Server 2022 Standard',
      },
      ...{ os_version: '10.0.20348.4300', os_platform: 1, os_platform_name: 'Windows', domain_netbios_name: 'CORP' },
      ...{ branch_office_name: `Office ${index % OFFICES}`, installation_status: 22, last_patched_time: '--' },
      agent_last_contact_time: reportedAt(index, clock().getTime()),
    }
  }

  function scanRow(index: number): Row {
    const at = reportedAt(index, clock().getTime())
    return { ...idOf(index), last_successful_scan: at, scan_status: '228', ComputerName: shortOf(index) }
  }

  function* stateRows(index: number): Generator<Row> {
    for (const { update, isInstalled } of saidBy(index, updates))
      yield {
        ...{ patch_id: FIRST_PATCH + update, update_id: 0, ...idOf(index), 'resource.name': shortOf(index) },
        ...{ bulletin_id: `MS26-${update}`, sqnumber: String(5_000_000 + update) },
        patch_description: `2026-11 Security Update for Microsoft server operating system version 21H2 for x64-based Systems (KB${5_000_000 + update})`,
        ...{
          patch_status: 0,
          affected_patch_status: isInstalled ? 201 : 202,
          install_error_code: isInstalled ? -1 : '--',
        },
        ...{ deploy_remarks: '--', 'collection.collection_name': '--' },
      }
  }

  /** The machine that has this row in the list of all. */
  function machineOfRow(row: number): number {
    let [low, high] = [0, machines - 1]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((firstRows[middle] ?? 0) <= row) low = middle
      else high = middle - 1
    }
    return low
  }

  function states(from: number, count: number, total: number): readonly Row[] {
    const rows: Row[] = []
    let index = from < total ? machineOfRow(from) : machines
    let skipped = from - (firstRows[index] ?? 0)
    for (; index < machines && rows.length < count; index++) {
      for (const row of stateRows(index)) {
        if (skipped-- > 0) continue
        if (rows.push(row) === count) break
      }
      skipped = 0
    }
    return rows
  }

  function listed(name: string, query: URLSearchParams, from: number): { total: number; rows: readonly Row[] } | null {
    const span = (total: number, rowOf: (index: number) => Row) => ({
      total,
      rows: Array.from({ length: Math.max(0, Math.min(PAGE, total - from)) }, (_, at) => rowOf(from + at)),
    })
    const one = query.get('selectedResourceId')
    switch (name) {
      case 'allPatches':
        return span(updates, patchRow)
      case 'allSystems':
        return span(machines, systemRow)
      case 'scanDetails':
        return span(machines, scanRow)
      case 'allPatchDetails': {
        if (one !== null) {
          const rows = [...stateRows(Number(one) - FIRST_MACHINE)]
          return { total: rows.length, rows: rows.slice(from, from + PAGE) }
        }
        const total = firstRows[machines] ?? 0
        return { total, rows: states(from, PAGE, total) }
      }
      default:
        return null
    }
  }

  return async (input) => {
    const { pathname, searchParams } = new URL(String(input))
    const from = (Number(searchParams.get('page') ?? 1) - 1) * PAGE
    const found = listed(pathname.split('/').at(-1) ?? '', searchParams, from)
    if (found === null) throw new Error(`The generated ManageEngine does not answer ${pathname}.`)
    const { total, rows } = found
    const totals = { totalRecords: String(total), totalPages: String(Math.ceil(total / PAGE)) }
    return Response.json({ metadata: { limit: PAGE }, ...totals, messageResponse: rows, status: 'success' })
  }
}
