export type HostSilence = ReturnType<typeof createHostSilence>

/** Remembers since when hosts have been silent. A restarted process starts to count anew: later, never too early. */
export function createHostSilence(clock: () => Date) {
  const last = new Map<string, { at: number; rebooting: boolean }>()

  return {
    heard(run: string): void {
      last.set(run, { at: clock().getTime(), rebooting: false })
    },
    /** It was told to reboot, and still answers. Seconds since that was first seen. */
    rebooting(run: string): number {
      const known = last.get(run)
      if (known?.rebooting === true) return (clock().getTime() - known.at) / 1_000
      last.set(run, { at: clock().getTime(), rebooting: true })
      return 0
    },
    /** It does not answer. `rebooting`: it was told to reboot when last seen. */
    silent(run: string): { readonly seconds: number; readonly rebooting: boolean } {
      const known = last.get(run) ?? { at: clock().getTime(), rebooting: false }
      last.set(run, known)
      return { seconds: (clock().getTime() - known.at) / 1_000, rebooting: known.rebooting }
    },
    forget(run: string): void {
      last.delete(run)
    },
  }
}
