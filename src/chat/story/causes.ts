/** Servers that ended, told together: how many, by cause, and the first names of each. */

import type { ChangedEnd } from '../../core/proposal/ends.ts'
import type { Deployment, ProposalState } from '../../core/proposal/proposal.ts'
import { assetName } from '../../core/rollout/tally.ts'
import { code, lineBreak, plain, type RichText, rich, sentence, strong } from '../rich-text.ts'
import { listed } from './words.ts'

export type Ended = Pick<ChangedEnd, 'asset' | 'deployment' | 'verification' | 'was'>

/** As it ended, whatever was before. */
export function ended(deployment: Deployment): readonly Ended[] {
  const { asset, verification } = deployment
  return verification === null ? [] : [{ asset, deployment, verification, was: null }]
}

/** Servers that ended in the same way, for the same reason. */
export type Cause = readonly [Ended, ...Ended[]]

/** How many causes are named in one entry, and how many servers of each. */
const CAUSES = 4
const NAMED = 3

/**
 * The ends by cause, the most frequent cause first. Numbers and the server's own name in a reason make no difference:
 * "last heard at 02:14" and "last heard at 02:15" are one cause.
 */
export function causesOf(state: ProposalState, ends: readonly Ended[]): readonly Cause[] {
  const causes = new Map<string, [Ended, ...Ended[]]>()
  for (const one of ends) {
    const { end, reason } = one.verification
    const why = reason.replaceAll(assetName(state, one.asset), '').replace(/\d+/g, '0')
    const key = JSON.stringify([one.was?.end, end, why])
    const known = causes.get(key)
    if (known === undefined) causes.set(key, [one])
    else known.push(one)
  }
  return [...causes.values()].sort((a, b) => b.length - a.length)
}

/** @param what said of all of them where there is more than one cause: `did not end well` */
export function causesText(state: ProposalState, causes: readonly Cause[], what: string): RichText {
  const [first, ...others] = causes
  if (first === undefined) return []
  if (others.length === 0) return causeWords(state, first, ' servers')
  const lines = causes.slice(0, CAUSES).map((cause) => causeWords(state, cause))
  const rest = causes.slice(CAUSES).flat().length
  if (rest > 0) lines.push(rich(`${rest} for other reasons; "Servers" says why.`))
  return [...rich(`${causes.flat().length} servers ${what}:`), ...lines.flatMap((line) => [lineBreak, ...line])]
}

/** A line for each cause, for the list under an entry. */
export function causeLines(state: ProposalState, causes: readonly Cause[]): readonly string[] {
  return causes.map((cause) => {
    const assets = cause.map((one) => one.asset)
    return `${plain(listed(state, assets, NAMED))}: ${cause[0].verification.end}. ${reasonOf(cause)}`
  })
}

function causeWords(state: ProposalState, cause: Cause, servers = ''): RichText {
  const [{ asset, verification, was }, ...others] = cause
  const isOne = others.length === 0
  const who = isOne ? code(assetName(state, asset)) : `${cause.length}${servers}`
  const [were, are] = isOne ? ['was', 'is'] : ['were', 'are']
  const change = was === null ? ' ' : ` ${were} ${was.end}, ${are} now `
  const said = rich(who, change, strong(verification.end), `. ${reasonOf(cause)}`)
  if (isOne) return said
  const assets = cause.map((one) => one.asset)
  return [...said, ...rich(' '), ...listed(state, assets, NAMED), ...rich('.')]
}

function reasonOf([{ verification }, ...others]: Cause): string {
  const isSame = others.every((other) => other.verification.reason === verification.reason)
  return `${isSame ? '' : 'The first: '}${sentence(verification.reason)}`
}
