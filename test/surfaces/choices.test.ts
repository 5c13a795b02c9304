/** What may be picked where something is asked first: every surface asks for the same, and offers what a decision takes. */

import { describe, expect, test } from 'vitest'
import { type ActionName, type Ask, actionNames, actions, questionsOf } from '../../src/chat/actions.ts'
import { actsOfAction } from '../../src/chat/card-actions.ts'
import { discordCommands } from '../../src/chat/discord/commands.ts'
import { askModal as discordModal } from '../../src/chat/discord/modal.ts'
import { createInteraction } from '../../src/chat/interaction.ts'
import { proposalCard } from '../../src/chat/proposal-card.ts'
import { refusedAt, askModal as slackModal } from '../../src/chat/slack/modal.ts'
import { parseSlash } from '../../src/chat/slash.ts'
import { commandLine } from '../../src/cli/cli.ts'
import { choices } from '../../src/cli/decide.ts'
import { freezeProblem } from '../../src/core/freeze.ts'
import { offersTo } from '../../src/core/permission/answer.ts'
import { datesFor } from '../../src/core/permission/choices.ts'
import { glanceOf } from '../../src/core/proposal/glance.ts'
import { DAY_SECONDS, plusSeconds } from '../../src/core/time/instant.ts'
import { cardHtml } from '../../src/web/pages/card.ts'
import { cardDesk } from '../support/card-desk.ts'
import { accountsOf } from '../support/chat-people.ts'
import { doer, people, placeIn, scenes } from '../support/permission-scene.ts'
import { policy } from '../support/proposals.ts'
import { lives, readerIds } from '../support/surface-places.ts'

const asking = actionNames.filter((name) => questionsOf(name).length > 0)
const asksOf = (action: ActionName): readonly Ask[] => questionsOf(action).map(({ ask }) => ask)
const about = { proposal: 'PW-1', revision: 1, title: 'openssl', owners: people, until: '2026-12-01' }

/** The page of somebody who may do it, with the form for it. */
function formOf(action: ActionName): string {
  for (const make of Object.values(lives)) {
    const one = make()
    const place = { ...placeIn('open'), glance: glanceOf(one.state()), now: one.now(), freezes: one.setting.freezes }
    const able = readerIds.find((id) => actsOfAction(action).some((act) => offersTo(doer(id), place).has(act)))
    if (able === undefined) continue
    const { status, priority, dueAt } = place.glance
    const card = proposalCard(place, doer(able))
    const view = { card, status, priority, dueAt, votes: null, owners: people, askable: people, now: place.now }
    const viewer = { person: able, timeZone: 'UTC' } as Parameters<typeof cardHtml>[1]
    const page = String(cardHtml(view, viewer))
    const [, rest = ''] = page.split(`name="action" value="${action}"`)
    return rest.slice(0, rest.indexOf('</form>'))
  }
  throw new Error(`Nobody may ever do ${action}.`)
}

/** What each surface lets somebody say with an action. */
const surfaces: Readonly<Record<string, (action: ActionName) => readonly string[]>> = {
  'a dialog of Slack': (action) =>
    slackModal({ ...about, action, place: null }, about).blocks.flatMap(({ type, block_id: id }) =>
      type === 'input' && id !== undefined ? id : [],
    ),
  'a dialog of Discord': (action) =>
    [...JSON.stringify(discordModal({ ...about, action }).components).matchAll(/"custom_id":"(\w+)"/g)].map(
      ([, id = '']) => id,
    ),
  'a command of Discord': (action) => {
    const found = discordCommands()
      .flatMap(({ options = [] }) => options)
      .find(({ name }) => name === action)
    // Those that are not there stand on cards.
    if (found === undefined) return asksOf(action)
    const names = 'options' in found ? (found.options ?? []).map(({ name }) => name) : []
    return names.filter((name) => name !== 'proposal').map((name) => (name === 'because' ? 'reason' : name))
  },
  'what is typed in Slack and in the console': (action) => {
    const typed =
      action === 'ask' ? 'ask tom PW-1 can you look?' : `${action} PW-1 asset web1 owner tom until 2026-12-01`
    const given = parseSlash(action === 'ask' ? typed : `${typed} because it must`, null)
    if (given.kind !== 'act') return []
    return (['asset', 'owner', 'until', 'reason', 'person'] as const).filter((ask) => (given[ask] ?? null) !== null)
  },
  'a form of the console': (action) =>
    [...formOf(action).matchAll(/name="(asset|reason|owner|until|person)"/g)].map(([, name = '']) => name),
  'the command line': (action) => {
    const name = [...choices.values()].includes(action) ? 'vote' : (actions[action].commandLine ?? action)
    const options = commandLine(() => {}).commands.find((command) => command.name() === name)?.options ?? []
    return options.map(({ long }) => (long === '--because' ? 'reason' : (long?.slice(2) ?? '')))
  },
}

describe('all that is asked for can be said', () => {
  test.each(Object.keys(surfaces))('in %s', (surface) => {
    for (const action of asking) {
      const fields: readonly string[] = surfaces[surface]?.(action) ?? []
      const missing = asksOf(action).filter((ask) => !fields.includes(ask))
      expect({ action, missing }).toEqual({ action, missing: [] })
    }
  })
})

test('a refusal is shown in the dialog of Slack under something that it asks for', () => {
  const fields = surfaces['a dialog of Slack']
  for (const action of asking) {
    const shown = fields?.(action) ?? []
    const view = { blocks: shown.map((id) => ({ block_id: id })) }
    expect(shown, action).toContain(refusedAt(action, view))
  }
})

describe('who looks again at what is rejected', () => {
  const takes = (owner: string) => {
    const one = scenes.open()
    return Array.isArray(one.vote('tom', 'reject', { reason: 'because', owner, until: '2026-12-01' }))
  }
  const ids = [...readerIds].sort()

  test.each<[string, () => readonly string[]]>([
    [
      'a dialog of Slack',
      () =>
        [
          ...JSON.stringify(slackModal({ ...about, action: 'reject', place: null }, about)).matchAll(
            /"text":\{"type":"plain_text","text":"[^"]*"\},"value":"(\w+)"/g,
          ),
        ].map(([, id = '']) => id),
    ],
    ['a form of the console', () => [...formOf('reject').matchAll(/<option value="(\w+)"/g)].map(([, id = '']) => id)],
  ])('%s offers whom a decision takes', (_, offered) => {
    expect([...new Set(offered())].sort()).toEqual(ids.filter(takes))
    expect(ids.filter((id) => !takes(id))).toEqual(['zoe'])
  })
})

describe('until when', () => {
  const now = '2026-11-20T13:00:00.000Z'
  const dayAfter = (date: string, days: number) => plusSeconds(`${date}T00:00:00Z`, days * DAY_SECONDS).slice(0, 10)
  const at = (one: ReturnType<(typeof scenes)['open']>) => {
    one.pass(13 - new Date(one.now()).getUTCHours())
    return one
  }
  const takes = {
    reject: (until: string) =>
      Array.isArray(at(scenes.open()).vote('tom', 'reject', { reason: 'because', owner: 'tom', until })),
    postpone: (until: string) =>
      Array.isArray(at(scenes.scheduled()).give({ type: 'postpone', until, reason: null }, doer('jonas'))),
    freeze: (until: string) =>
      freezeProblem({
        team: 'web',
        change: { until, reason: 'because' },
        now,
        person: 'jonas',
        policy,
        members: people,
      }) === null,
  }

  test.each(['reject', 'postpone', 'freeze'] as const)(
    '%s: the dates that can be picked are those that a decision takes',
    (act) => {
      const { first, last } = datesFor(act, now)
      const around = [dayAfter(first, -1), first, last, dayAfter(last, 1)]
      expect(around.map(takes[act])).toEqual([false, true, true, false])
    },
  )

  test('the console lets these be picked', () => {
    for (const act of ['reject', 'postpone', 'freeze'] as const) {
      const [, min, max] = /type="date" name="until" min="([^"]+)" max="([^"]+)"/.exec(formOf(act)) ?? []
      const opened = '2026-11-20T00:00:00.000Z'
      expect({ first: min, last: max }).toEqual(datesFor(act, opened))
    }
  })

  test('a dialog in chat begins with one of them', async () => {
    const desk = { ...cardDesk, asking: async () => ({ title: 'openssl', owners: people }) }
    const accounts = accountsOf({ mara: 'U1' })
    const interaction = createInteraction({ desk, accounts, clock: () => new Date(now), log: { warn: () => {} } })
    const account = { platform: 'slack', id: 'U1', realm: null, label: 'mara', verifiedEmail: null } as const
    for (const action of ['reject', 'postpone', 'freeze'] as const) {
      const dialog = await interaction.asked({ proposal: 'PW-1', action, revision: 1 }, async () => ({ account }))
      expect('until' in dialog && takes[action](dialog.until), action).toBe(true)
    }
  })
})
