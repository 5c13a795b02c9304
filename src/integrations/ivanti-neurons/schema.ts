/** What Ivanti Neurons for Patch Management answers, as far as it is read. */

import { z } from 'zod'

const someText = z
  .union([z.string(), z.number()])
  .nullish()
  .transform((value) => String(value ?? '').trim())

/** Instants come with a zone and without one; those without are in UTC. */
const instant = z
  .string()
  .nullish()
  .transform((value) => {
    const text = value ?? ''
    const at = Date.parse(/(?:Z|[+-]\d{2}:?\d{2})$/i.test(text) ? text : `${text}Z`)
    return Number.isNaN(at) || at < Date.UTC(2001, 0, 1) ? null : new Date(at).toISOString()
  })

const summary = z.object({ patchStatus: someText, kbNumber: someText })

const device = z.object({
  discoveryId: someText,
  machineName: someText,
  domainName: someText,
  ipAddress: someText,
  osName: someText,
  osVersion: someText,
  platform: someText,
  assignedPolicy: someText,
  lastScannedDate: instant,
  missingPatches: z.number().nullish(),
  deviceStatus: z
    .looseObject({ devicePatchSummaries: z.array(z.unknown()).nullish() })
    .nullish()
    .transform((status) => statusOf(status ?? {})),
})
export type NeuronsDevice = z.output<typeof device>

/** The flags `managedBy...` say which products of Ivanti manage the device. */
function statusOf(status: Readonly<Record<string, unknown>>) {
  const flags = Object.entries(status).filter(([name, value]) => /^managedBy/i.test(name) && typeof value === 'boolean')
  const rows = Array.isArray(status.devicePatchSummaries) ? status.devicePatchSummaries : []
  return {
    /** `null`: it does not say. */
    managed: flags.length === 0 ? null : flags.some(([, value]) => value === true),
    flags: flags.flatMap(([name, value]) => (value === true ? [name] : [])),
    patches: rows.flatMap((row) => {
      const parsed = summary.safeParse(row)
      return parsed.success ? [parsed.data] : []
    }),
  }
}

export const page = z.object({
  pageCount: z.number().int().nullish(),
  totalRecords: z.number().int().nullish(),
  data: z.array(z.unknown()).nullable(),
})

/** `null`: the row cannot be read, or names no device. */
export function deviceIn(value: unknown): NeuronsDevice | null {
  const parsed = device.safeParse(value)
  return parsed.success && parsed.data.discoveryId !== '' && parsed.data.machineName !== '' ? parsed.data : null
}

export const token = z.object({
  access_token: z.string().min(1),
  expires_in: z
    .union([z.number(), z.string()])
    .nullish()
    .transform((value) => Number(value ?? 0) || 0),
})
export const deployment = z.object({ deploymentStatus: someText })
