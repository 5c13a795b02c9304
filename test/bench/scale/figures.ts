/** What the bench measures, and how it is told. */

/** In milliseconds. */
export interface Spread {
  readonly p50: number
  readonly p99: number
}

/** Parts that can be asked for; the first look is part of every run. */
export const parts = ['first', 'again', 'advisory', 'epss', 'votes', 'beside', 'outcomes', 'pages', 'floors'] as const
export type Part = (typeof parts)[number]

export const pages = ['channel', 'proposal', 'proposals', 'assets'] as const
export type Page = (typeof pages)[number]

/** The last line of the bench. `null`: it was not measured. */
export interface Figures {
  readonly hosts: number
  readonly sets: number
  /** That are open after the first look. */
  readonly proposals: number
  /** Priorities that each team has a proposal of. */
  readonly tiers: number
  /** Whether the server waits for the disk. */
  readonly durable: boolean
  readonly firstSeconds: number | null
  readonly againSeconds: number | null
  readonly rowsWrittenAgain: number | null
  readonly advisorySeconds: number | null
  readonly epssSeconds: number | null
  readonly voteMs: Spread | null
  readonly voteBesideMs: Spread | null
  /** Of a commit that records what became of up to 500 hosts. */
  readonly outcomeMs: Spread | null
  readonly largestStateBytes: number | null
  readonly largestContentBytes: number | null
  readonly recordBytesPerRevision: number | null
  /** 95 of 100 are no slower, in milliseconds. */
  readonly pageMs: Readonly<Record<Page, number>> | null
  /** The longest turn of the event loop while the product worked. */
  readonly eventLoopMaxMs: number | null
  /** Resident memory of the largest process of the product. */
  readonly peakBytes: number | null
  readonly historyProposals: number
  readonly resultsHistory: number
}

export const nothing: Figures = {
  hosts: 0,
  sets: 0,
  proposals: 0,
  tiers: 0,
  durable: false,
  firstSeconds: null,
  againSeconds: null,
  rowsWrittenAgain: null,
  advisorySeconds: null,
  epssSeconds: null,
  voteMs: null,
  voteBesideMs: null,
  outcomeMs: null,
  largestStateBytes: null,
  largestContentBytes: null,
  recordBytesPerRevision: null,
  pageMs: null,
  eventLoopMaxMs: null,
  peakBytes: null,
  historyProposals: 0,
  resultsHistory: 0,
}

/** Of two processes: what either measured, and the worse of what both did. */
export function together(one: Figures, other: Partial<Figures>): Figures {
  const worse = (a: number | null, b: number | null = null) => (a === null || b === null ? (a ?? b) : Math.max(a, b))
  return {
    ...one,
    ...other,
    eventLoopMaxMs: worse(one.eventLoopMaxMs, other.eventLoopMaxMs),
    peakBytes: worse(one.peakBytes, other.peakBytes),
  }
}

const WIDTH = 66

/** One line for people: what it was, and what was found. */
export function tell(what: string, found: string): void {
  console.log(`${what.padEnd(WIDTH)} ${found}`)
}

export function inSeconds(seconds: number): string {
  return `${seconds.toFixed(2)} s`
}

/** Half of them, 99 of 100 and all of them are no slower. */
export function inMs({ p50, p99 }: Spread, most: number): string {
  return `${[p50, p99, most].map((value) => value.toFixed(1)).join(' / ')} ms`
}

export function inBytes(bytes: number): string {
  if (bytes >= 1e6) return `${(bytes / 1e6).toFixed(1)} MB`
  return bytes >= 1e4 ? `${(bytes / 1e3).toFixed(0)} KB` : `${bytes} bytes`
}
