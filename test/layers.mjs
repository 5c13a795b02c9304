// The layer rules: imports point inward and in no circle, transactions know no pool, nothing but the table of permissions looks
// at roles, and text from outside has one way in and one way to each surface. Fails, naming what breaks them.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../src', import.meta.url))
const mayImport = {
  core: ['core'],
  config: ['config', 'core'],
  store: ['store', 'core', 'chat'], // of chat only the shapes of a thread entry, as types
  chat: ['chat', 'core'],
  integrations: ['integrations', 'core', 'config'], // of config only what says which settings a kind has
  workflow: ['workflow', 'core', 'store', 'chat'],
  web: ['web', 'workflow', 'store', 'chat', 'core', 'config'],
  app: ['app', 'web', 'workflow', 'store', 'chat', 'core', 'config', 'integrations'], // connects all
  cli: ['cli', 'web', 'workflow', 'store', 'chat', 'core', 'config', 'integrations', 'app'],
}
/** What speaks to the database. */
const speaksSql = /^(drizzle-orm|postgres|pg)(\/|$)/
const forbiddenInCore = /^(node:(?!crypto$)|drizzle-orm|postgres|agenda|hono|pino|zod|yaml)/

/** What an integration is configured by; the rest of it is given what it needs. */
const saysSettings = /[\\/](?:kind|registry|configuration)\.ts$/

const problems = []
for (const file of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
  if (!file.endsWith('.ts')) continue
  const layer = file.split(path.sep)[0]
  const allowed = mayImport[layer]
  if (!allowed) {
    problems.push(`src/${file}: stands in no layer`)
    continue
  }
  const source = readFileSync(path.join(root, file), 'utf8')
  for (const [statement, specifier] of source.matchAll(/^(?:import|export)[^'"]*?from ['"]([^'"]+)['"]/gms)) {
    if (!specifier.startsWith('.')) {
      if (layer === 'core' && forbiddenInCore.test(specifier))
        problems.push(`src/${file}: core is pure and may not import ${specifier}`)
      if (layer !== 'store' && speaksSql.test(specifier))
        problems.push(`src/${file}: SQL stands in store alone, so only there may ${specifier} be imported`)
      continue
    }
    const target = path.relative(root, path.resolve(root, path.dirname(file), specifier)).split(path.sep)[0]
    if (!allowed.includes(target)) problems.push(`src/${file}: ${layer} may not import ${specifier} (${target})`)
    if (layer === 'integrations' && target === 'config' && !saysSettings.test(file)) {
      problems.push(`src/${file}: of an integration only its kind.ts takes from config`)
    }
    if (layer === 'store' && target === 'chat' && !statement.startsWith('import type')) {
      problems.push(`src/${file}: store takes only types from chat`)
    }
  }
}

// No circle: of two files that import each other, types included, neither can be read or moved without the other.
const importsOf = new Map()
for (const file of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
  if (!file.endsWith('.ts')) continue
  const source = readFileSync(path.join(root, file), 'utf8')
  const found = [...source.matchAll(/^(?:import|export)[^'"]*?from ['"](\.[^'"]+)['"]/gms)]
  const resolved = found.map(([, specifier]) => path.join(path.dirname(file), specifier))
  importsOf.set(file, resolved)
}
const done = new Set()
function follow(file, way) {
  if (way.includes(file)) {
    problems.push(`a circle: ${[...way.slice(way.indexOf(file)), file].map((one) => `src/${one}`).join(' -> ')}`)
    return
  }
  if (done.has(file)) return
  for (const next of importsOf.get(file) ?? []) follow(next, [...way, file])
  done.add(file)
}
for (const file of importsOf.keys()) follow(file, [])

// Work in a transaction is a function of its own, so that it knows only what it is given: no pool.
for (const file of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
  // A snapshot is read on a connection of its own.
  if (!file.endsWith('.ts') || ['transaction.ts', 'snapshot.ts'].some((name) => file === path.join('store', name)))
    continue
  const source = readFileSync(path.join(root, file), 'utf8')
  if (/\.transaction\(|\bsql\.begin\(/.test(source))
    problems.push(`src/${file}: transactions are begun by inTransaction of store/transaction.ts alone`)
  for (const [call, work] of source.matchAll(/\binTransaction\(\s*[\w.]+,\s*([^,]+),/g))
    if (!/^[a-z]\w*$/i.test(work.trim())) problems.push(`src/${file}: give inTransaction a named function: ${call}`)
}

// What comes from outside is made text in one place for each surface, and is asked for over HTTP in one place: nothing
// prints, writes HTML or fetches beside it.
const only = [
  {
    in: 'cli',
    pattern: /\bstd(?:out|err)\.write\(/,
    by: ['cli/print.ts', 'cli/audit.ts'],
    rule: 'print by cli/print.ts',
  },
  { in: 'web', pattern: /from 'hono\/html'/, by: ['web/html.ts'], rule: 'HTML is made by html of web/html.ts' },
  {
    in: 'integrations',
    pattern: /(?<![.\w])fetch\)?\(/,
    by: ['integrations/http/request.ts'],
    rule: 'ask by request of integrations/http/request.ts, which bounds time and length',
  },
]
for (const { in: layer, pattern, by, rule } of only)
  for (const file of readdirSync(path.join(root, layer), { recursive: true, encoding: 'utf8' })) {
    const name = path.posix.join(layer, ...file.split(path.sep))
    if (!file.endsWith('.ts') || by.includes(name)) continue
    if (pattern.test(readFileSync(path.join(root, name), 'utf8'))) problems.push(`src/${name}: ${rule}`)
  }

// Who may do what is said by one table: nothing beside it looks at the roles of a person, or at what a policy gives to roles.
const looksAtRoles = /\.roles\.(?:some|includes)\(|\bpolicy\.stop\b|\bpolicy\.breakGlass\??\.roles\b/
const mayLook = ['core/permission/', 'core/quorum.ts', 'config/']
for (const file of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
  const name = file.split(path.sep).join('/')
  if (!file.endsWith('.ts') || mayLook.some((one) => name.startsWith(one))) continue
  if (looksAtRoles.test(readFileSync(path.join(root, file), 'utf8')))
    problems.push(`src/${name}: ask core/permission instead of looking at roles`)
}

// The picture of docs/architecture.md is drawn from the imports: with --draw, as `npm run generate` asks it, it is written anew.
const page = fileURLToPath(new URL('../docs/architecture.md', import.meta.url))
const drawn = /```mermaid\n[\s\S]*?```/
const written = readFileSync(page, 'utf8')
const now = written.replace(drawn, picture())
if (process.argv.includes('--draw')) writeFileSync(page, now)
else if (now !== written)
  problems.push('docs/architecture.md: its picture is not of these imports: "npm run generate" draws it anew')

/** Layers and which imports which; an arrow that follows from others is left out. */
function picture() {
  const arrows = new Map(Object.keys(mayImport).map((layer) => [layer, new Set()]))
  for (const [file, found] of importsOf) {
    const layer = file.split(path.sep)[0]
    for (const one of found) {
      const target = one.split(path.sep)[0]
      if (target !== layer) arrows.get(layer)?.add(target)
    }
  }
  const reaches = (from, to) => [...(arrows.get(from) ?? [])].some((next) => next === to || reaches(next, to))
  const lines = [...arrows].flatMap(([from, targets]) =>
    [...targets]
      .filter((to) => ![...targets].some((other) => other !== to && reaches(other, to)))
      .toSorted()
      .map((to) => `  ${from} --> ${to}`),
  )
  return `\`\`\`mermaid\nflowchart TD\n${lines.join('\n')}\n\`\`\``
}

for (const problem of problems) console.error(problem)
console.log(
  problems.length === 0
    ? 'Layers: every import points inward, none in a circle, and no transaction knows the pool.'
    : `Layers: ${problems.length} faults.`,
)
process.exit(problems.length === 0 ? 0 : 1)
