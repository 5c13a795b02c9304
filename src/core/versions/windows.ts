/** Windows builds: up to four numbers, `10.0.20348.2340`; the last one is the update build revision (UBR). */

import type { Order } from './order.ts'

const pattern = /^\s*\d{1,9}(?:\.\d{1,9}){1,3}\s*$/

export function isWindowsBuild(text: string): boolean {
  return pattern.test(text)
}

/** Number by number; one that is missing is 0. */
export function compareWindows(a: string, b: string): Order {
  const left = a.trim().split('.')
  const right = b.trim().split('.')
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = Number(left[index] ?? 0) - Number(right[index] ?? 0)
    if (difference !== 0) return difference < 0 ? -1 : 1
  }
  return 0
}
