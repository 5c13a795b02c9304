/** Random versions, ordered by rpm itself and by dpkg's own library. */

import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { versionSchemes } from '../../../src/core/versions/scheme.ts'
import { createRandom } from '../../support/random.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { expectAsTold, judgeIsHere } from './second-judge.ts'

const PAIRS = 20_000

/** Pairs of versions that are close to each other: one is the other with a piece changed, or both are made alike. */
function pairs(pieces: readonly string[], valid: (text: string) => boolean): readonly (readonly [string, string])[] {
  const random = createRandom(20)
  const pick = <Value>(list: readonly Value[]): Value => list[Math.floor(random() * list.length)] as Value
  const found: [string, string][] = []
  while (found.length < PAIRS) {
    const parts = Array.from({ length: 1 + Math.floor(random() * 6) }, () => pick(pieces))
    const others = parts.map((part) => (random() < 0.25 ? pick(pieces) : part))
    const [a, b] = [parts, others].map(
      (list) => `${pick(['', '', '', '1:', '0:'])}1${list.join('')}-${pick(['1', '1.el9', '2.el9_4', '10'])}`,
    )
    if (a !== undefined && b !== undefined && valid(a) && valid(b)) found.push([a, b])
  }
  return found
}

function differing(scheme: string, asked: readonly (readonly [string, string])[], answers: readonly string[]) {
  const compare = versionSchemes.get(scheme)?.compare
  return asked.flatMap(([a, b], index) => {
    const ours = compare?.(a, b)
    return String(ours) === answers[index] ? [] : [`${a} ${b}: ${ours}, and the judge says ${answers[index]}`]
  })
}

const hasRpm = judgeIsHere('rpm', ['--eval', '%{lua: print(rpm.vercmp("1", "2"))}'], 'rpm')
it.skipIf(!hasRpm)('rpm orders random versions as we do', () => {
  const asked = pairs(
    ['.', '0', '1', '9', '10', '01', 'a', 'b', 'rc', '~', '^', '+', '_', '.el9', 'git2'],
    (text) => versionSchemes.get('rpm')?.valid(text) === true,
  )
  const folder = temporaryFolder('rpm-judge')
  writeFileSync(join(folder, 'pairs'), asked.map((pair) => `${pair.join('\n')}\n`).join(''))
  const lua = [
    `local given, told = io.open('${folder}/pairs'), io.open('${folder}/told', 'w')`,
    'while true do local a, b = given:read(), given:read() if a == nil then break end',
    "told:write(rpm.vercmp(a, b), ' ') end told:close()",
  ]
  execFileSync('rpm', ['--eval', `%{lua: ${lua.join(' ')}}`])
  const answers = readFileSync(join(folder, 'told'), 'utf8').trim().split(' ')
  expect(answers).toHaveLength(PAIRS)
  expectAsTold('rpm', 'order of random versions', PAIRS, differing('rpm', asked, answers))
})

const hasDpkg = judgeIsHere('perl', ['-MDpkg::Version', '-e', '1'], 'dpkg-dev')
it.skipIf(!hasDpkg)("dpkg's library orders random versions as we do", () => {
  const asked = pairs(
    ['.', '0', '1', '9', '10', '01', 'a', 'b', 'rc', '~', '+', '+deb12u1', '~bpo12', '-', 'ubuntu1'],
    (text) => versionSchemes.get('dpkg')?.valid(text) === true,
  )
  const perl = 'while (<STDIN>) { my ($a, $b) = split; print version_compare($a, $b), "\\n" }'
  const answers = execFileSync('perl', ['-MDpkg::Version', '-e', perl], {
    input: asked.map((pair) => `${pair.join(' ')}\n`).join(''),
    encoding: 'utf8',
    maxBuffer: 1e8,
  })
  expectAsTold('dpkg', 'order of random versions', PAIRS, differing('dpkg', asked, answers.trim().split('\n')))
})
