#requires -Version 5.1
# Answers one call of Patchwarden on a Windows server. It is sent once and runs with Windows PowerShell 5.1. This beginning and the
# end are the same for all kinds of servers; what stands between them knows one kind.
# Standard input: base64 of a JSON object (UTF-8). Standard output: one line, base64 of a JSON object between two marks,
# so that neither banners nor code pages can change it. Only ASCII may stand in this file: 5.1 reads it in the code page of
# the machine. Instants are written 20261125T020000Z, because newer versions turn ISO 8601 text into dates.
param(
  [Parameter(Mandatory = $true)][string]$Op,
  # SHA-256 of this file. Another file under its name refuses to work.
  [Parameter(Mandatory = $true)][string]$Sha256
)
# First of all: otherwise progress is printed as CLIXML.
$ProgressPreference = 'SilentlyContinue'
$ErrorActionPreference = 'Stop'

# Application control allows no method calls, so that not even an answer can be encoded.
if ([string]$ExecutionContext.SessionState.LanguageMode -ne 'FullLanguage') {
  '<<<PATCHWARDEN_LANGUAGE>>>'
  exit 0
}

$Invariant = [Globalization.CultureInfo]::InvariantCulture
$WireFormat = "yyyyMMdd'T'HHmmss'Z'"

# ---- Instants ----

# The server writes UTC without saying so, and its lowest and highest dates for "never" and "none".
function ConvertTo-Wire($Date) {
  if ($null -eq $Date -or $Date.Year -le 1753 -or $Date.Year -ge 9999) { return $null }
  if ($Date.Kind -eq [DateTimeKind]::Local) { $Date = $Date.ToUniversalTime() }
  return [DateTime]::SpecifyKind($Date, [DateTimeKind]::Utc).ToString($WireFormat, $Invariant)
}

function ConvertFrom-Wire($Text, $Otherwise) {
  if ($null -eq $Text) { return $Otherwise }
  $style = [Globalization.DateTimeStyles]::AssumeUniversal -bor [Globalization.DateTimeStyles]::AdjustToUniversal
  return [DateTime]::ParseExact([string]$Text, $WireFormat, $Invariant, $style)
}

# ---- Answers ----

$Answer = @{ rows = (New-Object 'System.Collections.Generic.List[object]'); one = $null; truncated = $false; server = '' }
# What the server may have done when an error comes: 'no', or 'maybe' from the first change on.
$Changed = @{ begun = 'no' }

# Adds a row. False: the list is full, and the caller must stop.
function Add-Row($Row) {
  if ($Answer.rows.Count -ge $Limit) {
    $Answer.truncated = $true
    return $false
  }
  $Answer.rows.Add($Row)
  return $true
}

function Write-Envelope($ErrorPart) {
  $data = $null
  if ($null -eq $ErrorPart) {
    $data = $Answer.one
    if ($null -eq $data) { $data = [object[]]$Answer.rows.ToArray() }
  }
  $envelope = @{
    v = 1
    op = $Op
    call = $Call
    ok = ($null -eq $ErrorPart)
    server = [string]$Answer.server
    at = (ConvertTo-Wire ([DateTime]::UtcNow))
    data = $data
    truncated = $Answer.truncated
    error = $ErrorPart
  }
  $json = ConvertTo-Json -InputObject $envelope -Depth 6 -Compress
  $line = [Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($json))
  [Console]::Out.WriteLine('<<<PATCHWARDEN_JSON' + $line + 'PATCHWARDEN_JSON>>>')
  [Console]::Out.Flush()
}

# ---- Refusals: our own reasons, by name. The sentences for people are made by the caller. ----

function New-Refusal([string]$Name, [string]$Detail) {
  $refusal = New-Object System.InvalidOperationException $Detail
  $refusal.Data['patchwarden'] = $Name
  return $refusal
}

# Messages are in the language of the server, so only types and numbers count. PowerShell and the API wrap exceptions.
function Get-ErrorPart($Exception) {
  $type = $null
  $innermost = $Exception
  for ($one = $Exception; $null -ne $one; $one = $one.InnerException) {
    $innermost = $one
    if ($one.Data.Contains('patchwarden')) { return New-ErrorPart ('Patchwarden.' + $one.Data['patchwarden']) $one 'no' }
    if (Test-Timeout $one) { $type = 'Patchwarden.Timeout' }
    elseif ($null -eq $type -and (Test-NoRights $one)) { $type = 'Patchwarden.NoRights' }
  }
  $begun = $Changed.begun
  $name = $innermost.GetType().FullName
  if ($null -eq $type -and $Refusing -contains $name) { $begun = 'no' }
  if ($null -eq $type) { $type = $name }
  return New-ErrorPart $type $innermost $begun
}

function New-ErrorPart([string]$Type, $Exception, [string]$Begun) {
  $message = [string]$Exception.Message
  if ($message.Length -gt 1000) { $message = $message.Substring(0, 1000) }
  return @{ type = $Type; message = $message; hresult = [int]$Exception.HResult; begun = $Begun }
}

# -2, or no number: the database. 258 and 0x80131505: the system and .NET. Status 14: the web service of the server.
function Test-Timeout($Exception) {
  $name = $Exception.GetType().Name
  if ($name -eq 'SqlException') { return [int]$Exception.Number -le 0 }
  if ($name -eq 'Win32Exception') { return $Exception.NativeErrorCode -eq 258 }
  if ($name -eq 'WebException') { return [int]$Exception.Status -eq 14 }
  return $Exception.HResult -eq -2146233083
}

# 7: the web service of the server answered, and with 401 or 403.
function Test-NoRights($Exception) {
  $name = $Exception.GetType().Name
  if ($name -eq 'WebException') { return [int]$Exception.Status -eq 7 -and 401, 403 -contains [int]$Exception.Response.StatusCode }
  return 'SecurityException', 'UnauthorizedAccessException' -contains $name
}

# ---- Values as rows ----

function ConvertTo-Text($Value) {
  if ($null -eq $Value) { return '' }
  return [string]$Value
}

function ConvertTo-Texts($Collection) {
  $texts = New-Object 'System.Collections.Generic.List[string]'
  foreach ($one in $Collection) { $texts.Add([string]$one) }
  return , [string[]]$texts.ToArray()
}

