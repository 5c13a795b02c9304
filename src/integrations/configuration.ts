/** patchwarden.yaml with every kind of integration that there is. */

import { configurationOf } from '../config/configuration.ts'
import { kinds } from './registry.ts'

export const { settingsSchema, jsonSchema, kindReference, loadConfig, parseSettings, crossCheck, defaultConfig } =
  configurationOf(kinds)
