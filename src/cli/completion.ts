import { fileURLToPath } from 'node:url'
import type { Command, Option } from 'commander'
import { acts } from '../core/permission/acts.ts'
import { priorities } from '../core/priority/priority.ts'
import { shippedTables } from '../core/priority/rule.ts'
import { versionSchemes } from '../core/versions/scheme.ts'
import { choices } from './decide.ts'
import { BadUse } from './failure.ts'
import { print, printDocument } from './print.ts'
import { load } from './with-service.ts'

/** A word that may stand next, and what it means. */
interface Candidate {
  readonly word: string
  readonly about: string
}

/** Short names of the configuration. */
interface Names {
  readonly people: readonly string[]
  readonly teams: readonly string[]
}

const shells: ReadonlyMap<string, (call: string) => string> = new Map([
  ['bash', bashScript],
  ['zsh', zshScript],
  ['fish', fishScript],
])

export function completionCommand(program: Command): void {
  const names = [...shells.keys()].join(', ')
  program
    .command('completion <shell>')
    .description(`print the script that lets a shell complete what is typed: ${names}`)
    .action((shell: string) => {
      const script = shells.get(shell)
      if (script === undefined) throw new BadUse(`There is no completion for "${shell}"; use ${names}.`)
      const file = fileURLToPath(new URL('../../bin/patchwarden.mjs', import.meta.url))
      printDocument(script(`${quoted(process.execPath)} ${quoted(file)} complete --`).trimEnd())
    })
  program
    .command('complete [words...]', { hidden: true })
    .description('for the scripts of completion: what may stand in the place of the last word')
    .action((words: readonly string[]) => {
      print(completions(program, words, () => namesIn(program, words)).map(({ word, about }) => `${word} ${about}`))
    })
}

/** None where the configuration cannot be read: the command itself will say why. */
function namesIn(program: Command, words: readonly string[]): Names {
  const at = words.indexOf('--config')
  if (at !== -1 && at < words.length - 1) program.setOptionValue('config', words[at + 1])
  try {
    const { people, teams } = load(program).config
    return { people: Object.keys(people), teams: Object.keys(teams) }
  } catch {
    return { people: [], teams: [] }
  }
}

/** What may stand in the place of the last word. Empty: nothing is known, so the shell offers files. */
export function completions(program: Command, words: readonly string[], names: () => Names): readonly Candidate[] {
  const typed = words.at(-1) ?? ''
  const { command, place, option } = placeAt(program, words.slice(0, -1))
  const found = option === null ? wordsAt(command, place, typed) : valuesOf(option, names)
  return found.filter(({ word }) => word.startsWith(typed))
}

/** Where the next word stands: of which command, after how many arguments, or as the value of an option. */
function placeAt(program: Command, before: readonly string[]) {
  let command = program
  let place = 0
  let option: Option | null = null
  for (const word of before) {
    if (option !== null) option = null
    else if (word.startsWith('-')) option = takesValue(command, word)
    else {
      const sub: Command | undefined = place === 0 ? command.commands.find((one) => one.name() === word) : undefined
      if (sub === undefined) place++
      else command = sub
    }
  }
  return { command, place, option }
}

function takesValue(command: Command, word: string): Option | null {
  const found = optionsOf(command).find(({ long, short }) => long === word || short === word)
  return found !== undefined && (found.required || found.optional) ? found : null
}

/** Those of the command and of the commands above it. */
function optionsOf(command: Command): readonly Option[] {
  return [...command.options, ...(command.parent === null ? [] : optionsOf(command.parent))]
}

function wordsAt(command: Command, place: number, typed: string): readonly Candidate[] {
  if (typed.startsWith('-'))
    return optionsOf(command).flatMap(({ long, description }) => (long ? [{ word: long, about: description }] : []))
  return [...(place === 0 ? visibleIn(command) : []), ...plainly(argumentsOf(command.name(), place))]
}

function visibleIn(command: Command): readonly Candidate[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .map((one) => ({ word: one.name(), about: one.description() }))
}

/** The values of an argument that has few of them. */
function argumentsOf(command: string, place: number): readonly string[] {
  switch (`${command} ${place}`) {
    case 'vote 1':
      return [...choices.keys()]
    case 'may 0':
      return acts
    case 'versions 0':
      return [...versionSchemes.keys()]
    case 'decide 0':
      return shippedTables
    case 'completion 0':
      return [...shells.keys()]
    default:
      return []
  }
}

function valuesOf({ long }: Option, names: () => Names): readonly Candidate[] {
  switch (long) {
    case '--as':
    case '--owner':
    case '--person':
      return plainly(names().people)
    case '--team':
      return plainly(names().teams)
    case '--fail-on':
      return plainly(priorities)
    case '--format':
      return plainly(['md', 'json'])
    default:
      return []
  }
}

function plainly(words: readonly string[]): readonly Candidate[] {
  return words.map((word) => ({ word, about: '' }))
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}

/** Needs nothing but bash, also an old one. The meanings are left out: bash would take them for words. */
function bashScript(call: string): string {
  return `_patchwarden() {
  local word about
  COMPREPLY=()
  while IFS=' ' read -r word about; do COMPREPLY+=("$word"); done < <(
    ${call} "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null
  )
}
complete -o default -F _patchwarden patchwarden
`
}

function zshScript(call: string): string {
  return `#compdef patchwarden
_patchwarden() {
  local line
  local -a found
  for line in "\${(@f)$(${call} "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -n $line ]] && found+=("\${\${line%% *}//:/\\\\:}:\${line#* }")
  done
  if (( \${#found} )); then _describe patchwarden found; else _files; fi
}
compdef _patchwarden patchwarden
`
}

function fishScript(call: string): string {
  return `function __patchwarden_complete
    set -l words (commandline -opc)
    set -e words[1]
    set -l typed (commandline -ct)
    set -l found (${call} $words "$typed" 2>/dev/null)
    if test (count $found) -gt 0
        string replace -r '^(\\S+) *' '$1\\t' -- $found
    else
        __fish_complete_path "$typed"
    end
end
complete -c patchwarden -f -a '(__patchwarden_complete)'
`
}
