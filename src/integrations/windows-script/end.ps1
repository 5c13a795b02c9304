# ---- One call at a time, over all processes that use this login: an earlier one may still run after its connection died. ----

function Enter-Turn {
  $until = [DateTime]::UtcNow.AddSeconds($WaitSeconds)
  while ($true) {
    try {
      $file = Join-Path $PSScriptRoot $LockFile
      return New-Object System.IO.FileStream $file, ([IO.FileMode]::OpenOrCreate), ([IO.FileAccess]::ReadWrite), ([IO.FileShare]::None)
    }
    catch {
      $cause = $_.Exception
      while ($null -ne $cause.InnerException) { $cause = $cause.InnerException }
      if ($cause.GetType().Name -ne 'IOException') { throw (New-Refusal 'NoLock' ([string]$cause.Message)) }
      if ([DateTime]::UtcNow -ge $until) { throw (New-Refusal 'Busy' '') }
    }
    Start-Sleep -Milliseconds 200
  }
}

function Assert-Unchanged {
  $hasher = [Security.Cryptography.SHA256]::Create()
  $bytes = $hasher.ComputeHash([IO.File]::ReadAllBytes($PSCommandPath))
  $found = [BitConverter]::ToString($bytes).Replace('-', '')
  if ($found -ne $Sha256) { throw (New-Refusal 'OtherScript' $found) }
}

$Call = ''
$turn = $null
try {
  [Threading.Thread]::CurrentThread.CurrentUICulture = $Invariant
  # A mark of the byte order may stand before the text.
  $text = [Console]::In.ReadToEnd().Trim().TrimStart([char]0xFEFF)
  $request = ConvertFrom-Json -InputObject ([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($text)))
  $Call = [string]$request.call
  $Limit = [int]$request.limit
  $WaitSeconds = [int]$request.wait
  $Data = $request.data
  Assert-Unchanged
  $turn = Enter-Turn
  $null = Invoke-Call (Connect-Server)
  Write-Envelope $null
}
catch {
  Write-Envelope (Get-ErrorPart $_.Exception)
}
finally {
  if ($null -ne $turn) { $turn.Dispose() }
}
exit 0
