import { DAY_SECONDS, HOUR_SECONDS } from './time/instant.ts'

/** Every limit on data from people and outside systems, in one place. */
export const limits = {
  /** Characters of a reason or comment. A longer one is refused with a sentence. */
  reasonCharacters: 2_000,
  /** Characters of a question to a person. It stands in a direct message, above the first lines of the card. */
  questionCharacters: 500,
  /** Seconds in which a person is not asked again about the same proposal. */
  askAgainSeconds: 4 * HOUR_SECONDS,
  /** How many people are asked about one proposal in that time. */
  askedPeople: 10,
  /** Log lines kept with a failed deployment. */
  logLines: 40,
  /** Characters kept of one log line. */
  logLineCharacters: 500,
  /** Assets in one proposal. */
  assetsPerProposal: 100_000,
  /** Stored size of the part of a proposal that a command locks. */
  stateBytes: 64 * 1024,
  /** Entries of a list. A longer list is stored as content of its own, in parts. */
  listEntries: 500,
  /** Assets, classes or entries on one page of content. */
  contentPage: 1_000,
  /** Rows on one page of the console. */
  pageRows: 100,
  /** Cards on one page of the console. */
  pageCards: 20,
  /** A proposal with more assets is not planned again when somebody opens it; the stored forecast is shown. */
  plannedNow: 2_000,
  /** Entries of each list of a decision that cards and lists name. The others are only counted. */
  briefEntries: 5,
  /** Patches that are pending only on watched assets, for their card. */
  watchedPatches: 40,
  /** Assets that one event may name. */
  assetsPerEvent: 500,
  /** Size of one event in the record. */
  eventBytes: 64 * 1024,
  /** How many of these bytes the event's list of assets may use. */
  eventListBytes: 48 * 1024,
  /** Size of one page of results, which holds what an event says about its assets. */
  resultsPageBytes: 256 * 1024,
  /** Characters kept of one log, from its end. */
  logCharacters: 64 * 1024,
  /** Days for which a log is kept. */
  logDays: 90,
  /** Content is deleted after this many days if no event names it because its command was refused. */
  unnamedContentDays: 7,
  /**
   * How often a notice begins again after the proposal's content changed. Then the content is fixed, as after a vote.
   */
  noticesAnew: 2,
  /** Days for which a rejection may hold, and a freeze. */
  deferralDays: 366,
  /** A window may be extended from this long before its end. */
  extendableSeconds: 3 * HOUR_SECONDS,
  /** How far after now an extended window may end. */
  extensionSeconds: 4 * HOUR_SECONDS,
  /** The expected time of one asset in a ring without data. */
  unknownDeploymentSeconds: 600,
  /** How far after now an engine may put the next look at a start. */
  lookAgainSeconds: DAY_SECONDS,
  /** An engine whose system others may change compares what it holds for a start at least this often. */
  compareSeconds: HOUR_SECONDS,
  /** If the next look at every asset at work is at least this far away, no process waits; a row says when to go on. */
  restSeconds: 120,
  /** A system that could not be asked about a start is asked again after so long. */
  unansweredSeconds: 300,
  /** Size of one line of an audit export. Even the event that opens the largest proposal is far smaller. */
  auditLineBytes: 256 * 1024 * 1024,
  /** Seconds for one refresh of one feed, with all attempts, mirrors and changed records. */
  feedSeconds: 900,
  /**
   * Items that a feed's change lists one by one; a larger change may concern anything. EPSS changes about 5,000 a day.
   */
  changesListed: 20_000,
  /** Seconds for each system that `check` asks: one feed, engine, calendar, metric source or chat platform. */
  contactSeconds: 120,
  /** Seconds for everything that `check` asks. Also for one inventory source, which may have many hosts. */
  checkSeconds: 600,
} as const
