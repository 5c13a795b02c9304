export type HostSilence = ReturnType<typeof createHostSilence>

/**
 * Remembers since when hosts have been silent. After a restart the count begins again, so a silence is noticed later,
 * never too early.
 */
export function createHostSilence(clock: () => Date) {
  const last = new Map<string, { at: number; rebooting: boolean }>()

  return {
    heard(run: string): void {
      last.set(run, { at: clock().getTime(), rebooting: false })
    },
    /** The host was told to reboot, but still answers. Returns the seconds since this was first noticed. */
    rebooting(run: string): number {
      const known = last.get(run)
      if (known?.rebooting === true) return (clock().getTime() - known.at) / 1_000
      last.set(run, { at: clock().getTime(), rebooting: true })
      return 0
    },
    /** When it was first noticed that the host was told to reboot, ISO 8601 UTC; `null`: it was not. */
    rebootingSince(run: string): string | null {
      const known = last.get(run)
      return known?.rebooting === true ? new Date(known.at).toISOString() : null
    },
    /** The host does not answer. Returns the seconds of its silence. */
    silent(run: string): number {
      const known = last.get(run) ?? { at: clock().getTime(), rebooting: false }
      last.set(run, known)
      return (clock().getTime() - known.at) / 1_000
    },
    forget(run: string): void {
      last.delete(run)
    },
  }
}
