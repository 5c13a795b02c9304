/** Everything that reads or describes patchwarden.yaml, for the given kinds. */

import { type CrossCheck, crossCheck } from './cross-check.ts'
import { defaultConfig } from './default-config.ts'
import type { Environment } from './environment.ts'
import { type JsonSchema, jsonSchemaOf, knownKeys } from './json-schema.ts'
import type { Kind } from './kind.ts'
import { kindReference } from './kind-reference.ts'
import { type FileFormat, type LoadedConfig, loadConfig, type ParsedSettings, parseSettings } from './load.ts'
import type { Unread } from './notes.ts'
import { type Config, type Settings, type SettingsSchema, settingsSchemaOf } from './schema.ts'

export interface Configuration {
  readonly settingsSchema: SettingsSchema
  jsonSchema(): JsonSchema
  /** The list of kinds, as a part of docs/configuration.md. */
  kindReference(): string
  loadConfig(path: string | null, environment: Environment): LoadedConfig
  parseSettings(text: string, file: string): ParsedSettings
  crossCheck(settings: Settings, unread?: Unread): CrossCheck
  defaultConfig(cwd: string, dataDirectory?: string | null): Config
}

export function configurationOf(kinds: readonly Kind[]): Configuration {
  const schema = settingsSchemaOf(kinds)
  let described: JsonSchema | null = null
  function jsonSchema(): JsonSchema {
    described ??= jsonSchemaOf(schema)
    return described
  }
  const format: FileFormat = { kinds, schema, knownKeys: (path, root) => knownKeys(jsonSchema(), path, root) }
  return {
    settingsSchema: schema,
    jsonSchema,
    kindReference: () => kindReference(kinds),
    loadConfig: (path, environment) => loadConfig(format, path, environment),
    parseSettings: (text, file) => parseSettings(format, text, file),
    crossCheck: (settings, unread) => crossCheck(settings, kinds, unread),
    defaultConfig: (cwd, dataDirectory) => defaultConfig(schema, cwd, dataDirectory),
  }
}
