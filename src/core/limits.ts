/** Every limit on what people and outside systems may hand us, in one place. */
export const limits = {
  /** Characters of a reason or comment that are kept; longer ones are refused with a sentence. */
  reasonCharacters: 2_000,
  /** Log lines kept with a failed deployment. */
  logLines: 40,
  /** Characters kept of one log line. */
  logLineCharacters: 500,
  /** Assets in one proposal. */
  assetsPerProposal: 5_000,
  /** How far ahead a rejection may hold. */
  deferralDays: 366,
} as const
