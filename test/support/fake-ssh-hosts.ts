import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from './temporary-folder.ts'

const fixture = readFileSync(
  fileURLToPath(new URL('../integrations/apt/fixtures/debian-12.txt', import.meta.url)),
  'utf8',
)

/**
 * Stands in for the SSH client and for all hosts behind it: they say what a real Debian host said, and after an upgrade what
 * it would say then. It follows the part of each script that is run last.
 */
const SSH = `#!/bin/sh
folder=$(dirname "$0")
while [ "$1" != -- ]; do shift; done
host=$2
say() { printf '\\n@@ %s\\n' "$*"; }
said_now() { if [ -e "$folder/$host.upgraded" ]; then cat "$folder/after"; else cat "$folder/before"; fi; }
told() { # of its upgrade
  say patchwarden-follow 1; say asset "$1"; say boot-id b; say run-boot-id b; say result exit 0; say decision committed
  cat "$folder/changed"
  sed 's/^@@ /@@ look-/' "$folder/after"
  say end
}
answer() { # SCRIPT
  owner=$(sed -n "s/^PW_ASSET='\\(.*\\)'$/\\1/p" "$1")
  [ -z "$owner" ] || echo "$owner" >"$folder/$host.owner"
  case $(tail -n 1 "$1") in
    choose_probe*) said_now ;;
    look*)
      say patchwarden-look 1
      cat "$folder/simulation"
      say journal missing; say cache /var/cache/apt/archives; say disk
      echo "/usr / 9000000 900000"
      say end
      ;;
    start*)
      say patchwarden-start 1; say journal "$owner"; say end
      sleep 0.3
      : >"$folder/$host.upgraded"
      told "$owner"
      ;;
    follow*) told "$(cat "$folder/$host.owner")" ;;
  esac
}
case $3 in
  *'while read'*)
    while read -r as size mark; do
      echo "$mark"
      head -c "$size" >"$folder/$host.script"
      answer "$folder/$host.script"
      echo "$mark 0"
      echo "$mark" >&2
    done
    ;;
  *)
    cat >"$folder/$host.script"
    answer "$folder/$host.script"
    ;;
esac
`

/** Puts the stand-in first on the PATH. Gives back what puts the PATH right again. */
export function fakeSshHosts(): () => void {
  const folder = temporaryFolder('pw-hosts')
  const simulation = section('simulation')
  const changes = [...simulation.matchAll(/^Inst (\S+) \[(\S+)\] \((\S+) .*\[(\w+)\]\)/gm)].map((found) => {
    const [, name = '', from = '', to = '', architecture = ''] = found
    return { name, from, to, architecture }
  })
  const upgraded = changes.reduce(
    (text, { name, from, to }) =>
      text.replaceAll(new RegExp(`^${escaped(name)}\\t${escaped(from)}\\t(.*)$`, 'gm'), (_line, rest) => {
        return `${name}\t${to}\t${String(rest).replace(`\t${from}\t`, `\t${to}\t`)}`
      }),
    fixture.replaceAll(/^(Inst|Conf) .*\n/gm, '').replace(section('upgradable'), '\n@@ upgradable\n'),
  )
  const lines = (what: 'from' | 'to') =>
    changes.map((one) => `${one.name} ${one.architecture} ${one[what]} installed ok 1`).join('\n')
  const files = {
    ssh: SSH,
    before: fixture,
    after: upgraded,
    simulation: `${simulation}\n@@ simulation-status 0\n`,
    changed: `\n@@ gone\n${lines('from')}\n\n@@ come\n${lines('to')}\n`,
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  chmodSync(join(folder, 'ssh'), 0o755)
  const { PATH } = process.env
  process.env.PATH = `${folder}:${PATH}`
  return () => {
    process.env.PATH = PATH
  }
}

/** With its mark, up to the next. */
function section(name: string): string {
  const from = fixture.indexOf(`\n@@ ${name}\n`)
  return fixture.slice(from, fixture.indexOf('\n@@ ', from + 1))
}

function escaped(text: string): string {
  return text.replaceAll(/[.+*?^$()[\]{}|\\]/g, '\\$&')
}
