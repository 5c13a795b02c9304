/** The simulated time: how long a simulated hour takes, and when a machine asks its server. */

import { createHash } from 'node:crypto'
import { DAY_SECONDS } from '../../core/time/instant.ts'

/** Machines ask so often, in simulated hours, less up to a fifth that depends on the machine. */
const ASKS_EVERY_HOURS = 22
const LESS = 0.2

export interface Pace {
  /** Real milliseconds of so many simulated hours. */
  hours(simulated: number): number
  /** The first instant after `at` at which the machine asks its server. In milliseconds. */
  asksAfter(machine: string, at: number): number
  /** The last instant up to `at` at which it asked. */
  askedBefore(machine: string, at: number): number
}

/** `daySeconds`: how long a simulated day really takes. */
export function paceOf(daySeconds: number, asksEveryHours = ASKS_EVERY_HOURS): Pace {
  const hours = (simulated: number) => Math.round((simulated * daySeconds * 1_000) / 24)
  const rhythms = new Map<string, { readonly every: number; readonly first: number }>()

  function rhythm(machine: string) {
    const known = rhythms.get(machine)
    if (known !== undefined) return known
    const every = hours(asksEveryHours * (1 - LESS * share(`${machine} rhythm`)))
    const made = { every, first: Math.floor(every * share(`${machine} first`)) }
    rhythms.set(machine, made)
    return made
  }

  function askedBefore(machine: string, at: number): number {
    const { every, first } = rhythm(machine)
    return first + Math.floor((at - first) / every) * every
  }

  return { hours, askedBefore, asksAfter: (machine, at) => askedBefore(machine, at) + rhythm(machine).every }
}

/** Real seconds of a simulated duration in seconds. */
export function realSeconds(simulatedSeconds: number, daySeconds: number): number {
  return Math.round((simulatedSeconds * daySeconds) / DAY_SECONDS)
}

/** From 0 to 1: looks random, and is always the same for the same text. */
function share(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0) / 2 ** 32
}
