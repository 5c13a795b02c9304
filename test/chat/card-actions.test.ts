import { describe, expect, test } from 'vitest'
import { actionNames, actions } from '../../src/chat/actions.ts'
import { actsOfAction, buttonPlaces } from '../../src/chat/card-actions.ts'
import { buttonsOnly, MOST_SUBCOMMANDS, typedLooks, typedNames } from '../../src/chat/discord/typed.ts'
import { actOf, acts } from '../../src/core/permission/acts.ts'
import { isOfParts } from '../../src/core/permission/parts.ts'
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
