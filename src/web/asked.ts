/** Reads what a request asks for from its address. */

import type { Context } from 'hono'
import { storable } from '../core/storable.ts'
import { type AssetsQuery, type CardsQuery, type ProposalsQuery, type StateGroup, stateGroups } from './console-port.ts'

/** The longest search text, in characters. */
const TEXT_CHARACTERS = 200

/** A text from the address, cleaned; `null`: there is none. */
export function textIn(c: Context, name: string): string | null {
  return storable(c.req.query(name) ?? '').trim() || null
}

/** A whole number from the address, 0 or more; `null`: there is none. */
export function numberIn(c: Context, name: string): number | null {
  const given = c.req.query(name)
  const asked = Number(given)
  return given && Number.isSafeInteger(asked) && asked >= 0 ? asked : null
}

/** The proposal id from the path, in capital letters. */
export function proposalIn(c: Context): string {
  return (c.req.param('id') ?? '').toUpperCase()
}

export function cardsQuery(c: Context): CardsQuery {
  const status = c.req.query('status')
  return {
    status: status === 'open' || status === 'over' ? status : 'open first',
    text: textIn(c, 'text')?.slice(0, TEXT_CHARACTERS) ?? '',
    after: textIn(c, 'after'),
  }
}

export function assetsQuery(c: Context): AssetsQuery {
  const is = c.req.query('is')
  return {
    team: textIn(c, 'team'),
    platform: textIn(c, 'platform'),
    text: textIn(c, 'text')?.slice(0, TEXT_CHARACTERS) ?? '',
    anywhere: c.req.query('anywhere') === '1',
    is: is === 'problem' || is === 'reboot' || is === 'unmanaged' ? is : null,
    after: textIn(c, 'after'),
  }
}

export function proposalsQuery(c: Context): ProposalsQuery {
  const state = c.req.query('state') ?? ''
  return {
    team: textIn(c, 'team'),
    state: isStateGroup(state) ? state : null,
    text: textIn(c, 'text')?.slice(0, TEXT_CHARACTERS) ?? '',
    about: textIn(c, 'about')?.slice(0, TEXT_CHARACTERS) ?? null,
    host: textIn(c, 'host')?.slice(0, TEXT_CHARACTERS) ?? null,
    from: dayIn(c, 'from'),
    to: dayIn(c, 'to'),
    after: textIn(c, 'after'),
  }
}

function isStateGroup(name: string): name is StateGroup {
  return Object.hasOwn(stateGroups, name)
}

/** A day from the address, ISO 8601; `null`: there is none that a calendar has. */
export function dayIn(c: Context, name: string): string | null {
  const given = c.req.query(name) ?? ''
  return /^\d{4}-\d{2}-\d{2}$/.test(given) && !Number.isNaN(Date.parse(given)) ? given : null
}
