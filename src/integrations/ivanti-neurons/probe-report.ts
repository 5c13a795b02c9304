/** Asks Neurons, reading only, what only a real tenant can tell, and says it in lines that name no machine and no person. */

import { errorText } from '../../core/error-text.ts'
import { ApiProblem } from '../http/json-api.ts'
import type { Neurons } from './client.ts'
import { listDevices } from './devices.ts'
import { isLeftOut, packagesOf, platformOf } from './machine.ts'
import type { NeuronsDevice } from './schema.ts'

const DAY_MS = 86_400_000
/** A clock that is off by more makes the times of all words wrong by as much. */
const CLOCK_SECONDS = 60
/** So many different words are told of one fact. */
const WORDS = 10

export async function checkNeurons(neurons: Neurons, clock: () => Date, signal: AbortSignal): Promise<string> {
  const { devices, partial, pages, saidAt } = await listDevices(neurons, signal)
  return [
    'What follows names nothing, and can be pasted:',
    'The login works, and a token was given.',
    clockLine(saidAt, clock()),
    `${number(devices.length)} devices on ${number(pages)} pages: ${partial === null ? 'as many as it counts' : 'not as many as it counts, so no device would count as gone'}.`,
    ...deviceLines(devices, clock()),
    await deploymentLine(neurons, signal),
  ].join('\n')
}

function clockLine(saidAt: string | null, now: Date): string {
  if (saidAt === null) return 'Its clock is not known: the answer has no date.'
  const seconds = Math.round((Date.parse(saidAt) - now.getTime()) / 1_000)
  if (Math.abs(seconds) <= CLOCK_SECONDS) return 'Its clock agrees with the one here.'
  return `Its clock is ${Math.abs(seconds)} s ${seconds > 0 ? 'ahead of' : 'behind'} the one here: its times are off by as much.`
}

function deviceLines(devices: readonly NeuronsDevice[], now: Date): readonly string[] {
  const share = (of: (device: NeuronsDevice) => boolean) =>
    `${number(devices.filter(of).length)} of ${number(devices.length)}`
  const windows = devices.filter(({ osName }) => /windows/i.test(osName))
  const parts = (device: NeuronsDevice) =>
    packagesOf(device)
      .find(({ name }) => name === 'Windows')
      ?.version.split('.').length
  const patches = devices.flatMap(({ deviceStatus }) => deviceStatus.patches)
  const isRecent = ({ lastScannedDate }: NeuronsDevice) =>
    lastScannedDate !== null && now.getTime() - Date.parse(lastScannedDate) <= DAY_MS
  const isAhead = ({ lastScannedDate }: NeuronsDevice) =>
    lastScannedDate !== null && Date.parse(lastScannedDate) > now.getTime() + CLOCK_SECONDS * 1_000
  return [
    `Scanned in the last day: ${share(isRecent)}; never: ${share(({ lastScannedDate }) => lastScannedDate === null)}; later than now, so their times are not in UTC: ${share(isAhead)}.`,
    `With a domain in full: ${share(({ machineName, domainName }) => `${machineName} ${domainName}`.includes('.'))}; with a short one only: ${share(({ machineName, domainName }) => domainName !== '' && !`${machineName} ${domainName}`.includes('.'))}.`,
    `Windows with all four numbers of its build: ${number(windows.filter((one) => parts(one) === 4).length)}, with three: ${number(windows.filter((one) => parts(one) === 3).length)}, of ${number(windows.length)}.`,
    `Of a system that is not known here: ${share((one) => !isLeftOut(one) && platformOf(one) === null)}; left out (macOS, iOS, Android, ChromeOS): ${share(isLeftOut)}.`,
    `Managed by: ${wordsOf(devices.flatMap(({ deviceStatus }) => deviceStatus.flags))}; by nothing: ${share(({ deviceStatus }) => deviceStatus.managed === false)}; not said: ${share(({ deviceStatus }) => deviceStatus.managed === null)}.`,
    `Words for a patch of a device: ${wordsOf(patches.map(({ patchStatus }) => patchStatus))}; with a KB number: ${number(patches.filter(({ kbNumber }) => kbNumber !== '').length)} of ${number(patches.length)}.`,
  ]
}

async function deploymentLine(neurons: Neurons, signal: AbortSignal): Promise<string> {
  try {
    return `Words for the end of a deployment: ${wordsOf(await neurons.deploymentWords(signal))}.`
  } catch (error) {
    signal.throwIfAborted()
    const why = error instanceof ApiProblem && error.status !== 0 ? `status ${error.status}` : errorText(error)
    return `The history of deployments cannot be read (${why.replace(/ at https?:\S+/, '')}).`
  }
}

/** `Missing (12), 3 (1)`: words of the API, without anything that could be a name. */
function wordsOf(words: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const word of words) {
    const plain = word.replaceAll(/[^A-Za-z0-9 ]/g, '').slice(0, 30) || 'nothing'
    counts.set(plain, (counts.get(plain) ?? 0) + 1)
  }
  const most = [...counts].sort((a, b) => b[1] - a[1]).slice(0, WORDS)
  return most.length === 0 ? 'none' : most.map(([word, count]) => `${word} (${number(count)})`).join(', ')
}

function number(count: number): string {
  return count.toLocaleString('en')
}
