import { type Context, markOf } from './context.ts'
import type { AssetNote, Run, StartNote } from './note.ts'
import { vulnerabilitiesOf } from './stage.ts'

/** Assets for which nothing was planned get a run: one for each set of patches, template and time. */
export function withRuns(context: Context, key: string, first: StartNote): StartNote {
  const open = first.assets.filter(
    ({ asset, refused, takenBack }) =>
      refused === null &&
      takenBack === null &&
      !first.runs.some(({ assets, state }) => state !== 'dropped' && assets.includes(asset)),
  )
  const sets = new Map<string, AssetNote[]>()
  for (const one of open) {
    const set = JSON.stringify([vulnerabilitiesOf(one.items), one.reboot, one.notBefore, one.notAfter])
    sets.set(set, [...(sets.get(set) ?? []), one])
  }
  let note = first
  for (const members of sets.values()) {
    const [one] = members
    if (one === undefined) continue
    const template = context.templates[one.reboot] ?? ''
    const run: Run = {
      ...{ name: `${markOf(context, key)}${note.runs.length + 1}`, template, state: 'planned', scan: null, user: null },
      ...{ deployment: null, sentAt: null, hadStrangers: false, cancelled: false },
      vulnerabilities: [...vulnerabilitiesOf(one.items)],
      assets: members.map(({ asset }) => asset),
    }
    const named = new Set(run.assets)
    const assets = note.assets.map((asset) => (named.has(asset.asset) ? { ...asset, template } : asset))
    note = { ...note, assets, runs: [...note.runs, run] }
  }
  return note
}
