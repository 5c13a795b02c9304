/** What Fleet answers, as far as it is read. Names changed with Fleet 4.82 (team became fleet), so both are read. */

import { z } from 'zod'

const text = z.string().max(10_000)
const someText = text.nullish().transform((value) => value ?? '')

/** Fleet writes a year before 2001 where something has never happened. */
const instant = text.nullish().transform((value) => {
  const at = Date.parse(value ?? '')
  return Number.isNaN(at) || at < Date.UTC(2001, 0, 1) ? null : new Date(at).toISOString()
})

const softwareRow = z.object({
  name: text,
  version: someText,
  release: someText,
  arch: someText,
  vendor: someText,
  source: someText,
})
export type SoftwareRow = z.output<typeof softwareRow>

const host = z
  .object({
    id: z.number().int().positive(),
    hostname: someText,
    computer_name: someText,
    uuid: someText,
    platform: someText,
    os_version: someText,
    cpu_type: someText,
    status: someText,
    primary_ip: someText,
    seen_time: instant,
    detail_updated_at: instant,
    software_updated_at: instant,
    team_name: someText,
    fleet_name: someText,
    /** Left out: the list was asked for without software. `null`: it has none. */
    software: z.array(z.unknown()).nullish(),
  })
  .transform(({ software, team_name, fleet_name, ...rest }) => ({
    ...rest,
    team: fleet_name || team_name,
    software: software === undefined ? undefined : rowsOf(software ?? []),
  }))
export type FleetHost = z.output<typeof host>

/** A row that cannot be read is left out, and counted. */
function rowsOf(values: readonly unknown[]) {
  const rows = values.flatMap((value) => {
    const parsed = softwareRow.safeParse(value)
    return parsed.success ? [parsed.data] : []
  })
  return { rows, unread: values.length - rows.length }
}

export const hostList = z.object({ hosts: z.array(z.unknown()).nullable() })
export const oneHost = z.object({ host })
export const hostCount = z.object({ count: z.number().int().nonnegative() })
export const version = z.object({ version: text })

/** A host of a list; `null`: it cannot be read. */
export function hostIn(value: unknown): FleetHost | null {
  const parsed = host.safeParse(value)
  return parsed.success ? parsed.data : null
}

export const liveAnswer = z.object({
  host_id: z.number().int(),
  status: someText,
  error: text.nullish().transform((value) => value ?? null),
  rows: z
    .array(
      z.record(
        z.string(),
        z.union([z.string(), z.number(), z.null()]).transform((value) => String(value ?? '')),
      ),
    )
    .nullish()
    .transform((rows) => rows ?? []),
})
