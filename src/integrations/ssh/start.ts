import { splitSections } from '../machine/sections.ts'
import type { PackageRequest } from '../package-engine.ts'
import { otherAsset } from '../upgrade-journal/follow.ts'
import { planLines } from '../upgrade-journal/plan.ts'
import { startScript } from '../upgrade-journal/script.ts'
import { sudoProblem } from './connection-problem.ts'
import { assetMark, type StartedAsset } from './handle.ts'
import { attach, attemptScript, looksAtEnd, managerFor, mayAttach, type Run, runOnHost, upgradeId } from './run.ts'
import type { RemoteAnswer } from './transport.ts'

/** Starts the upgrade of one host, or attaches to the upgrade that was started before with this key. */
export async function start(run: Run, request: PackageRequest): Promise<StartedAsset> {
  const { engine, key } = run
  const { asset } = request
  const upgrade = upgradeId(key, asset)
  const first = engine.noJournalYet.delete(upgrade)
  engine.patience.began(upgrade)
  const staying = mayAttach(engine)
  const script = attemptScript(() => scriptOf(run, request, staying))
  if (script instanceof Error) {
    return { asset, outcome: { state: 'held back', reason: script.message, log: '' } }
  }
  const answer = staying
    ? await attach(run, asset, script)
    : await runOnHost(run, { asset, script, as: 'root', purpose: 'apply' })
  return { asset, outcome: settledAtStart(request, answer, first) }
}

function scriptOf({ engine, key }: Run, request: PackageRequest, staying: boolean): string {
  const { asset, changes, transaction, reboot, restartServices, notAfter } = request
  const manager = managerFor(engine, asset)
  return startScript({
    manager,
    key,
    changes,
    transaction,
    assetMark: assetMark(asset),
    plan: planLines(manager, transaction),
    reboot: reboot === 'if required',
    restartServices: restartServices === 'if required',
    lockSeconds: engine.patience.lockSeconds,
    notAfter,
    now: engine.clock(),
    attach: staying,
    look: looksAtEnd(engine),
  })
}

/**
 * The outcome when nothing began; `null`: read the journal of the host. `first`: there was no earlier start that may
 * have begun it.
 */
function settledAtStart({ asset }: PackageRequest, answer: RemoteAnswer, first: boolean): StartedAsset['outcome'] {
  if (answer.kind === 'failed') {
    const never = first && answer.begun === 'no'
    return never ? { state: 'unreachable', reason: answer.reason, touched: false, log: '' } : null
  }
  const sections = splitSections(answer.stdout, 'patchwarden-start')
  if (sections === null) {
    const sudo = first ? sudoProblem(asset.name, answer.stderr) : null
    return sudo === null ? null : { state: 'held back', reason: sudo, log: '' }
  }
  if (sections.has('not-begun')) {
    const free = sections.get('not-begun')?.value ?? ''
    const why = whyNoJournal(sections.get('why-not')?.value ?? '', free)
    const reason = `${asset.name} cannot keep a journal in /var/lib/patchwarden: ${why}. Nothing was changed.`
    return { state: 'held back', reason, log: '' }
  }
  const owner = sections.get('journal')?.value ?? ''
  return owner !== '' && owner !== assetMark(asset) ? otherAsset(asset.name) : null
}

/** A clause. `said`: the words of the host; `free`: KiB. */
function whyNoJournal(said: string, free: string): string {
  if (/Read-only file system/.test(said)) return 'its file system is read-only; look for errors of its disk (dmesg)'
  if (/No space left/.test(said) && Number(free) > 0)
    return `${free} KiB are free there, but no inode is left for a new file (df -i)`
  return `${free} KiB are free there${said === '' ? '' : ` (${said.slice(0, 200)})`}`
}
