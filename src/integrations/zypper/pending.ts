import type { InstalledPackage } from '../../core/asset.ts'
import { compareRpm } from '../../core/versions/rpm.ts'
import type { Newer, PendingAnswer, Planned } from '../rpm/pending.ts'
import { attributesOf, solvables, zypperText } from './xmlout.ts'

export interface ZypperAnswers {
  /** Output of `list-updates --all`. */
  readonly updates: string
  /** Output of `update --dry-run`; `null` when zypper could not be asked. */
  readonly plan: string | null
  /** Output of `info -t patch --conflicts` for the needed security patches. */
  readonly conflicts: string
  /** Output of `locks`. */
  readonly locks: string
}

/**
 * Reads zypper's answers. An update is a security update when a needed security patch requires a version newer than the
 * installed one.
 */
export function zypperPending(answers: ZypperAnswers, installed: readonly InstalledPackage[]): PendingAnswer {
  const security = securityPackages(answers.conflicts, installed)
  const newer: Newer[] = []
  for (const [update, source = ''] of answers.updates.matchAll(/<update [^>]*>|(<source [^>]*>)/g)) {
    const last = newer.at(-1)
    if (source !== '') {
      if (last?.repository === '')
        newer[newer.length - 1] = { ...last, repository: attributesOf(source).get('alias') ?? '' }
      continue
    }
    const given = attributesOf(update)
    const name = given.get('name')
    const candidate = given.get('edition')
    if (given.get('kind') !== 'package' || name === undefined || candidate === undefined) continue
    const architecture = given.get('arch') ?? 'noarch'
    newer.push({ name, architecture, candidate, repository: '', security: security.has(name) })
  }
  const planned: Planned[] = []
  for (const step of solvables(answers.plan ?? '')) {
    if (step.action !== 'install' && !step.action.startsWith('upgrade')) continue
    const { name, architecture, edition, installed: from } = step
    planned.push({ name, architecture, from, to: edition, repository: null })
  }
  const locks = [...answers.locks.matchAll(/<lock [^>]*>(.*?)<\/lock>/gs)].flatMap(([, inside = '']) =>
    [...inside.matchAll(/<name>([^<]*)<\/name>/g)].map(([, name = '']) => pattern(name)),
  )
  return {
    newer,
    planned: answers.plan === null ? null : planned,
    locked: (name) => locks.some((lock) => lock.test(name)),
    warnings: [],
  }
}

/** Packages with a line `name < version` or `name.architecture < version` that applies to the installed version. */
function securityPackages(conflicts: string, installed: readonly InstalledPackage[]): ReadonlySet<string> {
  const wanted = new Map<string, string[]>()
  for (const line of zypperText(conflicts).split('\n')) {
    const [, name, version] = /^(?:Conflicts\s*:\s*(?:\[\d+\])?)?\s*(\S+) < (\S+)\s*$/.exec(line) ?? []
    if (name === undefined || version === undefined || name.startsWith('srcpackage:')) continue
    wanted.set(name, [...(wanted.get(name) ?? []), version])
  }
  const found = new Set<string>()
  for (const { name, architecture, version } of installed) {
    const fixed = [...(wanted.get(name) ?? []), ...(wanted.get(`${name}.${architecture}`) ?? [])]
    if (fixed.some((one) => compareRpm(version, one) < 0)) found.add(name)
  }
  return found
}

/** Makes a pattern for a zypper lock, which may contain `*` and `?`. */
function pattern(glob: string): RegExp {
  const escaped = glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${escaped}$`)
}
