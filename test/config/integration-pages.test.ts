import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it, test } from 'vitest'
import { parse } from 'yaml'
import { jsonSchema, settingsSchema } from '../../src/integrations/configuration.ts'
import { feedKinds } from '../../src/integrations/feeds/registry.ts'

const folder = new URL('../../docs/integrations/', import.meta.url)
const pages = readdirSync(folder).map((page) => [page, readFileSync(new URL(page, folder), 'utf8')] as const)
const ofFeeds = new Set(['feeds.md', ...feedKinds.map(({ page }) => path.basename(page))])

/** Words of other systems, and of the files that are read, by page. */
const elsewhere: Readonly<Record<string, readonly string[]>> = {
  'ubuntu-oval.md': ['linux'],
  'ansible.md': ['when'],
  'aws-ssm.md': ['executionTimeout'],
  'debian-tracker.md': ['resolved', 'undetermined'],
  'file-catalog.md': ['fixedVersion', 'today', 'updates'],
  'file-inventory.md': [
    'bootId',
    'listsRefreshedAt',
    'observedAt',
    'rebootPackages',
    'rebootRequired',
    'runningKernel',
    'sourceVersion',
    'staleServices',
  ],
  'msrc.md': ['ver'],
  // What the state file of the simulated server holds.
  'wsus.md': ['copies', 'loseAnswers', 'mostRows', 'silentHours'],
  'configuration-manager.md': [
    'evaluatesAfterMinutes',
    'limitedOut',
    'loseAnswers',
    'pageRows',
    'restartsInverted',
    'shiftedHours',
    'smallNames',
  ],
  'manageengine.md': [
    'deploymentType',
    'forceRebootOption',
    'loseAnswers',
    'onlyLegacy',
    'pagesOf25',
    'samePage',
    'shownAfterMinutes',
    'signInPages',
    'tokenOver',
    'tooMany',
  ],
  'ivanti-security-controls.md': [
    'completedOn',
    'deployTemplates',
    'downloadFails',
    'loseAnswers',
    'neverComplete',
    'noAgents',
    'noOperation',
    'samePage',
    'shownAfterMinutes',
    'signInRefused',
  ],
  'osv.md': ['aliases', 'chainguard', 'related', 'upstream', 'withdrawn', 'wolfi'],
}

/** Keys, and words that may stand behind one. */
function wordsIn(schema: unknown, found: Set<string>): ReadonlySet<string> {
  if (typeof schema !== 'object' || schema === null) return found
  if ('properties' in schema) for (const key of Object.keys(schema.properties ?? {})) found.add(key)
  if ('enum' in schema && Array.isArray(schema.enum)) for (const value of schema.enum) found.add(String(value))
  if ('const' in schema) found.add(String(schema.const))
  for (const below of Object.values(schema)) wordsIn(below, found)
  return found
}
const settings = wordsIn(jsonSchema(), new Set())

/**
 * Words of a page that look like a setting and are none: what has a value behind it, is written likeThis, or, on the page of a
 * feed, is one word.
 */
function unknownSettings(page: string, text: string): readonly string[] {
  const named = [...text.matchAll(/(?<!`)`([a-z]+(?:[A-Z][a-z]*)*)(: [^`\n]*)?`(?!`)/g)].flatMap(
    ([, word = '', value]) => (value !== undefined || /[A-Z]/.test(word) || ofFeeds.has(page) ? word : []),
  )
  return [...new Set(named)]
    .filter((word) => !settings.has(word) && !elsewhere[page]?.includes(word))
    .map(
      (word) =>
        `docs/integrations/${page} names \`${word}\`, which is no setting. Mend it, or list it in "elsewhere" of this test.`,
    )
}

/** Pieces of patchwarden.yaml: fenced, or set in and beginning with a section. */
function piecesOf(text: string): readonly string[] {
  const fenced = [...text.matchAll(/```yaml\n(.*?)```/gs)].map(([, piece]) => piece ?? '')
  const setIn = [...text.matchAll(/(?:^ {4}.*\n|^\n(?= {4}))+/gm)].map(([piece]) => piece.replace(/^ {4}/gm, '').trim())
  const sections = Object.keys(jsonSchema().properties ?? {})
  return [...fenced, ...setIn.filter((piece) => sections.some((section) => piece.startsWith(`${section}:\n`)))]
}

describe('the pages of integrations', () => {
  test.each(pages)('%s names settings that exist', (page, text) => {
    expect(unknownSettings(page, text)).toEqual([])
    for (const piece of piecesOf(text)) expect(settingsSchema.safeParse(parse(piece)).error, piece).toBeUndefined()
  })

  it('are looked at: a setting that is none is found', () => {
    expect(pages.flatMap(([, text]) => piecesOf(text)).length).toBeGreaterThan(10)
    expect(unknownSettings('feeds.md', 'Give it `mirrors`; set `location`.')).toEqual([
      'docs/integrations/feeds.md names `mirrors`, which is no setting. Mend it, or list it in "elsewhere" of this test.',
    ])
    expect(unknownSettings('ssh.md', '`loginTimeout`, `reeboot: never`, `sudo`, `lockTimeout`')).toHaveLength(2)
  })

  it('have no word listed that they do not need', () => {
    const needless = Object.entries(elsewhere).flatMap(([page, words]) => {
      const text = pages.find(([name]) => name === page)?.[1] ?? ''
      return words.filter((word) => settings.has(word) || !text.includes(`\`${word}`)).map((word) => `${page} ${word}`)
    })
    expect(needless).toEqual([])
  })
})
