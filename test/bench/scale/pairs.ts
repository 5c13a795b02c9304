/** Whether a long past makes the service slower: the same measured with and without it, in turn. */

import type { Database } from '../../../src/store/database.ts'
import { percentile } from '../percentile.ts'
import { pages, tell } from './figures.ts'
import type { Scale } from './hosts.ts'
import { visitor } from './pages.ts'
import { createProduct } from './product.ts'
import { timedMs } from './watch.ts'
import { openProposals } from './work.ts'

/** Each the median, in milliseconds. */
export type OfPair = Readonly<Record<(typeof compared)[number], number>>

const compared = [...pages, 'vote', 'again'] as const

const VOTES = 60
const PAGES = 20
/** How much slower it may be with the past. */
const MOST = 1.1

/** In a process of its own each time, which begins by looking at pages. */
export async function measureForPair(database: Database, scale: Scale): Promise<OfPair> {
  const product = createProduct(database, scale.teams)
  const open = await openProposals(database.db)
  const looks = await visitor(await product.browser(), scale, open)
  await looks.visit(PAGES, null)
  const votes: number[] = []
  for (let turn = 0; turn < VOTES; turn++)
    votes.push(await timedMs(() => product.vote(open[turn % Math.min(8, open.length)]?.id ?? '')))
  const again = await timedMs(() => product.propose())
  await product.deliver()
  const { channel, proposal, proposals, assets } = looks.all
  const medians = { channel, proposal, proposals, assets, vote: votes, again: [again] }
  return Object.fromEntries(compared.map((name) => [name, percentile(medians[name], 0.5)])) as OfPair
}

/** `pairs`: what was measured without the past, and with it. */
export function tellPairs(pairs: readonly { readonly without: OfPair; readonly beside: OfPair }[]): void {
  for (const name of compared) {
    const median = (of: (pair: (typeof pairs)[number]) => number) => percentile(pairs.map(of), 0.5)
    const ratio = median(({ without, beside }) => beside[name] / without[name])
    const [before, after] = [median(({ without }) => without[name]), median(({ beside }) => beside[name])]
    const held = ratio <= MOST ? 'holds' : 'DOES NOT HOLD'
    tell(
      `${name}: without and with the past, and the median ratio of ${pairs.length} pairs`,
      `${before.toFixed(1)} ms, ${after.toFixed(1)} ms; ${ratio.toFixed(3)}, at most ${MOST}: ${held}`,
    )
  }
}
