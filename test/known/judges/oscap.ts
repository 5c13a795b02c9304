/** OpenSCAP, asked about packages of another machine. */

import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { judgeIsHere } from './second-judge.ts'

/** Whether OpenSCAP and bubblewrap can run here. */
export function oscapIsHere(): boolean {
  const sandbox = ['--ro-bind', '/', '/', '--unshare-all', 'true']
  return judgeIsHere('oscap', ['--version'], 'openscap-utils') && judgeIsHere('bwrap', sandbox, 'bubblewrap')
}

/**
 * The definitions of an OVAL file and whether each is true, by the files of another machine under /etc and /var. They
 * are laid under the judge by bubblewrap: with OSCAP_PROBE_ROOT, the version of Debian 12 finds nothing installed, says
 * false of everything and ends with 0. Throws if the judge could not look at the packages, because then it says false, too.
 */
export function oscapSays(
  oval: string,
  files: Readonly<Record<string, string>>,
  prepare: (root: string) => void = () => {},
): ReadonlyMap<string, boolean> {
  const root = temporaryFolder('oscap')
  for (const folder of ['etc', 'var/lib/dpkg/info', 'var/lib/dpkg/triggers', 'var/lib/dpkg/updates'])
    mkdirSync(join(root, folder), { recursive: true })
  for (const folder of ['var/lib/apt/lists/partial', 'var/cache/apt/archives/partial'])
    mkdirSync(join(root, folder), { recursive: true })
  for (const [path, text] of Object.entries(files)) writeFileSync(join(root, path), text)
  prepare(root)
  const links = ['lib', 'lib64', 'bin'].flatMap((name) => ['--symlink', `usr/${name}`, `/${name}`])
  const place = ['--ro-bind', '/usr', '/usr', ...links, '--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp']
  const laid = ['--bind', join(root, 'etc'), '/etc', '--bind', join(root, 'var'), '/var', '--ro-bind', oval, '/in.xml']
  const alone = [
    '--unshare-all',
    '--die-with-parent',
    '--clearenv',
    '--setenv',
    'PATH',
    '/usr/bin',
    '--setenv',
    'HOME',
    '/var',
  ]
  const errors = join(root, 'errors')
  const out = execFileSync(
    'sh',
    [
      '-c',
      'errors=$1; shift; exec bwrap "$@" 2>"$errors"',
      'sh',
      errors,
      ...place,
      ...laid,
      ...alone,
      'oscap',
      'oval',
      'eval',
      '--skip-valid',
      '/in.xml',
    ],
    { encoding: 'utf8', maxBuffer: 1e8 },
  )
  const said = readFileSync(errors, 'utf8')
  if (/^E:|dpkginfo_init/m.test(said)) throw new Error(`OpenSCAP could not look at the packages: ${said}`)
  const verdicts = [...out.matchAll(/^Definition (\S+): (true|false)$/gm)]
  return new Map(verdicts.map(([, id = '', word]) => [id, word === 'true']))
}
