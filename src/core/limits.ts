import { DAY_SECONDS, HOUR_SECONDS } from './time/instant.ts'

/** Every limit on what people and outside systems may hand us, in one place. */
export const limits = {
  /** Characters of a reason or comment that are kept; longer ones are refused with a sentence. */
  reasonCharacters: 2_000,
  /** Log lines kept with a failed deployment. */
  logLines: 40,
  /** Characters kept of one log line. */
  logLineCharacters: 500,
  /** Assets in one proposal. */
  assetsPerProposal: 100_000,
  /** The part of a proposal that a command locks, as it is stored. */
  stateBytes: 64 * 1024,
  /** A longer list stands in parts of its own beside the content that has it. */
  listEntries: 500,
  /** Assets, classes or entries on one page of content. */
  contentPage: 1_000,
  /** Rows on one page of the console. */
  pageRows: 100,
  /** Cards on one page of the console. */
  pageCards: 20,
  /** Assets of a proposal whose plan is played through when somebody looks at it; of more, what was expected is shown. */
  plannedNow: 2_000,
  /** How many entries of each list of a decision cards and lists name; they only count the rest. */
  briefEntries: 5,
  /** Patches that are pending on what is watched only, for its card. */
  watchedPatches: 40,
  /** How many assets one event may name. */
  assetsPerEvent: 500,
  /** One event, as it is recorded. */
  eventBytes: 64 * 1024,
  /** How many of these bytes are for the list of assets that it names. */
  eventListBytes: 48 * 1024,
  /** One page of results: what an event tells of its assets. */
  resultsPageBytes: 256 * 1024,
  /** Characters kept of one log, from its end. */
  logCharacters: 64 * 1024,
  /** How long a log is kept. */
  logDays: 90,
  /** Content that no event names, because its command was refused, is deleted after this many days. */
  unnamedContentDays: 7,
  /**
   * How often a change of what is asked for begins a notice anew. After that what is asked for does not change any
   * more, as after a vote.
   */
  noticesAnew: 2,
  /** How far ahead a rejection may hold. */
  deferralDays: 366,
  /** So long before its end a window may be extended, and later. */
  extendableSeconds: 3 * HOUR_SECONDS,
  /** How far ahead of now a window may be extended. */
  extensionSeconds: 4 * HOUR_SECONDS,
  /** The time that an asset is expected to take in a ring of which nothing is known yet. */
  unknownDeploymentSeconds: 600,
  /** How far ahead of now an engine may put the next look at a start. */
  lookAgainSeconds: DAY_SECONDS,
  /** Where all assets at work are looked at no sooner than that, nobody waits for them: a row says when to go on. */
  restSeconds: 120,
  /** One line of an audit export: the opening of the largest proposal is far below. */
  auditLineBytes: 256 * 1024 * 1024,
  /** Seconds for one refresh of one feed: all attempts, mirrors and changed records together. */
  feedSeconds: 900,
  /** How many items a change of a feed lists one by one; a larger one says that anything may have changed. A day of EPSS moves some 5,000 scores. */
  changesListed: 20_000,
  /** Seconds for whatever `check` asks: one feed, engine, calendar, metric source or chat platform. */
  contactSeconds: 120,
  /** Seconds for all that `check` asks; also for one inventory source, which may have many hosts. */
  checkSeconds: 600,
} as const
