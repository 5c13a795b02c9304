/**
 * Configuration files that somebody had edited, as the output of dpkg or rpm names them. The edited one or the new one
 * lies beside it under another name, and a person has to compare them.
 */

const DPKG = /^Configuration file '(.+)'$/
const KEPT = /^ ?==> (?:Keeping old config file as default|Using current old file as you requested)\./
const NEW_BESIDE = /^warning: (\S+) created as (\S+\.rpmnew)$/
const OLD_BESIDE = /^warning: (\S+) saved as (\S+\.rpm(?:save|orig))$/

/** How many lines dpkg prints about one file before it says what became of it. */
const LINES_OF_FILE = 6

/** A clause for each file. */
export function keptFiles(lines: readonly string[]): readonly string[] {
  const found = lines.flatMap((line, index): readonly string[] => {
    const edited = DPKG.exec(line.trim())?.[1]
    if (edited !== undefined)
      return lines.slice(index + 1, index + LINES_OF_FILE).some((one) => KEPT.test(one))
        ? [keptClause(edited, `${edited}.dpkg-dist`)]
        : []
    const kept = NEW_BESIDE.exec(line.trim())
    if (kept !== null) return [keptClause(kept[1] ?? '', kept[2] ?? '')]
    const replaced = OLD_BESIDE.exec(line.trim())
    return replaced === null ? [] : [`the edited ${replaced[1]} was replaced, and lies beside it as ${replaced[2]}`]
  })
  return [...new Set(found)]
}

function keptClause(edited: string, beside: string): string {
  return `the edited ${edited} was kept, and the new one lies beside it as ${beside}`
}
