/** Every count and length, at its edge and one over, posted through the real HTTP client. */

import { type APIMessage, type RequestData, Routes } from 'discord.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFakeDiscord, type FakeDiscord } from './fake-discord.ts'
import { asObject, isObject, type Json } from './json.ts'
import { refusal, restOf } from './with-client.ts'

const plenty = { limit: 100_000, windowMilliseconds: 1000 }
let discord: FakeDiscord
let channelId = ''
let guildId = ''

beforeAll(async () => {
  const limits = {
    messageCreate: plenty,
    global: plenty,
    otherRoutes: plenty,
    threadCreate: plenty,
    commandCreatesPerDay: 1e6,
  }
  discord = await createFakeDiscord({ limits })
  const guild = discord.addGuild()
  guildId = guild.id
  channelId = discord.addChannel(guild, 'patches').id
})
afterAll(() => discord.close())

const v2 = { flags: 1 << 15 }

function x(length: number): string {
  return 'x'.repeat(length)
}

function many<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index))
}

function button(extra: Json = {}, index = 0): Json {
  return { type: 2, style: 1, label: 'Approve', custom_id: `b${index}`, ...extra }
}

function row(...components: Json[]): Json {
  return { type: 1, components }
}

function say(content: string): Json {
  return { type: 10, content }
}

function menu(extra: Json = {}): Json {
  return { type: 3, custom_id: 'menu', options: [{ label: 'a', value: 'a' }], ...extra }
}

function section(count: number): Json {
  return { type: 9, components: many(count, () => say('x')), accessory: button() }
}

/** The codes of a nested error and where they are: `components.0.custom_id BASE_TYPE_MAX_LENGTH`. */
function reasons(errors: unknown, at: readonly string[] = []): string[] {
  if (!isObject(errors)) return []
  return Object.entries(errors).flatMap(([key, value]) =>
    key === '_errors' && Array.isArray(value)
      ? value.map((one) => `${at.join('.')} ${asObject(one).code}`)
      : reasons(value, [...at, key]),
  )
}

async function refusedBecause(request: Promise<unknown>): Promise<string[]> {
  const error = asObject(await refusal(request))
  if (error.code !== 50035) return [`${error.status} ${error.code}`]
  return reasons(error.errors)
}

type Case = readonly [what: string, fits: Json, tooMuch: Json, reason: string]

const messages: readonly Case[] = [
  ['content', { content: x(2000) }, { content: x(2001) }, 'content BASE_TYPE_MAX_LENGTH'],
  ['a message', { content: 'x' }, { content: ' ' }, '400 50006'],
  ['nonce', { content: 'x', nonce: x(25) }, { content: 'x', nonce: x(26) }, 'nonce BASE_TYPE_MAX_LENGTH'],
  [
    'embeds',
    { embeds: many(10, () => ({ title: 'x' })) },
    { embeds: many(11, () => ({ title: 'x' })) },
    'embeds BASE_TYPE_MAX_LENGTH',
  ],
  [
    'embed title',
    { embeds: [{ title: x(256) }] },
    { embeds: [{ title: x(257) }] },
    'embeds.0.title BASE_TYPE_MAX_LENGTH',
  ],
  [
    'embed description',
    { embeds: [{ description: x(4096) }] },
    { embeds: [{ description: x(4097) }] },
    'embeds.0.description BASE_TYPE_MAX_LENGTH',
  ],
  [
    'embed fields',
    { embeds: [{ fields: many(25, () => ({ name: 'n', value: 'v' })) }] },
    { embeds: [{ fields: many(26, () => ({ name: 'n', value: 'v' })) }] },
    'embeds.0.fields BASE_TYPE_MAX_LENGTH',
  ],
  [
    'field name',
    { embeds: [{ fields: [{ name: x(256), value: 'v' }] }] },
    { embeds: [{ fields: [{ name: x(257), value: 'v' }] }] },
    'embeds.0.fields.0.name BASE_TYPE_BAD_LENGTH',
  ],
  [
    'field value',
    { embeds: [{ fields: [{ name: 'n', value: x(1024) }] }] },
    { embeds: [{ fields: [{ name: 'n', value: x(1025) }] }] },
    'embeds.0.fields.0.value BASE_TYPE_BAD_LENGTH',
  ],
  [
    'footer',
    { embeds: [{ footer: { text: x(2048) } }] },
    { embeds: [{ footer: { text: x(2049) } }] },
    'embeds.0.footer.text BASE_TYPE_MAX_LENGTH',
  ],
  [
    'author',
    { embeds: [{ author: { name: x(256) } }] },
    { embeds: [{ author: { name: x(257) } }] },
    'embeds.0.author.name BASE_TYPE_MAX_LENGTH',
  ],
  [
    'all embeds',
    { embeds: [{ description: x(3000) }, { description: x(3000) }] },
    { embeds: [{ description: x(3000) }, { description: x(3001) }] },
    'embeds MAX_EMBED_SIZE_EXCEEDED',
  ],
  [
    'rows',
    { components: many(5, (i) => row(button({}, i))) },
    { components: many(6, (i) => row(button({}, i))) },
    'components BASE_TYPE_MAX_LENGTH',
  ],
  [
    'buttons of a row',
    { components: [row(...many(5, (i) => button({}, i)))] },
    { components: [row(...many(6, (i) => button({}, i)))] },
    'components.0.components BASE_TYPE_BAD_LENGTH',
  ],
  [
    'a menu fills its row',
    { components: [row(menu())] },
    { components: [row(menu(), button())] },
    'components.0.components.1 COMPONENT_LAYOUT_WIDTH_EXCEEDED',
  ],
  [
    'button label',
    { components: [row(button({ label: x(80) }))] },
    { components: [row(button({ label: x(81) }))] },
    'components.0.components.0.label BASE_TYPE_MAX_LENGTH',
  ],
  [
    'custom_id',
    { components: [row(button({ custom_id: x(100) }))] },
    { components: [row(button({ custom_id: x(101) }))] },
    'components.0.components.0.custom_id BASE_TYPE_BAD_LENGTH',
  ],
  [
    'custom_id is unique',
    { components: [row(button(), button({}, 1))] },
    { components: [row(button()), row(button())] },
    'components.1.components.0.custom_id COMPONENT_CUSTOM_ID_DUPLICATED',
  ],
  [
    'a link has no custom_id',
    { components: [row(button({ style: 5, url: 'https://a.example', custom_id: undefined }))] },
    { components: [row(button({ style: 5, url: 'https://a.example' }))] },
    'components.0.components.0 BUTTON_COMPONENT_CUSTOM_ID_AND_URL',
  ],
  [
    'a link is one',
    { components: [row(button({ style: 5, url: `https://a.example/${x(494)}`, custom_id: undefined }))] },
    { components: [row(button({ style: 5, url: 'javascript:alert(1)', custom_id: undefined }))] },
    'components.0.components.0.url URL_TYPE_INVALID_SCHEME',
  ],
  [
    'options',
    { components: [row(menu({ options: many(25, (i) => ({ label: 'l', value: `${i}` })) }))] },
    { components: [row(menu({ options: many(26, (i) => ({ label: 'l', value: `${i}` })) }))] },
    'components.0.components.0.options BASE_TYPE_BAD_LENGTH',
  ],
  [
    'option label',
    { components: [row(menu({ options: [{ label: x(100), value: 'v' }] }))] },
    { components: [row(menu({ options: [{ label: x(101), value: 'v' }] }))] },
    'components.0.components.0.options.0.label BASE_TYPE_BAD_LENGTH',
  ],
  [
    'option description',
    { components: [row(menu({ options: [{ label: 'l', value: 'v', description: x(100) }] }))] },
    { components: [row(menu({ options: [{ label: 'l', value: 'v', description: x(101) }] }))] },
    'components.0.components.0.options.0.description BASE_TYPE_MAX_LENGTH',
  ],
  [
    'option values are unique',
    { components: [row(menu())] },
    { components: [row(menu({ options: many(2, () => ({ label: 'l', value: 'v' })) }))] },
    'components.0.components.0.options.1 SELECT_COMPONENT_OPTION_VALUE_DUPLICATED',
  ],
  [
    'placeholder',
    { components: [row(menu({ placeholder: x(150) }))] },
    { components: [row(menu({ placeholder: x(151) }))] },
    'components.0.components.0.placeholder BASE_TYPE_MAX_LENGTH',
  ],
  [
    'allowed mentions',
    { content: 'x', allowed_mentions: { users: many(100, String) } },
    { content: 'x', allowed_mentions: { parse: ['users'], users: ['1'] } },
    'allowed_mentions MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE',
  ],

  [
    'V2 needs its flag',
    { ...v2, components: [say('x')] },
    { components: [say('x')] },
    'components.0 UNION_TYPE_CHOICES',
  ],
  [
    'V2 without content',
    { ...v2, components: [say('x')] },
    { ...v2, content: 'x', components: [say('x')] },
    'content MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2',
  ],
  [
    'V2 without embeds',
    { ...v2, components: [say('x')] },
    { ...v2, embeds: [{ title: 'x' }], components: [say('x')] },
    'embeds MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2',
  ],
  [
    'V2 without a poll',
    { ...v2, components: [say('x')] },
    { ...v2, poll: { question: {} }, components: [say('x')] },
    'poll MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2',
  ],
  [
    '40 components, nested ones too',
    { ...v2, components: [{ type: 17, components: many(39, () => say('x')) }] },
    { ...v2, components: [{ type: 17, components: many(40, () => say('x')) }] },
    'components COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED',
  ],
  [
    'accessories count',
    { ...v2, components: many(13, (i) => ({ ...section(1), accessory: button({}, i) })) },
    { ...v2, components: many(14, (i) => ({ ...section(1), accessory: button({}, i) })) },
    'components COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED',
  ],
  [
    '4,000 characters in all',
    { ...v2, components: [say(x(2000)), { type: 17, components: [say(x(2000))] }] },
    { ...v2, components: [say(x(2000)), { type: 17, components: [say(x(2001))] }] },
    'components COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED',
  ],
  [
    '10,170 bytes of text',
    { ...v2, components: [say('日'.repeat(3386))] },
    { ...v2, components: [say('日'.repeat(3387))] },
    '500 0',
  ],
  [
    'texts of a section',
    { ...v2, components: [section(3)] },
    { ...v2, components: [section(4)] },
    'components.0.components BASE_TYPE_BAD_LENGTH',
  ],
  [
    'a section needs an accessory',
    { ...v2, components: [section(1)] },
    { ...v2, components: [{ type: 9, components: [say('x')] }] },
    'components.0.accessory BASE_TYPE_REQUIRED',
  ],
  [
    'no container in a container',
    { ...v2, components: [{ type: 17, components: [say('x')] }] },
    { ...v2, components: [{ type: 17, components: [{ type: 17, components: [say('x')] }] }] },
    'components.0.components.0 UNION_TYPE_CHOICES',
  ],
  [
    'no button outside a row',
    { ...v2, components: [row(button())] },
    { ...v2, components: [button()] },
    'components.0 UNION_TYPE_CHOICES',
  ],
  [
    'an empty text',
    { ...v2, components: [say('x')] },
    { ...v2, components: [say('')] },
    'components.0.content BASE_TYPE_BAD_LENGTH',
  ],
  [
    'a gallery',
    { ...v2, components: [{ type: 12, items: many(10, () => ({ media: { url: 'https://a.example/a.png' } })) }] },
    { ...v2, components: [{ type: 12, items: many(11, () => ({ media: { url: 'https://a.example/a.png' } })) }] },
    'components.0.items BASE_TYPE_BAD_LENGTH',
  ],
  [
    'a file that is not attached',
    { ...v2, components: [say('x')] },
    { ...v2, components: [{ type: 13, file: { url: 'attachment://plan.txt' } }] },
    'components.0.file.url UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND',
  ],
]

describe('a message', () => {
  it.each(messages)('%s', async (_what, fits, tooMuch, reason) => {
    const rest = restOf(discord)
    await rest.post(Routes.channelMessages(channelId), { body: fits })
    expect(await refusedBecause(rest.post(Routes.channelMessages(channelId), { body: tooMuch }))).toContain(reason)
  })

  it('takes ten files of 10 MiB, and shows an attached one in a component', async () => {
    const rest = restOf(discord)
    function files(count: number, size: number): RequestData {
      return {
        files: many(count, (i) => ({ name: `${i}.txt`, data: Buffer.alloc(size), contentType: 'text/plain' })),
        body: {},
      }
    }
    const post = (data: RequestData): Promise<unknown> => rest.post(Routes.channelMessages(channelId), data)
    await post(files(10, 10))
    expect(await refusedBecause(post(files(11, 10)))).toContain('attachments BASE_TYPE_MAX_LENGTH')
    expect(await refusedBecause(post(files(1, 10 * 1024 * 1024 + 1)))).toEqual(['413 40005'])
    const shown = { ...v2, components: [{ type: 13, file: { url: 'attachment://0.txt' } }] }
    await post({ ...files(1, 10), body: shown })
  })
})

describe('a file that a card shows', () => {
  const card = (name: string) => ({
    ...v2,
    components: [{ type: 17, components: [{ type: 12, items: [{ media: { url: `attachment://${name}` } }] }] }],
  })
  const png = (name: string) => [{ name, data: Buffer.from('png'), contentType: 'image/png' }]
  const edit = (id: string, body: object, files: RequestData['files'] = []) =>
    restOf(discord).patch(Routes.channelMessage(channelId, id), { body, files })

  it('is kept by its id and its name, and is not in the list of attachments', async () => {
    const rest = restOf(discord)
    const posted = await rest.post(Routes.channelMessages(channelId), { body: card('a.png'), files: png('a.png') })
    const { id, attachments } = posted as APIMessage
    expect(attachments).toEqual([])
    const [, shown = ''] = /"attachment_id":"(\d+)"/.exec(JSON.stringify(posted)) ?? []
    const reason = 'UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND'
    expect(String(await refusedBecause(edit(id, card('a.png'))))).toContain(reason)
    expect(String(await refusedBecause(edit(id, { ...card('a.png'), attachments: [{ id: shown }] })))).toContain(reason)
    const kept = await edit(id, { ...card('a.png'), attachments: [{ id: shown, filename: 'a.png' }] })
    expect(JSON.stringify(kept)).toContain(shown)
    // A new one is listed by its number in the request; the old one, which is not, is gone.
    expect(String(await refusedBecause(edit(id, { ...card('b.png'), attachments: [] }, png('b.png'))))).toContain(
      reason,
    )
    const next = await edit(id, { ...card('b.png'), attachments: [{ id: '0', filename: 'b.png' }] }, png('b.png'))
    expect(JSON.stringify(next)).not.toContain(shown)
  })
})

const threads: readonly Case[] = [
  ['name', { name: x(100) }, { name: x(101) }, 'name BASE_TYPE_BAD_LENGTH'],
  ['a name is needed', { name: 'x' }, {}, 'name BASE_TYPE_REQUIRED'],
  [
    'duration',
    { name: 'x', auto_archive_duration: 10080 },
    { name: 'x', auto_archive_duration: 61 },
    'auto_archive_duration BASE_TYPE_CHOICES',
  ],
]

describe('a thread', () => {
  it.each(threads)('%s', async (_what, fits, tooMuch, reason) => {
    const rest = restOf(discord)
    const start = (body: Json): Promise<unknown> => {
      const { id } = discord.say(discord.botId, channelId, 'card')
      return rest.post(Routes.threads(channelId, id), { body })
    }
    await start(fits)
    expect(await refusedBecause(start(tooMuch))).toContain(reason)
  })
})

function command(extra: Json = {}): Json {
  return { name: 'patch', description: 'Patches', ...extra }
}

function option(extra: Json = {}): Json {
  return { type: 3, name: 'id', description: 'Which', ...extra }
}

const commands: readonly (readonly [string, readonly Json[], readonly Json[], string])[] = [
  ['name', [command({ name: x(32) })], [command({ name: x(33) })], '0.name BASE_TYPE_BAD_LENGTH'],
  [
    'a name in small letters',
    [command({ name: 'patch-status' })],
    [command({ name: 'Patch Status' })],
    '0.name APPLICATION_COMMAND_INVALID_NAME',
  ],
  [
    'description',
    [command({ description: x(100) })],
    [command({ description: x(101) })],
    '0.description BASE_TYPE_BAD_LENGTH',
  ],
  [
    'options',
    [command({ options: many(25, (i) => option({ name: `o${i}` })) })],
    [command({ options: many(26, (i) => option({ name: `o${i}` })) })],
    '0.options BASE_TYPE_MAX_LENGTH',
  ],
  [
    'choices',
    [command({ options: [option({ choices: many(25, (i) => ({ name: 'n', value: `${i}` })) })] })],
    [command({ options: [option({ choices: many(26, (i) => ({ name: 'n', value: `${i}` })) })] })],
    '0.options.0.choices BASE_TYPE_MAX_LENGTH',
  ],
  [
    'choice name',
    [command({ options: [option({ choices: [{ name: x(100), value: 'v' }] })] })],
    [command({ options: [option({ choices: [{ name: x(101), value: 'v' }] })] })],
    '0.options.0.choices.0.name BASE_TYPE_BAD_LENGTH',
  ],
  [
    'choice value',
    [command({ options: [option({ choices: [{ name: 'n', value: x(100) }] })] })],
    [command({ options: [option({ choices: [{ name: 'n', value: x(101) }] })] })],
    '0.options.0.choices.0.value BASE_TYPE_MAX_LENGTH',
  ],
  [
    'required options first',
    [command({ options: [option({ required: true }), option({ name: 'why' })] })],
    [command({ options: [option({ name: 'why' }), option({ required: true })] })],
    '0.options.1 APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID',
  ],
  [
    'subcommands in groups, no deeper',
    [command({ options: [option({ type: 2, options: [option({ type: 1, options: [option()] })] })] })],
    [command({ options: [option({ type: 2, options: [option({ type: 2 })] })] })],
    '0.options.0.options.0.type APPLICATION_COMMAND_OPTIONS_TYPE_INVALID',
  ],
  [
    'choices or autocomplete',
    [command({ options: [option({ autocomplete: true })] })],
    [command({ options: [option({ autocomplete: true, choices: [{ name: 'n', value: 'v' }] })] })],
    '0.options.0.autocomplete APPLICATION_COMMAND_AUTOCOMPLETE_INVALID',
  ],
  ['unique names', [command()], [command(), command()], '1.name APPLICATION_COMMANDS_DUPLICATE_NAME'],
  [
    '8,000 characters',
    [
      command({
        options: many(25, (i) =>
          option({ name: `o${i}`, description: x(100), choices: [{ name: x(100), value: x(100) }] }),
        ),
      }),
    ],
    [
      command({
        options: many(25, (i) =>
          option({
            name: `o${i}`,
            description: x(100),
            choices: many(2, (j) => ({ name: x(100), value: `${j}${x(99)}` })),
          }),
        ),
      }),
    ],
    '0 APPLICATION_COMMAND_TOO_LARGE',
  ],
  [
    '100 commands',
    many(100, (i) => command({ name: `c${i}` })),
    many(101, (i) => command({ name: `c${i}` })),
    '400 30032',
  ],
  [
    '15 of a message menu',
    many(15, (i) => ({ type: 3, name: `c${i}` })),
    many(16, (i) => ({ type: 3, name: `c${i}` })),
    '400 30032',
  ],
]

describe('a command', () => {
  it.each(commands)('%s', async (_what, fits, tooMuch, reason) => {
    const put = (body: readonly Json[]): Promise<unknown> =>
      restOf(discord).put(Routes.applicationGuildCommands(discord.applicationId, guildId), { body })
    await put(fits)
    expect(discord.commands(guildId)).toHaveLength(fits.length)
    expect(await refusedBecause(put(tooMuch))).toContain(reason)
  })

  it('is made 200 times a day', async () => {
    const own = await createFakeDiscord()
    const guild = own.addGuild()
    const route = Routes.applicationGuildCommands(own.applicationId, guild.id)
    const put = (prefix: string): Promise<unknown> =>
      restOf(own).put(route, { body: many(100, (i) => command({ name: `${prefix}${i}` })) })
    await put('a')
    await put('a')
    await put('b')
    expect(await refusedBecause(put('c'))).toEqual(['400 30034'])
    own.advance(86_400_001)
    await put('c')
    await own.close()
  })
})

function input(extra: Json = {}): Json {
  return { type: 4, custom_id: 'reason', style: 2, ...extra }
}

function modal(component: Json, extra: Json = {}): Json {
  return { custom_id: 'deny', title: 'Deny', components: [{ type: 18, label: 'Why?', component }], ...extra }
}

const modals: readonly Case[] = [
  ['title', modal(input(), { title: x(45) }), modal(input(), { title: x(46) }), 'data.title BASE_TYPE_BAD_LENGTH'],
  [
    'label',
    modal(input(), { components: [{ type: 18, label: x(45), component: input() }] }),
    modal(input(), { components: [{ type: 18, label: x(46), component: input() }] }),
    'data.components.0.label BASE_TYPE_BAD_LENGTH',
  ],
  [
    'label description',
    modal(input(), { components: [{ type: 18, label: 'l', description: x(100), component: input() }] }),
    modal(input(), { components: [{ type: 18, label: 'l', description: x(101), component: input() }] }),
    'data.components.0.description BASE_TYPE_BAD_LENGTH',
  ],
  [
    'five parts',
    modal(input(), { components: many(5, (i) => ({ type: 18, label: 'l', component: input({ custom_id: `${i}` }) })) }),
    modal(input(), { components: many(6, (i) => ({ type: 18, label: 'l', component: input({ custom_id: `${i}` }) })) }),
    'data.components BASE_TYPE_BAD_LENGTH',
  ],
  [
    'value',
    modal(input({ value: x(4000) })),
    modal(input({ value: x(4001) })),
    'data.components.0.component.value BASE_TYPE_MAX_LENGTH',
  ],
  [
    'max_length',
    modal(input({ max_length: 4000 })),
    modal(input({ max_length: 4001 })),
    'data.components.0.component.max_length NUMBER_TYPE_MAX',
  ],
  [
    'placeholder',
    modal(input({ placeholder: x(100) })),
    modal(input({ placeholder: x(101) })),
    'data.components.0.component.placeholder BASE_TYPE_MAX_LENGTH',
  ],
  [
    'no label of its own',
    modal(input()),
    modal(input({ label: 'x' })),
    'data.components.0.component.label TEXT_INPUT_LABEL_IN_LABEL',
  ],
  ['no button', modal(input()), modal(button()), 'data.components.0.component UNION_TYPE_CHOICES'],
  [
    'no disabled menu',
    modal(menu()),
    modal(menu({ disabled: true })),
    'data.components.0.component.disabled COMPONENT_DISABLED_IN_MODAL',
  ],
  [
    'radio options',
    modal({ type: 21, custom_id: 'r', options: many(10, (i) => ({ label: 'l', value: `${i}` })) }),
    modal({ type: 21, custom_id: 'r', options: many(11, (i) => ({ label: 'l', value: `${i}` })) }),
    'data.components.0.component.options BASE_TYPE_BAD_LENGTH',
  ],
]

/** An interaction that waits for its answer, and a way to give it. */
async function answerTo(kind: 'click' | 'autocomplete', body: Json): Promise<unknown> {
  const guild = discord.addGuild()
  const alice = discord.addUser('alice')
  discord.join(guild, alice)
  const { id } = discord.addChannel(guild, 'patches')
  const rest = restOf(discord)
  if (kind === 'autocomplete') {
    const listed = [command({ options: [option({ autocomplete: true })] })]
    await rest.put(Routes.applicationGuildCommands(discord.applicationId, guild.id), { body: listed })
    void discord.autocomplete(alice.id, id, 'patch', ['id', 'PW'])
  } else {
    const card = await rest.post(Routes.channelMessages(id), { body: { components: [row(button())] } })
    void discord.click(alice.id, String(asObject(card).id), 'b0')
  }
  const waiting = discord.interactions.at(-1)
  return rest.post(Routes.interactionCallback(waiting?.id ?? '', waiting?.token ?? ''), { body, auth: false })
}

describe('a modal', () => {
  it.each(modals)('%s', async (_what, fits, tooMuch, reason) => {
    await answerTo('click', { type: 9, data: fits })
    expect(await refusedBecause(answerTo('click', { type: 9, data: tooMuch }))).toContain(reason)
  })
})

describe('autocomplete', () => {
  it.each<Case>([
    [
      'choices',
      { choices: many(25, (i) => ({ name: 'n', value: `${i}` })) },
      { choices: many(26, (i) => ({ name: 'n', value: `${i}` })) },
      'data.choices BASE_TYPE_MAX_LENGTH',
    ],
    [
      'choice name',
      { choices: [{ name: x(100), value: 'v' }] },
      { choices: [{ name: x(101), value: 'v' }] },
      'data.choices.0.name BASE_TYPE_BAD_LENGTH',
    ],
    [
      'choice value',
      { choices: [{ name: 'n', value: x(100) }] },
      { choices: [{ name: 'n', value: x(101) }] },
      'data.choices.0.value BASE_TYPE_MAX_LENGTH',
    ],
  ])('%s', async (_what, fits, tooMuch, reason) => {
    await answerTo('autocomplete', { type: 8, data: fits })
    expect(await refusedBecause(answerTo('autocomplete', { type: 8, data: tooMuch }))).toContain(reason)
  })
})
