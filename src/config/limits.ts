/** What a configuration file may be. */
export const configLimits = {
  /** 10,000 hosts with all their keys are less. */
  fileBytes: 2_000_000,
  /** Values after aliases were followed. */
  values: 200_000,
  /** Lists and groups within each other. */
  depth: 30,
  /** Problems that are told; more help nobody. */
  problems: 100,
  /** A decision table of one's own. */
  tableBytes: 5_000_000,
  /** A `.env` file or a file that holds one secret. */
  secretBytes: 64_000,
} as const
