import type { Command } from 'commander'
import type { Service } from '../app/open.ts'
import type { Card } from '../chat/card.ts'
import { plain } from '../chat/rich-text.ts'
import { ringWords } from '../chat/ring-words.ts'
import { oneLine, shorten } from '../chat/visible.ts'
import { errorText } from '../core/error-text.ts'
import type { Status } from '../core/proposal/proposal.ts'
import { BadUse } from './failure.ts'
import { print, printJson } from './print.ts'
import type { Shape } from './shapes.ts'
import { theProposal } from './the-proposal.ts'
import { withService } from './with-service.ts'

const BAR = 30
/** Looks again after this time, in case a notification was lost. */
const LOOK_MS = 5_000
/** How many looks in a row may fail. This waits about two minutes for a database that restarts. */
const LOOKS_LOST = 24

/** The status values after which nothing more happens by itself; `true`: the proposal ended well. */
const ends: Partial<Readonly<Record<Status, boolean>>> = {
  completed: true,
  halted: false,
  rejected: false,
  expired: false,
  withdrawn: false,
  superseded: false,
}

export function watchCommand(program: Command, done: (code: number) => void): void {
  program
    .command('watch <proposal>')
    .description('follow a rollout until it ends: exit status 0 when it is completed, 1 when it is halted or closed')
    .option('--json', 'print JSON, a line for each change')
    .action(async (id: string, { json = false }: { json?: boolean }) => {
      await withService(program, async (service) => {
        const { id: proposal } = await theProposal(service, id)
        const show = json ? asJson(proposal) : process.stdout.isTTY ? drawnAnew(process.stdout) : whatIsNew()
        done((await follow(service, proposal, show)) ? 0 : 1)
      })
    })
}

async function look(service: Service, proposal: string) {
  const { status } = await theProposal(service, proposal)
  const card = await service.workflow.desk.card(proposal, null)
  return { status, lines: card === null ? [] : cardLines(card, status) }
}

/** `status` null: the database did not answer. */
type Show = (lines: readonly string[], status: Status | null) => void

/** Shows the proposal each time it changes. Returns true if it ended well. */
async function follow(service: Service, proposal: string, show: Show): Promise<boolean> {
  let wake = () => {}
  let lost = 0
  const stop = service.port.subscribe((change) => {
    if (change.proposal === proposal) wake()
  })
  try {
    while (true) {
      // Created before the look, so that a change during the look leads to another look.
      const changed = new Promise<void>((resolve) => {
        wake = resolve
      })
      const seen = await look(service, proposal).catch((error: unknown) => {
        if (++lost > LOOKS_LOST) throw new BadUse(`The database does not answer any more: ${errorText(error)}`)
        return null
      })
      if (seen === null) show([`${proposal}: the database does not answer; it is asked again.`], null)
      else {
        lost = 0
        show(seen.lines, seen.status)
        const end = ends[seen.status]
        if (end !== undefined) return end
      }
      await Promise.race([changed, later(LOOK_MS)])
    }
  } finally {
    stop()
  }
}

function later(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function cardLines(card: Card, status: Status): readonly string[] {
  const widest = Math.min(30, Math.max(0, ...card.rings.map(({ name }) => name.length)))
  return [
    line(`${card.proposal} ${status}: ${card.title}`),
    ...card.rings.map((ring) => `  ${line(ring.name, 30).padEnd(widest)} ${bar(ring)} ${ringWords(ring)}`),
    ...card.notes.map(({ text }) => `  ${line(plain(text))}`),
  ]
}

/** Untrusted text on one line of the terminal, without control characters. */
function line(text: string, limit = 160): string {
  return shorten(oneLine(text), limit)
}

/** `#` ended well, `x` ended badly, `~` at work, `.` not begun. */
function bar({ good, bad, running, total }: Card['rings'][number]): string {
  const upTo = (count: number) => Math.round((BAR * Math.min(count, total)) / Math.max(1, total))
  const parts = [
    ['#', upTo(good)],
    ['x', upTo(good + bad)],
    ['~', upTo(good + bad + running)],
  ] as const
  let drawn = ''
  for (const [sign, end] of parts) drawn = drawn.padEnd(end, sign)
  return `[${drawn.padEnd(BAR, '.')}]`
}

/** For a terminal: writes the lines again in the same place. */
function drawnAnew(out: { readonly columns: number; write(text: string): boolean }): Show {
  let height = 0
  return (lines) => {
    const up = height === 0 ? '' : `\u001b[${height}A`
    // Lines are cut to the width, because a wrapped line would take two.
    const fitted = lines.map((text) => `${shorten(text, Math.max(20, out.columns - 1))}\u001b[K\n`)
    out.write(`${up}${fitted.join('')}\u001b[J`)
    height = lines.length
  }
}

function asJson(proposal: string): Show {
  let before = ''
  return (lines, status) => {
    const now = { proposal, status, lines } satisfies Shape<'watch'>
    if (JSON.stringify(now) === before) return
    before = JSON.stringify(now)
    printJson(now)
  }
}

/** For a log: writes a line only if the last time did not have it. */
function whatIsNew(): Show {
  let before: readonly string[] = []
  return (lines) => {
    print(lines.filter((text) => !before.includes(text)))
    before = lines
  }
}
