import type { Newer, PendingAnswer, Planned } from '../rpm/pending.ts'

/** Reads the plugin's output for `dnf upgrade`. `resolved`: dnf could make a plan. */
export function dnfPending(lines: readonly string[], resolved: boolean): PendingAnswer {
  const newer: Newer[] = []
  const planned: Planned[] = []
  const excluded = new Set<string>()
  for (const line of lines) {
    const [kind, ...fields] = line.split('\t')
    if (kind === 'newer') {
      const [name = '', architecture = '', , candidate = '', , repository = '', flag] = fields
      if (candidate !== '') newer.push({ name, architecture, candidate, repository, security: flag === 'security' })
    } else if (kind === 'excluded') excluded.add(`${fields[0]}.${fields[1]}`)
    else if (kind === 'step') {
      const [action, name = '', architecture = '', from = '-', to = '-', repository = '-'] = fields
      if (to === '-' || (action !== 'install' && action !== 'upgrade')) continue
      planned.push({
        name,
        architecture,
        from: from === '-' ? null : from,
        to,
        repository: repository === '-' ? null : repository,
      })
    }
  }
  return {
    newer,
    planned: resolved ? planned : null,
    locked: (name, architecture) => excluded.has(`${name}.${architecture}`),
    warnings: [],
  }
}
