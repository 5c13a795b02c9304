/** The configuration (patchwarden.yaml) with all kinds of integrations. */

import { configurationOf } from '../config/configuration.ts'
import { kinds } from './registry.ts'

export const { settingsSchema, jsonSchema, kindReference, loadConfig, parseSettings, crossCheck, defaultConfig } =
  configurationOf(kinds)
