/**
 * Reads rows of the AdminService. The case of its names differs between classes and versions; what begins with `__` or `@` is the
 * provider's own; days of 1970 and 1980 stand for "never".
 */

import { z } from 'zod'
import { schemaProblem } from '../feeds/schema-problem.ts'

type Row = Readonly<Record<string, unknown>>

export function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The fields by their names in small letters. */
function plain(row: Row): Row {
  return Object.fromEntries(
    Object.entries(row).flatMap(([name, value]) => (/^__|@/.test(name) ? [] : [[name.toLowerCase(), value]])),
  )
}

/** `schema`: with names in small letters. Throws a sentence for a row that lacks what identifies it. */
export function read<T>(schema: z.ZodType<T>, what: string, row: unknown): T {
  const parsed = schema.safeParse(isRow(row) ? plain(row) : row)
  if (parsed.success) return parsed.data
  throw new Error(`Configuration Manager gave a row of ${what} that cannot be read: ${schemaProblem(parsed.error)}`)
}

/** Rows of lists within a row. */
export const rowList = z
  .array(z.unknown())
  .nullish()
  .transform((list) => (list ?? []).filter(isRow).map(plain))

/** What the row must have. */
export const id = z.coerce.number().pipe(z.int().positive())
export const name = z.string().trim().min(1)
/** What it may lack. */
export const text = z
  .string()
  .trim()
  .nullish()
  .catch(null)
  .transform((value) => value || null)
export const yes = z
  .union([z.boolean(), z.literal([0, 1])])
  .nullish()
  .catch(null)
  .transform((value) => value === true || value === 1)
export const count = z
  .number()
  .nullish()
  .catch(null)
  .transform((value) => value ?? null)
export const ids = z
  .array(z.coerce.number())
  .nullish()
  .catch(null)
  .transform((list) => list ?? [])
export const texts = z
  .array(z.string())
  .nullish()
  .catch(null)
  .transform((list) => list ?? [])

/** ISO 8601 UTC; `null`: never, or not known. Without a zone it counts as UTC. */
export const instant = z
  .string()
  .nullish()
  .catch(null)
  .transform((value) => {
    if (!value) return null
    const at = Date.parse(/(?:Z|[+-]\d\d:?\d\d)$/i.test(value) ? value : `${value}Z`)
    const year = Number.isNaN(at) ? 0 : new Date(at).getUTCFullYear()
    return year < 1990 || year > 2100 ? null : new Date(at).toISOString()
  })
