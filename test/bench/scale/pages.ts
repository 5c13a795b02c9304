/** What pages of the console take, in a process that was just started, alone and while hosts are patched. */

import type { Database } from '../../../src/store/database.ts'
import { percentile } from '../percentile.ts'
import { type Figures, inSeconds, type Page, pages, tell } from './figures.ts'
import type { Scale } from './hosts.ts'
import { createProduct, type Product } from './product.ts'
import { rounded, timedMs, watched } from './watch.ts'
import { type OpenProposal, openProposals } from './work.ts'

/** Of each page, half of them while a rollout is under way. */
export const PAGES = 200
/** No half goes on for longer. */
const MOST_SECONDS = 60
/** Between two steps of a rollout: hosts are not patched in no time. */
const PAUSE_MS = 50

export async function measurePages(database: Database, scale: Scale): Promise<Partial<Figures>> {
  const product = createProduct(database, scale.teams)
  const open = await openProposals(database.db)
  const get = await product.browser()
  const took = await visitor(get, scale, open)
  const alone = await watched(() => took.visit(PAGES / 2, null))
  const stop = new AbortController()
  const candidates = open.slice(Math.ceil((2 * open.length) / 3)).reverse()
  const busy = await watched(async () => {
    const current = { id: '' }
    const rolling = rollOutAll(product, candidates, current, stop.signal)
    await took.visit(PAGES, current).finally(() => stop.abort())
    await rolling
  })
  await product.deliver()
  const found = Object.fromEntries(pages.map((page) => [page, rounded(percentile(took.all[page], 0.95))]))
  for (const page of pages) {
    const all = took.all[page]
    const [first = 0] = all
    const rest = [0.5, 0.95, 1].map((share) => percentile(all, share).toFixed(1)).join(' / ')
    tell(
      `page ${page}: ${all.length} times, median, of 95 in 100, at most`,
      `${rest} ms; the first ${first.toFixed(1)} ms`,
    )
  }
  const turnMs = Math.max(alone.turnMs, busy.turnMs)
  tell(
    '  pages alone, and beside a rollout',
    `${inSeconds(alone.seconds)}, ${inSeconds(busy.seconds)}; longest turn ${turnMs.toFixed(0)} ms`,
  )
  return {
    pageMs: found as Record<Page, number>,
    eventLoopMaxMs: rounded(turnMs),
    peakBytes: process.resourceUsage().maxRSS * 1_024,
  }
}

/** One rollout after the other, as long as there are some. */
async function rollOutAll(
  product: Product,
  open: readonly OpenProposal[],
  current: { id: string },
  stop: AbortSignal,
): Promise<void> {
  for (const { id } of open) {
    if (stop.aborted) return
    await product.approve(id)
    current.id = id
    await product.rollOut(id, { stop, pauseMs: PAUSE_MS })
  }
}

type Get = Awaited<ReturnType<Product['browser']>>

/** Looks at every page in turn, each time another one of its kind. */
export async function visitor(get: Get, { teams }: Scale, open: readonly OpenProposal[]) {
  const all: Record<Page, number[]> = { channel: [], proposal: [], proposals: [], assets: [] }
  const listed = (await get('/proposals')).status === 200
  const team = (turn: number) => teams[turn % teams.length] ?? ''
  const pathOf = (page: Page, turn: number, rolling: { readonly id: string } | null): string => {
    switch (page) {
      case 'channel':
        return `/c/${team(turn)}`
      case 'proposal':
        // Every other time the one that is worked on.
        return `/p/${turn % 2 === 0 && rolling !== null && rolling.id !== '' ? rolling.id : open[(turn * 7) % open.length]?.id}`
      case 'proposals':
        return listed ? '/proposals' : `/c/${team(turn + 1)}`
      case 'assets':
        return '/assets'
    }
  }
  return {
    all,
    /** Until each page was seen `upTo` times. */
    async visit(upTo: number, rolling: { readonly id: string } | null): Promise<void> {
      const began = performance.now()
      for (let turn = all.assets.length; turn < upTo; turn++) {
        if (performance.now() - began > 1_000 * MOST_SECONDS) return
        for (const page of pages) {
          const path = pathOf(page, turn, rolling)
          all[page].push(
            await timedMs(async () => {
              const { status, text } = await get(path)
              if (status !== 200) throw new Error(`${path} answered ${status}: ${text.slice(0, 200)}`)
            }),
          )
        }
      }
    },
  }
}
