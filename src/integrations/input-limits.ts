/** Every limit on what files, feeds and hosts may hand the integrations, in one place. Sizes in bytes, times in seconds. */
export const inputLimits = {
  /** An inventory file as it lies on the disk; 10,000 assets of 700 packages are about 400 MB of CSV. */
  inventoryFileBytes: 500_000_000,
  /** What describes one machine, unpacked: the dpkg status file of a full desktop is about 10 MB. */
  softwareListBytes: 128 * 1024 * 1024,
  /** A feed as it travels. Debian's tracker has about 70 MB, OSV's archive of Ubuntu more. */
  feedBytes: 512 * 1024 * 1024,
  /** What is in memory at once of a feed that was unpacked. */
  feedUnpackedBytes: 500_000_000,
  /** All files of one archive together; they are unpacked one by one. */
  archiveBytes: 8_000_000_000,
  /** Files in one archive or folder of a feed: all CVE records there are would be under 400,000. */
  archiveFiles: 1_000_000,
  /** One file in an archive. Debian's tracker is the largest known. */
  archiveFileBytes: 256 * 1024 * 1024,
  /** Groups and lists within each other, in JSON and XML. Real feeds have under 20. */
  nesting: 64,
  /** How many changed records are fetched one by one; where more have changed, the whole archive is read again. */
  changedRecords: 2_000,
  /** Time for one attempt to fetch a feed. */
  feedTimeoutSeconds: 120,
  /** Attempts before a feed that answers 429, 5xx or not at all counts as failed. */
  feedAttempts: 4,
  /** The longest wait between two attempts, whatever `Retry-After` asks for. */
  feedRetrySeconds: 60,
  /** An iCalendar file. Ten years of a busy calendar are about 5 MB. */
  calendarBytes: 10 * 1024 * 1024,
  /** What one calendar may hold in the stretch that is looked at. */
  calendarOccurrences: 20_000,
  /** How many rejected records are kept in full; the rest is only counted. */
  rejectedRecords: 200,
  /** What one script on a host may print. A machine with 5,000 packages prints about 1 MB. */
  hostOutputBytes: 32 * 1024 * 1024,
  /** What one run of an Ansible playbook may print, about all its hosts. */
  playbookOutputBytes: 256 * 1024 * 1024,
  /** One look at a host, with a refresh of its package lists. */
  hostLookSeconds: 180,
  /** The longest time-out one health check may ask for. */
  healthTimeoutSeconds: 120,
  /** One answer of a metric source: 11,000 points are about 400 kB. */
  metricBytes: 8 * 1024 * 1024,
  /** Time for one question to a metric source. */
  metricTimeoutSeconds: 30,
  /** Samples in a history of load: a year of minutes. */
  loadSamples: 530_000,
  /** A file with a history of load. */
  loadFileBytes: 64 * 1024 * 1024,
  /** Time for a host to print its history. */
  loadHostSeconds: 120,
  /** Who is on call: under 1 kB a person. */
  onCallBytes: 1024 * 1024,
  /** What a program of the operator's may print. */
  hookOutputBytes: 16 * 1024 * 1024,
  /** One call to what silences the monitoring. */
  silenceSeconds: 10,
  /** All silences that an Alertmanager lists, the expired of five days too: under 1 kB each. */
  silenceAnswerBytes: 64 * 1024 * 1024,
  /** Assets that are silenced at the same time. */
  silencesAtOnce: 8,
} as const
