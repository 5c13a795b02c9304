import type { Leases } from '../../src/store/leases.ts'

/** The leases of a process that is the only one there is. */
export const alwaysMine: Leases['alone'] = async (name, work) => {
  await work({ name, signal: new AbortController().signal, show: async () => {} })
  return true
}
