import { isOver, notBegun, TIME_OVER } from '../../core/not-begun.ts'
import type { PackageRequest } from '../package-engine.ts'
import { fitness } from './module-look.ts'
import { type Refusal, type Run, recordOf, stepsOf } from './module-run.ts'
import { assetVariables } from './play-variables.ts'
import { playbookCommand } from './playbook.ts'
import { beginRecord, hasRecord, launchRun, recordPath, writeRecord } from './run-record.ts'

/** Starts the playbook for the hosts that pass the check, unless the key was begun before. */
export async function start(run: Run, deployments: readonly PackageRequest[]): Promise<void> {
  const { engine, key, signal } = run
  const { clock } = engine.options
  const record = recordOf(run)
  if (deployments.length === 0 || (await hasRecord(record))) return
  const looks = await Promise.all(
    deployments.map((request) => (isOver(request.notAfter, clock()) ? late() : fitness(run, request))),
  )
  signal.throwIfAborted()
  if (!(await beginRecord(record))) return
  // The check may have taken minutes, so the time is compared again.
  const request = deployments.map(({ asset, changes, notAfter }, index) => {
    const seen = isOver(notAfter, clock()) ? late() : looks[index]
    const refused = seen?.ready === false ? seen.outcome : null
    // The part of the approved transaction that has not been done yet.
    const approved = (seen?.ready === true ? seen.steps : null) ?? stepsOf(changes)
    return { asset: asset.id, name: asset.name, approved, refused, notAfter }
  })
  await writeRecord(record, 'request', JSON.stringify(request))
  const going = deployments.filter((_, index) => request[index]?.refused === null)
  if (going.length === 0) {
    const outcomes = Object.fromEntries(request.map((one) => [one.asset, one.refused]))
    await writeRecord(record, 'outcomes', JSON.stringify(outcomes))
    return
  }
  const assets = Object.fromEntries(going.map((one) => [one.asset.name, assetVariables(one)]))
  const variables = { patchwarden_mode: 'apply', patchwarden_key: key, patchwarden_assets: assets }
  await writeRecord(record, 'variables.json', JSON.stringify(variables))
  const path = recordPath(record, 'variables.json')
  await launchRun(record, playbookCommand(engine.options, Object.keys(assets), path))
}

function late(): Refusal {
  return { ready: false, outcome: notBegun(TIME_OVER) }
}
