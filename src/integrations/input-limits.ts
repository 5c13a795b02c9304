/** All limits for data from files, feeds and hosts. Sizes in bytes, times in seconds. */
export const inputLimits = {
  /** An inventory file on disk; 10,000 assets with 700 packages each are about 400 MB of CSV. */
  inventoryFileBytes: 500_000_000,
  /** The software list of one machine, unpacked. The dpkg status file of a full desktop is about 10 MB. */
  softwareListBytes: 128 * 1024 * 1024,
  /** A feed as it is downloaded. Debian's tracker has about 70 MB, OSV's archive of Ubuntu more. */
  feedBytes: 512 * 1024 * 1024,
  /** The part of an unpacked feed that is in memory at the same time. */
  feedUnpackedBytes: 500_000_000,
  /** All files of one archive together; they are unpacked one by one. */
  archiveBytes: 8_000_000_000,
  /** Files in one archive or folder of a feed. All existing CVE records are fewer than 400,000. */
  archiveFiles: 1_000_000,
  /** One file in an archive. Debian's tracker is the largest known. */
  archiveFileBytes: 256 * 1024 * 1024,
  /** The depth of nested objects and lists in JSON, and of elements in XML. Real feeds stay under 20. */
  nesting: 64,
  /** The most changed records that are fetched one by one. When more have changed, the whole archive is read again. */
  changedRecords: 2_000,
  /** Time for one attempt to fetch a feed. */
  feedTimeoutSeconds: 120,
  /**
   * The number of attempts to fetch a feed that answers 429, 5xx or nothing. After the last one the feed counts as
   * failed.
   */
  feedAttempts: 4,
  /** The longest wait between two attempts, whatever `Retry-After` asks for. */
  feedRetrySeconds: 60,
  /** An iCalendar file. Ten years of a busy calendar are about 5 MB. */
  calendarBytes: 10 * 1024 * 1024,
  /** The most events of one calendar in the period that is read. */
  calendarOccurrences: 20_000,
  /** The number of rejected records that are kept in full. Further ones are only counted. */
  rejectedRecords: 200,
  /** The output of one script on a host. A machine with 5,000 packages prints about 1 MB. */
  hostOutputBytes: 32 * 1024 * 1024,
  /** The output of one Ansible playbook run, for all its hosts together. */
  playbookOutputBytes: 256 * 1024 * 1024,
  /** One look at a host, including the refresh of its package lists. */
  hostLookSeconds: 180,
  /** The longest timeout that a health check may have. */
  healthTimeoutSeconds: 120,
  /** One answer of a metric source. 11,000 points are about 400 kB. */
  metricBytes: 8 * 1024 * 1024,
  /** Time for one query to a metric source. */
  metricTimeoutSeconds: 30,
  /** Samples in a load history: one a minute for a year. */
  loadSamples: 530_000,
  /** A file with a load history. */
  loadFileBytes: 64 * 1024 * 1024,
  /** Time in which a host must print its load history. */
  loadHostSeconds: 120,
  /** The answer to who is on call: under 1 kB for each person. */
  onCallBytes: 1024 * 1024,
  /** The output of a program that the operator provides. */
  hookOutputBytes: 16 * 1024 * 1024,
  /** Time for one call to the monitoring, to begin or end a silence. */
  silenceSeconds: 10,
  /**
   * The list of all silences of an Alertmanager, including those that expired in the last five days: under 1 kB each.
   */
  silenceAnswerBytes: 64 * 1024 * 1024,
  /** One call to a script on a Windows server. The library of WSUS gives up after about 5 minutes. */
  scriptCallSeconds: 900,
  /** How long a call waits on the server for an earlier one that still runs there. */
  scriptWaitSeconds: 60,
  /** Sending a script to a Windows server, or reading it back. */
  scriptTransferSeconds: 60,
  /** Rows of one answer of a script. With the longest texts they stay under `hostOutputBytes`. */
  scriptRows: 10_000,
  /** A question to a script. Windows PowerShell reads at most 2 MB of JSON. */
  scriptRequestBytes: 1_500_000,
  /** The number of assets that are silenced at the same time. */
  silencesAtOnce: 8,
} as const
