/** Every limit on what files, feeds and hosts may hand the integrations, in one place. Sizes in bytes, times in seconds. */
export const inputLimits = {
  /** An inventory file as it lies on the disk; 10,000 assets of 700 packages are about 400 MB of CSV. */
  inventoryFileBytes: 500_000_000,
  /** A dpkg status file, unpacked: a full desktop is about 10 MB. */
  dpkgStatusBytes: 128 * 1024 * 1024,
  /** A feed as it travels. Debian's tracker is the largest, about 70 MB. */
  feedBytes: 256 * 1024 * 1024,
  /** A feed after it was unpacked. */
  feedUnpackedBytes: 500_000_000,
  /** Time for one attempt to fetch a feed. */
  feedTimeoutSeconds: 120,
  /** Attempts before a feed that answers 429, 5xx or not at all counts as failed. */
  feedAttempts: 4,
  /** The longest wait between two attempts, whatever `Retry-After` asks for. */
  feedRetrySeconds: 60,
  /** Rejected records kept in full; the rest is only counted. */
  rejectedRecords: 200,
  /** What one script on a host may print. A machine with 5,000 packages prints about 1 MB. */
  hostOutputBytes: 32 * 1024 * 1024,
  /** One look at a host, with a refresh of its package lists. */
  hostLookSeconds: 180,
  /** The longest time-out one health check may ask for. */
  healthTimeoutSeconds: 120,
} as const
