const firstMs = 1_000
const longestMs = 30_000

/** How long to wait before the next try, after this many failures in a row: 1 s, 2 s, 4 s, at most 30 s. */
export function backoffMs(failures: number): number {
  return Math.min(longestMs, firstMs * 2 ** Math.max(0, failures - 1))
}
