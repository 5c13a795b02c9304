#!/usr/bin/env node
// Makes a fresh clone runnable: installs what is missing, builds what changed, then runs the command.
// Plain Node and no dependencies, because it runs before they are there.
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..')
/** Neither a yes, a no nor a refusal: the program has a fault. */
const internalError = 70
/** What an error quotes may come from outside, and a terminal obeys it: all but line feeds. */
const unseen = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu
const tasks = ['build', 'dev', 'test', 'bench']

async function run([command = '', ...rest]) {
  const { nodeProblem } = await import('./node-version.mjs')
  const problem = nodeProblem(process.versions.node)
  if (problem !== null) return refuse(problem)
  const { Refusal } = await import('./refusal.mjs')
  try {
    return await start(command, rest)
  } catch (error) {
    if (error instanceof Refusal) return refuse(error.message)
    console.error(inspect(error).replace(unseen, ''))
    return internalError
  }
}

async function start(command, rest) {
  const { ensureInstalled } = await import('./install.mjs')
  const { ensureBuilt } = await import('./build.mjs')
  if (tasks.includes(command)) {
    const task = await import('./tasks.mjs')
    await ensureInstalled(root, { development: true })
    return task.run(root, command, rest)
  }
  await ensureBuilt(root)
  const { runProgram } = await import('./program.mjs')
  return runProgram(path.join(root, 'dist', 'cli', 'cli.js'), command === '' ? rest : [command, ...rest])
}

function refuse(sentence) {
  console.error(sentence.replace(unseen, ''))
  return 2
}

const code = await run(process.argv.slice(2))
// Written to a pipe, the last lines would be cut off by the exit.
for (const stream of [process.stdout, process.stderr]) await new Promise((done) => stream.write('', done))
process.exit(code)
