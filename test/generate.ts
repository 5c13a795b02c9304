/** Writes everything that is written from the sources: npm run generate */

import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { asGenerated, generated, problemOf } from './support/generated.ts'

const root = fileURLToPath(new URL('../', import.meta.url))
const written: string[] = []
for (const one of generated) {
  if ((await problemOf(one)) === null) continue
  writeFileSync(path.join(root, one.file), await asGenerated(one))
  written.push(one.file)
}
const json = written.filter((file) => file.endsWith('.json'))
const biome = path.join(root, 'node_modules', '@biomejs', 'biome', 'bin', 'biome')
if (json.length > 0) run(biome, 'format', '--write', ...json)
run(path.join(root, 'test', 'layers.mjs'), '--draw')
console.log(written.length === 0 ? 'Everything was up to date.' : `Written: ${written.join(', ')}.`)

function run(...args: readonly string[]): void {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0) process.exitCode = 1
}
