import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { siteScript } from '../../src/integrations/configuration-manager/remote.ts'
import { wsusScript } from '../../src/integrations/wsus/remote.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { powershellHost } from './support/standin.ts'

const scripts = [wsusScript(), siteScript()].map(({ text }) => text)
const GATE = fileURLToPath(new URL('./support/gate.ps1', import.meta.url))

/** Cmdlets and parameters that the documentation of Windows PowerShell 5.1 has. */
const inVersion51: Readonly<Record<string, readonly string[]>> = {
  'Add-Type': ['Path', 'TypeDefinition', 'AssemblyName'],
  'ConvertFrom-Json': ['InputObject'],
  'ConvertTo-Json': ['InputObject', 'Depth', 'Compress'],
  'Get-Command': ['Name', 'ErrorAction'],
  'Get-Module': ['Name'],
  'Get-PSDrive': ['Name', 'ErrorAction'],
  'Import-Module': ['Name'],
  'New-PSDrive': ['Name', 'PSProvider', 'Root', 'Scope'],
  'Set-Location': ['Path'],
  'Split-Path': ['Path', 'Parent', 'Leaf'],
  'Where-Object': ['FilterScript'],
  'ForEach-Object': ['Process', 'Begin', 'End', 'InputObject', 'MemberName'],
  'Get-ExecutionPolicy': ['List', 'Scope'],
  'Get-Item': ['Path', 'LiteralPath'],
  'Join-Path': ['Path', 'ChildPath', 'Resolve'],
  'New-Object': ['TypeName', 'ArgumentList', 'Property', 'ComObject', 'Strict'],
  'Sort-Object': ['Property', 'Descending', 'Unique', 'Culture', 'CaseSensitive', 'InputObject'],
  'Start-Sleep': ['Seconds', 'Milliseconds'],
  'Test-Path': ['Path', 'LiteralPath', 'PathType'],
}

/** Static members that .NET Framework 4.5 has, which every machine with Windows PowerShell 5.1 has. */
const inFramework = [
  '[BitConverter]::ToString',
  '[Console]::In',
  '[Console]::Out',
  '[Console]::OutputEncoding',
  '[Convert]::FromBase64String',
  '[Convert]::ToBase64String',
  '[DateTimeKind]::Local',
  '[DateTimeKind]::Utc',
  '[DateTime]::ParseExact',
  '[DateTime]::SpecifyKind',
  '[DateTime]::UtcNow',
  '[Environment]::Is64BitOperatingSystem',
  '[Environment]::Is64BitProcess',
  '[Globalization.CultureInfo]::InvariantCulture',
  '[Globalization.DateTimeStyles]::AdjustToUniversal',
  '[Globalization.DateTimeStyles]::AssumeUniversal',
  '[IO.FileAccess]::ReadWrite',
  '[IO.FileMode]::OpenOrCreate',
  '[IO.FileShare]::None',
  '[IO.File]::ReadAllBytes',
  '[Reflection.Assembly]::LoadWithPartialName',
  '[Security.Cryptography.SHA256]::Create',
  '[StringComparer]::OrdinalIgnoreCase',
  '[StringComparison]::OrdinalIgnoreCase',
  '[Text.Encoding]::UTF8',
  '[Threading.Thread]::CurrentThread',
  '[TimeZoneInfo]::Local',
  '[string]::Equals',
]
/** The API of the server, which wsus.test.ts runs. */
const ofServer = /^\[Microsoft\.UpdateServices\.Administration\.\w+\]::\w+$/

const used = z.object({
  errors: z.array(z.string()),
  newer: z.array(z.string()),
  commands: z.array(z.object({ name: z.string(), parameters: z.array(z.string()) })),
  functions: z.array(z.string()),
  statics: z.array(z.string()),
})

/** What each script uses that Windows PowerShell 5.1 lacks. One start of PowerShell for all. */
function foreignTo51(scripts: readonly string[]): readonly (readonly string[])[] {
  const [folder, home] = [temporaryFolder('pw-gate'), temporaryFolder('pw-gate')]
  for (const [index, text] of scripts.entries()) {
    writeFileSync(join(folder, `${String(index).padStart(3, '0')}.ps1`), text)
  }
  const environment = { ...process.env, HOME: home, TMPDIR: home, POWERSHELL_TELEMETRY_OPTOUT: '1' }
  const args = [powershellHost ?? '', '-NoProfile', '-NonInteractive', '-File', GATE, '-Folder', folder]
  const lines = execFileSync('dotnet', args, { encoding: 'utf8', env: environment }).trim().split('\n')
  expect(lines).toHaveLength(scripts.length)
  return lines.map((line) => foreign(used.parse(JSON.parse(line))))
}

function foreign({ errors, newer, commands, functions, statics }: z.output<typeof used>): readonly string[] {
  const unknown = commands.flatMap(({ name, parameters }) => {
    // '' is a block in a variable.
    if (name === '' || functions.includes(name)) return []
    const known = Object.hasOwn(inVersion51, name) ? inVersion51[name] : undefined
    // Those of Configuration Manager, which configuration-manager.test.ts runs.
    if (/^\w+-CM\w+$/.test(name)) return []
    if (known === undefined) return [name]
    return parameters.filter((one) => !known.includes(one)).map((one) => `${name} -${one}`)
  })
  const members = statics.filter((one) => !inFramework.includes(one) && !ofServer.test(one))
  return [...errors, ...newer, ...unknown, ...members]
}

it('the scripts are pure ASCII, which Windows PowerShell 5.1 reads the same in every code page', () => {
  for (const text of scripts) expect(text).toMatch(/^[\x20-\x7e\n]+$/)
})

describe.skipIf(powershellHost === null)('the parser of PowerShell', () => {
  it('finds nothing in the scripts that Windows PowerShell 5.1 lacks', () => {
    expect(foreignTo51(scripts)).toEqual(scripts.map(() => []))
  })

  it('refuses what came with PowerShell 6 and 7', () => {
    // By their release notes.
    const newer: readonly (readonly [text: string, named: string])[] = [
      ['$a = $null ?? 1', 'QuestionQuestion'],
      ['$a ??= 1', 'QuestionQuestionEquals'],
      ['$a = $b ? 1 : 2', 'QuestionMark'],
      [`$a = \${b}?.Length`, 'QuestionDot'],
      [`$a = \${b}?[0]`, 'QuestionLBracket'],
      ['Get-Item . && Get-Item ..', 'AndAnd'],
      ['Get-Item . || Get-Item ..', 'OrOr'],
      ['function f { process { } clean { } }', 'Clean'],
      ['Get-Item . &', 'Background'],
      ['1..3 | ForEach-Object -Parallel { $_ }', 'ForEach-Object -Parallel'],
      ['ConvertTo-Json -AsArray 1', 'ConvertTo-Json -AsArray'],
      ['ConvertTo-Json -EnumsAsStrings 1', 'ConvertTo-Json -EnumsAsStrings'],
      ['Get-Uptime', 'Get-Uptime'],
      ['[Convert]::ToHexString($a)', '[Convert]::ToHexString'],
      ['if (', 'line 1'],
    ]
    const found = foreignTo51(newer.map(([text]) => `${text}\n`))
    for (const [index, [text, named]] of newer.entries()) expect(found[index]?.join('\n'), text).toContain(named)
  })

  it('refuses nothing that is old', () => {
    expect(foreignTo51(['& { $_ } 1\n', 'function Get-It { 1 }\nGet-It | ForEach-Object { $_ }\n'])).toEqual([[], []])
  })
})
