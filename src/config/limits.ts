/** Limits of a configuration file and of files that it names. */
export const configLimits = {
  /** Size of the configuration file. 10,000 hosts with all their keys need less. */
  fileBytes: 2_000_000,
  /** Number of values, after aliases were followed. */
  values: 200_000,
  /** How deep lists and groups may be nested. */
  depth: 30,
  /** Number of problems that are reported. */
  problems: 100,
  /** Size of a user's own decision table. */
  tableBytes: 5_000_000,
  /** Size of a `.env` file or of a file with one secret. */
  secretBytes: 64_000,
} as const
