import { setTimeout as sleep } from 'node:timers/promises'
import type { Asset } from '../../core/asset.ts'
import type { DeploymentOutcome, DeploymentReport } from '../../core/ports.ts'
import { splitSections } from '../machine/sections.ts'
import { isLast, parseLookAfter, parseProgress } from '../upgrade-journal/follow.ts'
import type { Standing } from '../upgrade-journal/patience.ts'
import { followScript } from '../upgrade-journal/script.ts'
import { whenAborted } from '../when-aborted.ts'
import { sudoProblem } from './connection-problem.ts'
import { assetMark, type StartedAsset } from './handle.ts'
import {
  type Attending,
  attach,
  looksAtEnd,
  managerFor,
  mayAttach,
  type Run,
  runOnHost,
  type SshEngine,
  upgradeId,
} from './run.ts'
import type { RemoteAnswer } from './transport.ts'

/** Hosts that end within this time are reported together. */
const TOGETHER_MS = 150
/** The number of outcomes that are kept. */
const REMEMBERED = 1_000

/** Reports the progress of the upgrade of a host. `stop`: an upgrade that has not begun never begins. */
export async function follow(
  run: Run,
  { asset, outcome }: StartedAsset,
  stop: 'cancelled' | null,
): Promise<DeploymentReport> {
  const { engine, key } = run
  const { patience } = engine
  const upgrade = upgradeId(key, asset)
  const subject = { run: upgrade, name: asset.name }
  const report = (standing: Standing): DeploymentReport => ({ asset: asset.id, ...standing })
  const known = outcome ?? engine.outcomes.get(upgrade)
  if (known !== undefined) return report(patience.ended(upgrade, known))
  const answer = await hear(run, asset, stop)
  if (answer === 'nothing new') return report({ outcome: null, progress: 'starting' })
  if (answer.kind === 'failed') return report(patience.silent(subject, answer.reason))
  const sudo = answer.stdout === '' ? sudoProblem(asset.name, answer.stderr) : null
  if (sudo !== null) return report(patience.silent(subject, sudo))
  const seen = parseProgress(managerFor(engine, asset), answer.stdout, asset.name, assetMark(asset))
  if (seen.kind === 'rebooting') await renewConnection(engine, asset, run.signal)
  const reported = report(patience.heard(subject, seen))
  if (seen.kind === 'ended' && reported.outcome !== null) remember(engine, upgrade, reported.outcome)
  const look = seen.kind === 'ended' ? parseLookAfter(answer.stdout, { asset, now: engine.clock() }) : null
  return look === null ? reported : { ...reported, look }
}

/** Returns the latest answer of the attached session. Without a session, it asks the host. */
async function hear(run: Run, asset: Asset, stop: 'cancelled' | null): Promise<RemoteAnswer | 'nothing new'> {
  const { engine, key } = run
  const upgrade = upgradeId(key, asset)
  const attending = engine.attached.get(upgrade)
  if (attending?.session.ended() === true) engine.attached.delete(upgrade)
  if (attending !== undefined && stop === null) {
    const { session } = attending
    const stdout = session.latest()
    attending.heard = stdout
    const isProgress = stdout !== null && splitSections(stdout, 'patchwarden-follow') !== null
    if (isProgress && (!session.ended() || isLast(stdout))) return { kind: 'ran', status: 0, stdout, stderr: '' }
    if (!session.ended()) return 'nothing new'
  }
  const staying = stop === null && mayAttach(engine)
  const manager = managerFor(engine, asset)
  const script = followScript({ manager, key, stop, attach: staying, look: looksAtEnd(engine) })
  if (staying) return attach(run, asset, script)
  return runOnHost(run, { asset, script, as: 'root', purpose: stop === null ? 'outcome' : 'cancel' })
}

function remember({ outcomes, attached }: SshEngine, upgrade: string, outcome: DeploymentOutcome): void {
  const [oldest] = outcomes.keys()
  if (oldest !== undefined && outcomes.size >= REMEMBERED) outcomes.delete(oldest)
  outcomes.set(upgrade, outcome)
  attached.delete(upgrade)
}

/** When a host reboots, its connection is lost. */
async function renewConnection({ target, connections }: SshEngine, asset: Asset, signal: AbortSignal): Promise<void> {
  const where = await target(asset, signal)
  if (where !== null) connections?.renew(where)
}

/** Returns when an upgrade may have ended since it was last read, or after this many seconds. */
export async function waitForEnd(
  { engine, key, signal }: Run,
  started: readonly StartedAsset[],
  seconds: number,
): Promise<void> {
  const over = new AbortController()
  const forget = whenAborted(signal, () => over.abort(signal.reason))
  const ends = started.flatMap(({ asset }) => {
    const attending = engine.attached.get(upgradeId(key, asset))
    return attending === undefined ? [] : [endOf(attending, over.signal)]
  })
  const some = Promise.race(ends).then(() => sleep(TOGETHER_MS, undefined, { signal: over.signal }))
  // Without any attached session, only the time limit ends the wait.
  const all = ends.length === 0 ? [] : [Promise.all(ends)]
  try {
    await Promise.race([some, ...all, sleep(seconds * 1_000, undefined, { signal: over.signal })])
  } finally {
    forget()
    over.abort()
  }
}

async function endOf({ session, heard }: Attending, over: AbortSignal): Promise<void> {
  const isNew = (said: string | null) => said !== null && said !== heard && isLast(said)
  while (!over.aborted && !session.ended() && !isNew(session.latest())) await session.news()
}
