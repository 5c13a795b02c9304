/** Reads the list of devices page by page, and says whether it is whole. */

import { type Neurons, PAGE_SIZE } from './client.ts'
import type { NeuronsDevice } from './schema.ts'

export interface DeviceList {
  readonly devices: readonly NeuronsDevice[]
  /** Why it may lack devices, as a sentence; `null`: it is whole. */
  readonly partial: string | null
  readonly pages: number
  readonly saidAt: string | null
}

/** All devices of 100,000 machines. */
const MOST_PAGES = 1_000

/**
 * Pages have no order that is promised, so a device may come twice and another not at all: the list is whole only if as many
 * different devices came as there are.
 */
export async function listDevices(neurons: Neurons, signal: AbortSignal): Promise<DeviceList> {
  const found = new Map<string, NeuronsDevice>()
  const equal = equalPatches()
  let unread = 0
  let saidAt: string | null = null
  let total: number | null = null
  for (let page = 1; page <= MOST_PAGES; page++) {
    const read = await neurons.devices(page, null, signal)
    saidAt = read.saidAt
    unread += read.unread
    total = read.total
    const size = found.size
    for (const device of read.devices) found.set(device.discoveryId, equal(device))
    const rows = read.devices.length + read.unread
    if (page === 2 && rows > 0 && found.size === size && read.unread === 0)
      throw new Error(`${neurons.name} gives the same devices on every page, so its list cannot be read.`)
    const isLast = read.pages !== null && read.pages > 0 ? page >= read.pages : rows < PAGE_SIZE
    if (rows > 0 && !isLast) continue
    return {
      devices: [...found.values()],
      partial: whyPartial(neurons, found.size, unread, total),
      pages: page,
      saidAt,
    }
  }
  throw new Error(`${neurons.name} has more than ${MOST_PAGES} pages of devices.`)
}

/** Very many devices have the same patches, and a list of 100,000 devices is held as a whole: each set of them is kept once. */
function equalPatches(): (device: NeuronsDevice) => NeuronsDevice {
  const kept = new Map<string, NeuronsDevice['deviceStatus']['patches']>()
  return (device) => {
    const { patches } = device.deviceStatus
    const key = patches.map(({ kbNumber, patchStatus }) => `${kbNumber} ${patchStatus}`).join('\n')
    const there = kept.get(key) ?? patches
    kept.set(key, there)
    return { ...device, deviceStatus: { ...device.deviceStatus, patches: there } }
  }
}

function whyPartial({ name }: Neurons, found: number, unread: number, total: number | null): string | null {
  if (unread > 0) return `${unread} devices in the list of ${name} cannot be read: nothing counts as gone.`
  if (total === null) return `${name} does not say how many devices it has: nothing counts as gone.`
  return total === found ? null : `${name} has ${total} devices and listed ${found}: nothing counts as gone.`
}
