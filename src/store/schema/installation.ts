/** Whether the database belongs to the example, and which Slack workspaces installed the app. */

import { boolean, pgTable, text } from 'drizzle-orm/pg-core'
import { instant } from './column-types.ts'

/**
 * One row: whether the database belongs to the labelled example. The example and a real configuration never share a
 * database.
 */
export const installation = pgTable('installation', {
  one: boolean('one').primaryKey().default(true),
  example: boolean('example').notNull(),
})

/**
 * Slack workspaces that installed the app by OAuth. `installation` is encrypted with a key made of the app's secret.
 */
export const slackInstallations = pgTable('slack_installations', {
  workspace: text('workspace').primaryKey(),
  name: text('name').notNull(),
  installation: text('installation').notNull(),
  installedAt: instant('installed_at').notNull(),
})
