/** A database cluster on disk. It is created once, completely or not at all. */
export interface Cluster {
  readonly pgdata: string
  readonly logFile: string
  readonly passwordFile: string
  /** What the running server writes about itself. */
  readonly pidFile: string
  /** What we write about the running server. */
  readonly noteFile: string
  readonly url: (port: number) => string
}
