/** What a surface offers: the buttons that stand on it, as a click on one would be read. */

import { z } from 'zod'
import { type ActionName, actions, isActionName } from '../../src/chat/actions.ts'
import { actsOfAction } from '../../src/chat/card-actions.ts'
import { readPressed } from '../../src/chat/slack/modal.ts'
import type { Act } from '../../src/core/permission/acts.ts'
import { turnProblem } from '../../src/core/permission/turn.ts'
import type { Glance } from '../../src/core/proposal/glance.ts'

export interface Offered {
  readonly action: ActionName
  readonly proposal: string
  /** The number that the button carries. */
  readonly number: number
}

const slackButtons = z.looseObject({
  type: z.string(),
  elements: z
    .array(
      z.looseObject({
        action_id: z.string().optional(),
        value: z.string().optional(),
        options: z.array(z.object({ value: z.string() })).optional(),
      }),
    )
    .optional(),
})

/** Of a message, a home page or a dialog of Slack. */
export function offeredInSlack(blocks: readonly unknown[]): readonly Offered[] {
  return blocks.flatMap((block) => {
    const { type, elements = [] } = slackButtons.parse(block)
    if (type !== 'actions') return []
    return elements.flatMap(({ action_id: id = '', value, options = [{ value }] }) =>
      options.map((option) => {
        const click = readPressed(id, option.value)
        if (click === null) throw new Error(`A click on ${id} ${option.value} is not understood.`)
        return { action: click.action, proposal: click.proposal, number: click.revision }
      }),
    )
  })
}

/** Of a message of Discord: every button and entry of a menu, however deep it stands. */
export function offeredInDiscord(components: unknown): readonly Offered[] {
  const text = JSON.stringify(components)
  const ids = [...text.matchAll(/"(?:custom_id|value)":"([^"]+)"/g)].flatMap(([, id = '']) =>
    id.startsWith('pw-more:') ? [] : [id],
  )
  return ids.map((id) => {
    const [, action = '', proposal = '', number] =
      /^(?:pw(?:-sure)?:)?([a-z-]+):([A-Z]+-\d+):(\d+)(?::sure)?$/.exec(id) ?? []
    return understood(action, proposal, Number(number))
  })
}

/** Of a page of the console: forms that are sent, and links to what is only shown. */
export function offeredInConsole(page: string): readonly Offered[] {
  const forms = [
    ...page.matchAll(
      /action="\/p\/(PW-\d+)\/act"[^>]*><input type="hidden" name="action" value="([^"]+)"><input type="hidden" name="revision" value="(\d+)">/g,
    ),
  ]
  return forms.map(([, proposal = '', action = '', number]) => understood(action, proposal, Number(number)))
}

function understood(action: string, proposal: string, number: number): Offered {
  if (!isActionName(action) || !Number.isSafeInteger(number)) throw new Error(`${action} ${number} is no button.`)
  return { action, proposal, number }
}

/** Where what is on a surface is not what is offered. */
export interface Disagreement {
  /** Buttons that would be refused. */
  readonly refused: readonly ActionName[]
  /** Acts that would be accepted and have no button. */
  readonly missing: readonly Act[]
  /** Buttons that carry the number of something else. */
  readonly stale: readonly ActionName[]
}

/** Compared with the acts that are offered; `null`: they agree. */
export function disagreement(
  shown: readonly Offered[],
  offered: ReadonlySet<Act>,
  glance: Glance,
): Disagreement | null {
  const deciding = shown.filter(({ action }) => actions[action].command !== null)
  const refused = deciding.filter(({ action }) => !actsOfAction(action).some((act) => offered.has(act)))
  const covered = new Set(deciding.flatMap(({ action }) => actsOfAction(action)))
  const stale = deciding.filter(
    ({ action, number, proposal }) =>
      proposal !== glance.id || actsOfAction(action).some((act) => turnProblem(act, glance, number) !== null),
  )
  const found = {
    refused: refused.map(({ action }) => action),
    missing: [...offered].filter((act) => !covered.has(act)),
    stale: stale.map(({ action }) => action),
  }
  return found.refused.length + found.missing.length + found.stale.length === 0 ? null : found
}

/** Acts that a surface does not offer on purpose, each with the reason. */
export type Elsewhere = Readonly<Partial<Record<Act, string>>>

/** Disagreements over many places, told once each; and which of the exceptions it takes. */
export function collected(elsewhere: Elsewhere = {}) {
  const found = new Map<string, string>()
  const used = new Set<string>()
  return {
    compare(where: string, shown: readonly Offered[], offered: ReadonlySet<Act>, glance: Glance): void {
      const one = disagreement(shown, offered, glance)
      if (one === null) return
      const missing = one.missing.filter((act) => elsewhere[act] === undefined)
      for (const act of one.missing) if (elsewhere[act] !== undefined) used.add(act)
      const note = (what: string) => found.set(what, found.get(what) ?? where)
      for (const action of one.refused) note(`${action} is shown, and would be refused`)
      for (const act of missing) note(`${act} would be accepted, and is not shown`)
      for (const action of one.stale) note(`${action} carries the number of something else`)
    },
    note(what: string, where: string): void {
      found.set(what, found.get(what) ?? where)
    },
    /** Each with the first place where it was seen. */
    disagreements: () => [...found].map(([what, where]) => `${what}: ${where}`),
    /** Exceptions that nothing needs. */
    unused: () => Object.keys(elsewhere).filter((act) => !used.has(act)),
  }
}
