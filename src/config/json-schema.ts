/** The settings schema as JSON Schema, for editors and for finding the known keys of a group. */

import { z } from 'zod'
import { valueAt } from './explain-issue.ts'
import type { SettingsSchema } from './schema.ts'

export type JsonSchema = z.core.JSONSchema.JSONSchema

/** The content of `patchwarden.schema.json`. */
export function jsonSchemaOf(settingsSchema: SettingsSchema): JsonSchema {
  const { $schema, ...schema } = z.toJSONSchema(settingsSchema, { io: 'input' })
  return {
    ...($schema === undefined ? {} : { $schema }),
    title: 'patchwarden.yaml',
    description: 'Configuration of Patchwarden. Secrets never stand here; they come from the environment.',
    ...schema,
  }
}

/** Keys that the group at `path` may have. If the group has a `kind`, these are the keys of that kind. */
export function knownKeys(whole: JsonSchema, path: readonly PropertyKey[], root: unknown): readonly string[] {
  let shapes: readonly JsonSchema[] = shapesOf(whole, root)
  for (const [index, segment] of path.entries()) {
    const value = valueAt(root, path.slice(0, index + 1))
    shapes = shapes.flatMap((shape) => below(shape, segment)).flatMap((shape) => shapesOf(shape, value))
  }
  return [...new Set(shapes.flatMap((shape) => Object.keys(shape.properties ?? {})))]
}

function below(shape: JsonSchema, segment: PropertyKey): readonly JsonSchema[] {
  if (typeof segment === 'number') return asSchemas(shape.items)
  const property = shape.properties?.[String(segment)]
  return asSchemas(property ?? shape.additionalProperties)
}

/** The alternatives of a shape that the value may have; those with the value's `kind`, if there are any. */
function shapesOf(shape: JsonSchema, value: unknown): readonly JsonSchema[] {
  const options = [...(shape.oneOf ?? []), ...(shape.anyOf ?? [])].flatMap((option) => asSchemas(option))
  if (options.length === 0) return [shape]
  const kind = valueAt(value, ['kind'])
  const same = options.filter((option) => asSchemas(option.properties?.kind).some(({ const: own }) => own === kind))
  return (same.length > 0 ? same : options).flatMap((option) => shapesOf(option, value))
}

function asSchemas(schema: JsonSchema['items']): readonly JsonSchema[] {
  return typeof schema === 'object' && !Array.isArray(schema) ? [schema] : []
}
