/** How assets of several sources become one machine. */

import { z } from 'zod'
import type { WitnessedFact } from '../core/witnesses.ts'
import { reference } from './fields.ts'

const idMend = 'Write the source and the name of the asset, such as ssh/web01.'
const assetId = z.string({ error: idMend }).regex(/^[^/]+\/.+$/, { error: idMend })
const listsMend = 'Write lists of assets, such as [[ssh/db01, wsus/SRV0012]].'
const lists = z
  .array(z.array(assetId, { error: listsMend }).min(2, { error: 'Write at least two assets.' }), { error: listsMend })
  .max(10_000, { error: 'Use at most 10,000 lists.' })
  .default([])

const sources = z
  .array(reference('a source'), { error: 'Write a list of sources, such as [ssh, wsus].' })
  .max(1_000, { error: 'Use at most 1,000 sources.' })

const facts = z.strictObject({
  look: sources.default([]).describe('Sources that count first for software, platform and reboots.'),
  change: sources.default([]).describe('Sources whose engine comes first to change it.'),
  team: sources.default([]).describe('Sources that count first for the team.'),
  exposure: sources.default([]).describe('Sources that count first for the exposure.'),
  criticality: sources.default([]).describe('Sources that count first for the criticality.'),
  timeZone: sources.default([]).describe('Sources that count first for the time zone.'),
} satisfies Record<WitnessedFact, z.ZodType>)

export const machines = z.strictObject({
  order: sources
    .default([])
    .describe(
      'Sources in the order in which they count for a machine that several know. The others follow: those that look at machines, those that manage them, those that only watch them, files.',
    ),
  facts: facts.prefault({}).describe('Sources that come before that order for a single fact.'),
  same: lists.describe('Assets that are one machine although nothing that they say shows it: a list for each machine.'),
  apart: lists.describe('Assets that are different machines whatever they say: lists of them.'),
})
