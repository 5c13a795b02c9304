/** What an action asks for is the same wherever it is asked, and may be left out everywhere or nowhere. */

import { describe, expect, test } from 'vitest'
import { type Ask, actionNames, type Question, questionsOf } from '../../src/chat/actions.ts'
import { consequenceOf } from '../../src/chat/consequence.ts'
import { optionsOf, patchCommand } from '../../src/chat/discord/commands.ts'
import { askModal as discordModal, fieldsOf } from '../../src/chat/discord/modal.ts'
import { inputsOf, refusedAt, askModal as slackModal } from '../../src/chat/slack/modal.ts'
import { argumentsOf } from '../../src/chat/slash.ts'
import { html } from '../../src/web/html.ts'
import { fieldHtml } from '../../src/web/pages/actions.ts'

/** Each question: whether it must be answered. */
type Shape = ReadonlyMap<string, boolean>

const until = '2026-12-31'
const owners = [{ id: 'mara', name: 'Mara' }]
const viewer = { person: 'mara' }

const inSlack = (questions: readonly Question[]): Shape =>
  new Map(inputsOf(questions, { owners, until }).map((block) => [block.block_id ?? '', block.optional === false]))

const inDiscord = (questions: readonly Question[]): Shape =>
  new Map(
    fieldsOf(questions, until)
      .flatMap(({ components }) => components)
      .map((field) => [field.custom_id, field.required]),
  )

const typedInDiscord = (questions: readonly Question[]): Shape =>
  new Map(optionsOf(questions).map(({ name, required }) => [name === 'because' ? 'reason' : name, required]))

const typed = (questions: readonly Question[]): Shape =>
  new Map(
    [...argumentsOf(questions).matchAll(/ (\[?)(\w+) <[^>]+>/g)].map(([, left, word = '']) => [
      word === 'because' ? 'reason' : word,
      left === '',
    ]),
  )

const inTheConsole = (questions: readonly Question[]): Shape =>
  new Map(
    [
      ...String(html`${questions.map((question) => fieldHtml(question, { viewer, owners, dates: null }))}`).matchAll(
        /<(?:input|select|textarea)\b([^>]*)>/g,
      ),
    ].map(([, attributes = '']) => [/name="(\w+)"/.exec(attributes)?.[1] ?? '', /\brequired\b/.test(attributes)]),
  )

const places: readonly [string, (questions: readonly Question[]) => Shape][] = [
  ['the dialog of Slack', inSlack],
  ['the dialog of Discord', inDiscord],
  ['the command of Discord', typedInDiscord],
  ['the form of the console', inTheConsole],
  ['what is typed after /patch', typed],
]

const asks = ['reason', 'until', 'owner', 'asset'] as const satisfies readonly Ask[]
/** The list above is all of them. */
const missing: Exclude<Ask, (typeof asks)[number]>[] = []

/** Every action that there could be: of each question none, one that must be answered, or one that may be left out. */
const shapes = [...asks, ...missing].reduce<readonly (readonly Question[])[]>(
  (before, ask) =>
    before.flatMap((questions) => [
      questions,
      ...[true, false].map((required) => [...questions, { ask, required, label: `The ${ask}` }]),
    ]),
  [[]],
)

describe.each(places)('%s', (_, shapeIn) => {
  test('asks what an action asks, and lets out what may be left out, whatever action it is', () => {
    expect(shapes).toHaveLength(81)
    for (const questions of shapes) {
      const expected = questions.map(({ ask, required }): [string, boolean] => [ask, required])
      expect([...shapeIn(questions)].sort()).toEqual([...expected].sort())
    }
  })
})

test('every action has the dialogs and the command of what it asks', () => {
  for (const action of actionNames) {
    const questions = questionsOf(action)
    const slack = slackModal({ proposal: 'PW-1', action, revision: 1, place: null }, { title: 't', owners, until })
    expect(slack.blocks.slice(2)).toEqual(inputsOf(questions, { owners, until }))
    const discord = discordModal({ action, proposal: 'PW-1', revision: 1, until })
    expect(discord.components.filter(({ type }) => type === 1)).toEqual(fieldsOf(questions, until))
    const command = patchCommand().options?.find(({ name }) => name === action)
    if (command !== undefined && 'options' in command)
      expect(command.options?.filter(({ name }) => name !== 'proposal')).toEqual(optionsOf(questions))
    // Slack closes no dialog whose refusal is said at an input that it has not.
    if (questions.length > 0) expect(slack.blocks.map((block) => block.block_id)).toContain(refusedAt(action, slack))
  }
})

test('a refusal lands on a field that the dialog has; where it has none, nowhere', () => {
  const dialog = (...ids: readonly string[]) => ({
    blocks: [{ type: 'section' }, ...ids.map((id) => ({ block_id: id }))],
  })
  expect(refusedAt('reject', dialog('reason', 'until'))).toBe('reason')
  expect(refusedAt('reject', dialog('owner', 'until'))).toBe('owner')
  expect(refusedAt('retry', dialog('asset'))).toBe('asset')
  expect(refusedAt('retry', dialog())).toBeNull()
  expect(refusedAt('reject', null)).toBeNull()
})

test('every dialog says what will happen, in the same words everywhere', () => {
  expect(consequenceOf('reject', 'PW-1')).toContain('One rejection closes PW-1')
  for (const action of actionNames) {
    const will = consequenceOf(action, 'PW-1')
    expect(will === null, action).toBe(questionsOf(action).length === 0)
    if (will === null) continue
    const about = { proposal: 'PW-1', action, revision: 1 }
    expect(JSON.stringify(slackModal({ ...about, place: null }, { title: 't', owners, until }))).toContain(will)
    expect(JSON.stringify(discordModal({ ...about, until }))).toContain(will)
  }
})

test.each([
  [
    'reject',
    [
      ['reason', true],
      ['owner', false],
      ['until', true],
    ],
  ],
  ['retry', [['asset', false]]],
  [
    'roll-back',
    [
      ['asset', false],
      ['reason', true],
    ],
  ],
  ['approve', []],
] as const)('%s asks %j', (action, expected) => {
  expect(questionsOf(action).map(({ ask, required }) => [ask, required])).toEqual(expected)
})
