/** A kind as a newcomer would add one: it plays every role that there is, and nothing else in the house knows it. */

import { z } from 'zod'
import { changedBy, everyInventory, facts, tagsOfAll } from '../../../src/config/asset-settings.ts'
import { everyFeed, location } from '../../../src/config/feed-settings.ts'
import { count, filePath, reference, text } from '../../../src/config/fields.ts'
import { fallback } from '../../../src/config/group-settings.ts'
import { kind } from '../../../src/config/kind.ts'
import { formed } from '../../../src/core/variables.ts'
import { notebookEngine, notebookFeed, notebookInventory } from './notebook.ts'

const book = filePath.describe('The notebook.')
const pages = count(1, 100, 'Write how many pages it has: 1 to 100.').default(10).describe('How many pages it has.')

export const notebook = kind({
  name: 'notebook',
  page: 'integrations/file-inventory.md',
  variables: {
    about: 'A notebook that is locked.',
    named: {
      NOTEBOOK_KEY: {
        meaning: 'the key of the notebook',
        example: '...',
        secret: true,
        required: true,
        mistake: formed(/^\d+$/, 'Write the number on the key.'),
      },
    },
  },
  open: () => ({ opened: Symbol('a connection') }),
  roles: {
    inventory: {
      summary: 'Assets that somebody wrote down.',
      looksAt: 'a list',
      settings: z.strictObject({ book, pages, engine: changedBy, ...facts, tags: tagsOfAll }),
      paths: { book: 'path' },
      check({ team }, _, notes) {
        if (team === null) notes.problem(['team'], 'is missing', 'Write the team that owns what is in the notebook.')
      },
      create: (source, { name, connection }) => notebookInventory(name, source.book, source.engine, connection.opened),
    },
    engine: {
      summary: 'Crosses out what was patched.',
      settings: z.strictObject({ pen: text('Write the colour of a pen, such as red.').describe('The pen.') }),
      obstacle: (_, source) =>
        source.kind === 'notebook'
          ? null
          : { what: 'writes in notebooks alone', mend: 'Name an engine that changes machines.' },
      create: ({ pen }, { name, connection }) => notebookEngine(name, pen, connection.opened),
    },
    feed: {
      summary: 'What somebody heard of.',
      settings: z.strictObject({ location: location.describe('Address or path.'), ...everyFeed }),
      paths: { location: 'address or path' },
      create: (feed, { name }) => notebookFeed(name, feed.location),
    },
    metrics: {
      summary: 'A number that somebody wrote down.',
      settings: z.strictObject({ page: pages }),
      create: ({ page }, { name, values }) => ({
        name,
        describe: `page ${page}${values.NOTEBOOK_KEY === undefined ? '' : ', unlocked'}`,
        value: async () => page,
      }),
    },
    load: {
      summary: 'Numbers that somebody wrote down.',
      settings: z.strictObject({ source: reference('a metric source').describe('A name from metrics.') }),
      refersTo: ({ source }) => [{ path: ['source'], section: 'metrics', name: source }],
      create: ({ source }, { name }) => ({ name, describe: source, history: async () => [] }),
    },
    silence: {
      summary: 'A finger on the lips.',
      settings: z.strictObject({ finger: text('Write which finger.').describe('Which finger.') }),
      create: ({ finger }, { name }) => ({ name, describe: finger, hold: async () => {}, release: async () => {} }),
    },
    onCall: {
      summary: 'Whose name is on the cover.',
      settings: z.strictObject({ cover: text('Write a name.').describe('The name.'), fallback }),
      create: ({ cover }) => ({ describe: 'the cover', names: async () => [cover] }),
    },
  },
  system: {
    summary: 'A notebook and a pen.',
    connection: z.strictObject({ book }),
    inventory: z.strictObject({ pages, ...everyInventory }),
    engine: z.strictObject({ pen: text('Write the colour of a pen, such as red.').describe('The pen.') }),
  },
})
