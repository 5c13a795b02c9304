import { describe, expect, test } from 'vitest'
import { type ActionName, actionNames, actions } from '../../src/chat/actions.ts'
import { actsOfAction, buttonPlaces } from '../../src/chat/card-actions.ts'
import { cardMessage as discordCard } from '../../src/chat/discord/card-components.ts'
import { askModal } from '../../src/chat/discord/modal.ts'
import { buttonsOnly, MOST_SUBCOMMANDS, typedLooks, typedNames } from '../../src/chat/discord/typed.ts'
import { proposalCard } from '../../src/chat/proposal-card.ts'
import { cardMessage as slackCard } from '../../src/chat/slack/card-blocks.ts'
import { actOf, acts } from '../../src/core/permission/acts.ts'
import { isOfParts } from '../../src/core/permission/parts.ts'
import { type PlaceOptions, placeIn, type Scene } from '../support/permission-scene.ts'
import { proposalCase } from '../support/proposal-case.ts'

const nothing = { revision: 1, reason: null, owner: null, until: null, asset: null }

describe('every action and every act has its place', () => {
  test('whatever people may do, they can do by an action', () => {
    /** With what people do them instead. */
    const byOtherWays: Readonly<Record<string, string>> = { comment: 'a message in the thread of the proposal' }
    const done = actionNames.flatMap(actsOfAction)
    const forgotten = acts.filter((act) => !done.includes(act) && byOtherWays[act] === undefined)
    expect(
      forgotten,
      'no action does these acts: add one to src/chat/actions.ts; where it is called otherwise than its act, name the act in actsOfAction of src/chat/card-actions.ts',
    ).toEqual([])
    expect(Object.keys(byOtherWays).filter((act) => done.some((one) => one === act))).toEqual([])
  })

  test('a button is offered by the acts of the command that it gives', () => {
    const state = proposalCase().state()
    for (const name of actionNames) {
      const command = actions[name].command?.(nothing)
      const act =
        command === undefined
          ? null
          : command.type === 'roll-back'
            ? 'roll-back'
            : isOfParts(command)
              ? null
              : actOf(command, state)
      const offeredBy = actsOfAction(name)
      const says = `actsOfAction of src/chat/card-actions.ts: "${name}" gives a command of the act "${act}"`
      if (act === null) expect(offeredBy, says).toEqual([])
      else expect(offeredBy, says).toContain(act)
      const place = buttonPlaces[name]
      expect(place === 'look', `buttonPlaces of src/chat/card-actions.ts: "${name}"`).toBe(command === undefined)
    }
  })
})

describe('Discord', () => {
  test('has room for every command that is typed', () => {
    const many = typedNames.length + typedLooks.length
    expect(
      many,
      `Discord takes ${MOST_SUBCOMMANDS} subcommands, and these are ${many}: name ${many - MOST_SUBCOMMANDS} more that a button is enough for in buttonsOnly of src/chat/discord/typed.ts`,
    ).toBeLessThanOrEqual(MOST_SUBCOMMANDS)
  })

  test('has a button for whatever cannot be typed there', () => {
    for (const name of buttonsOnly)
      expect(
        typeof buttonPlaces[name],
        `"${name}" cannot be typed on Discord (buttonsOnly of src/chat/discord/typed.ts), so it needs a button: give it a place in buttonPlaces of src/chat/card-actions.ts`,
      ).toBe('string')
  })
})

describe('what cannot be taken back', () => {
  const buttonOf = (scene: Scene, name: ActionName, options: PlaceOptions = {}) => {
    const place = placeIn(scene, options)
    const card = proposalCard(place, null)
    const slack = JSON.stringify(slackCard(card, { consoleUrl: '' }).blocks)
    const discord = JSON.stringify(discordCard(card, ''))
    return { confirm: card.actions.find((action) => action.name === name)?.confirm ?? null, slack, discord }
  }

  test('says what happens and asks once more, in Slack by its own question and in Discord by a dialog', () => {
    const { confirm, slack, discord } = buttonOf('halted', 'resume')
    expect(confirm).toMatch(
      /^What is left of PW-1 \(\d of 6 servers\) is patched now\. It was stopped by Patchwarden: “.*”\.$/,
    )
    expect(slack).toContain('"confirm":{"title":{"type":"plain_text","text":"Resume without it?"')
    expect(discord).toContain('pw-sure:resume:PW-1:')
    const about = { action: 'resume', proposal: 'PW-1', revision: 1, until: '2026-12-01', confirm } as const
    expect(askModal(about)).toMatchObject({ title: 'Resume PW-1', components: [{ content: confirm }] })
  })

  test.each<[ActionName, Scene, RegExp | null]>([
    ['go', 'waits for go', /^Ring .* of PW-1 begins now\.$/],
    ['unfreeze', 'frozen', /^The freeze of the team of PW-1 ends/],
    ['withdraw-vote', 'scheduled', /is open again and does not start\.$/],
    ['withdraw-vote', 'open', null],
    ['review-break-glass', 'broken glass', /^You say that you have read what Tom did with PW-1/],
    // What stops, or asks questions anyway, asks nothing before.
    ['pause', 'started', null],
    ['halt', 'started', null],
    ['approve', 'open', null],
  ])('%s, %s', (name, scene, words) => {
    const { confirm } = buttonOf(scene, name)
    if (words === null) expect(confirm).toBeNull()
    else expect(confirm).toMatch(words)
  })
})
