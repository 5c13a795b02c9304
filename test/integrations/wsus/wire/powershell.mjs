// Stands for cmd.exe and powershell.exe of a Windows server that answers as the file `mode` says: what sshd, the shell and
// Windows PowerShell add to an answer, or print in its place. Texts are what Windows Server 2022 prints.
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const [folder, command] = process.argv.slice(2)
const mode = existsSync(join(folder, 'mode')) ? readFileSync(join(folder, 'mode'), 'utf8') : 'plain'
const program =
  /^powershell\.exe -NoProfile -NonInteractive -ExecutionPolicy Bypass -File (\S+) -Op (\S+) -Sha256 ([0-9a-f]{64})$/
const [, file, op] = program.exec(command) ?? []

function end(status) {
  process.exitCode = status
}

function answer(changed = {}) {
  // Reads all of standard input, as ReadToEnd does, so that an input that stays open hangs.
  const request = JSON.parse(Buffer.from(readFileSync(0, 'utf8').trim(), 'base64').toString('utf8'))
  appendFileSync(join(folder, 'calls'), `${op} ${JSON.stringify(request.data)}\n`)
  const envelope = {
    v: 1,
    op,
    call: request.call,
    ok: true,
    server: 'WSUS01',
    at: '20261120T100000Z',
    data: data[op] ?? [],
    truncated: false,
    error: null,
    ...changed,
  }
  return `<<<PATCHWARDEN_JSON${Buffer.from(JSON.stringify(envelope)).toString('base64')}PATCHWARDEN_JSON>>>\r\n`
}

const big = 'ü'.repeat(300_000)
const data = {
  groups: [{ id: 'a0a08746-4dbe-4a37-9adf-9e7652c0b421', name: mode === 'big' ? big : 'Büro – Nord', parent: null }],
  'add-member': {},
  members: [],
}
const progress =
  '#< CLIXML\r\n<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04"><Obj S="progress" RefId="0"><TN RefId="0"><T>System.Management.Automation.PSCustomObject</T></TN><MS><I64 N="SourceId">1</I64><PR N="Record"><AV>Preparing modules for first use.</AV></PR></MS></Obj></Objs>'
const clixmlError = (text) =>
  `#< CLIXML\r\n<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04"><S S="Error">${text}_x000D__x000A_</S></Objs>`

const modes = {
  plain: () => process.stdout.write(answer()),
  big: () => process.stdout.write(answer()),
  clixml() {
    process.stderr.write(progress)
    process.stdout.write(`#< CLIXML\r\n${answer()}${progress}`)
  },
  banner: () =>
    process.stdout.write(`*** Nur für Befugte ***\r\n<<<PATCHWARDEN_JSON ist kein Ende\r\n${answer()}bye\r\n`),
  bom: () => process.stdout.write(`\uFEFF${answer()}`),
  utf16: () => process.stdout.write(Buffer.from(`\uFEFF${answer()}`, 'utf16le')),
  // Code page 850 of a German console, before and after.
  oem() {
    process.stdout.write(Buffer.from([0x42, 0x81, 0x72, 0x6f, 0x0d, 0x0a]))
    process.stdout.write(answer())
    process.stdout.write(Buffer.from([0x94, 0xe1, 0x0d, 0x0a]))
  },
  'failing status': () => {
    process.stdout.write(answer())
    end(1)
  },
  'connection dies after the answer'() {
    process.stdout.write(answer())
    // sshd must have passed it on.
    setTimeout(() => process.kill(process.ppid, 'SIGKILL'), 2_000)
  },
  'another call'() {
    process.stdout.write(answer({ call: '00000000-0000-0000-0000-000000000000' }))
  },
  'another form': () => process.stdout.write(answer({ at: '2026-11-20T10:00:00Z' })),
  'data in another form': () => process.stdout.write(answer({ data: [{ id: 5 }] })),
  'no json': () => {
    answer()
    process.stdout.write('<<<PATCHWARDEN_JSONaGVsbG8=PATCHWARDEN_JSON>>>\r\n')
  },
  nothing: () => void answer(),
  'error text': () => {
    answer()
    process.stderr.write(clixmlError('Out of memory &amp; gone'))
  },
  'breaks off'() {
    const whole = answer()
    process.stdout.write(whole.slice(0, whole.length / 2))
  },
  hangs() {
    answer()
    setTimeout(() => undefined, 60_000)
  },
  'killed in the middle'() {
    answer()
    process.kill(process.ppid, 'SIGKILL')
  },
  policy() {
    process.stderr.write(
      `File C:\\Users\\svc\\${file} cannot be loaded. The file C:\\Users\\svc\\${file} is not digitally \r\nsigned. You cannot run this script on the current system. For more information about running scripts and setting \r\nexecution policy, see about_Execution_Policies at https:/go.microsoft.com/fwlink/?LinkID=135170.\r\n    + CategoryInfo          : SecurityError: (:) [], ParentContainsErrorRecordException\r\n    + FullyQualifiedErrorId : UnauthorizedAccess\r\n`,
    )
    end(1)
  },
  'policy in German, as CLIXML'() {
    process.stderr.write(
      clixmlError(
        `Die Datei &quot;C:\\x.ps1&quot; kann nicht geladen werden, da die Ausf\u0081hrung von Skripts auf diesem System deaktiviert ist.     + CategoryInfo          : Sicherheitsfehler: (:) [], ParentContainsErrorRecordException     + FullyQualifiedErrorId : Unauthor_x000D__x000A_izedAccess`,
      ),
    )
    end(1)
  },
  constrained: () => process.stdout.write('<<<PATCHWARDEN_LANGUAGE>>>\r\n'),
  'too old'() {
    process.stderr.write(
      `The script '${file}' cannot be run because it contained a "#requires" statement for Windows PowerShell 5.1.\r\n    + FullyQualifiedErrorId : ScriptRequiresUnmatchedPSVersion\r\n`,
    )
    end(1)
  },
  'no program'() {
    process.stderr.write(
      "'powershell.exe' is not recognized as an internal or external command,\r\noperable program or batch file.\r\n",
    )
    end(1)
  },
  'no file'() {
    process.stderr.write(
      `The argument '${file}' to the -File parameter does not exist. Provide the path to an existing '.ps1' file as an argument to the -File parameter.\r\n`,
    )
  },
  '32 bit': () => refused('ThirtyTwoBit'),
  core: () => refused('Core', '7.4.6'),
  'no module': () => refused('NoModule'),
  'own words': () => refused('System.Data.DataException', 'Umlaute – ü', -2146232032),
}

function refused(name, message = '', hresult = -2146233079) {
  const type = name.includes('.') ? name : `Patchwarden.${name}`
  process.stdout.write(answer({ ok: false, data: null, error: { type, message, hresult, begun: 'no' } }))
}

if (file === undefined) {
  process.stderr.write(`'${command.split(' ')[0]}' is not recognized as an internal or external command,\r\n`)
  end(1)
} else if (!existsSync(file)) modes['no file']()
else modes[mode]()
