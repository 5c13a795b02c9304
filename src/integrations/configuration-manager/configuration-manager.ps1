# ---- Configuration Manager: what of it stands between begin.ps1 and end.ps1. ----

$LockFile = 'configuration-manager.lock'
# Errors that come before anything was changed.
$Refusing = 'System.Management.Automation.ParameterBindingException', 'System.Management.Automation.CommandNotFoundException'
# Some cmdlets otherwise print that they could be asked for less.
$CMPSSuppressFastNotUsedCheck = $true
$WarningPreference = 'SilentlyContinue'

# What the calls below use: with an older console they would stop half way.
$Needed = @{
  'Get-CMDeviceCollection' = 'Id', 'Name'
  'New-CMDeviceCollection' = 'Name', 'LimitingCollectionId', 'Comment', 'RefreshType'
  'Remove-CMCollection' = 'Id', 'Force'
  'Get-CMDeviceCollectionDirectMembershipRule' = @('CollectionId')
  'Add-CMDeviceCollectionDirectMembershipRule' = 'CollectionId', 'ResourceId'
  'Remove-CMDeviceCollectionDirectMembershipRule' = 'CollectionId', 'ResourceId', 'Force'
  'Remove-CMDeviceCollectionQueryMembershipRule' = 'CollectionId', 'RuleName', 'Force'
  'Remove-CMDeviceCollectionIncludeMembershipRule' = 'CollectionId', 'IncludeCollectionName', 'Force'
  'Invoke-CMCollectionUpdate' = @('CollectionId')
  'Get-CMDevice' = @('ResourceId')
  'Get-CMSoftwareUpdateGroup' = 'Id', 'Name'
  'New-CMSoftwareUpdateGroup' = 'Name', 'UpdateId', 'Description'
  'Remove-CMSoftwareUpdateGroup' = 'Id', 'Force'
  'Get-CMSoftwareUpdateDeployment' = 'CollectionId', 'DeploymentId'
  'New-CMSoftwareUpdateDeployment' = 'SoftwareUpdateGroupId', 'CollectionId', 'DeploymentName', 'DeploymentType', 'AvailableDateTime', 'DeadlineDateTime', 'TimeBasedOn', 'UserNotification', 'SoftwareInstallation', 'AllowRestart', 'RestartServer', 'RestartWorkstation', 'VerbosityLevel', 'DownloadFromMicrosoftUpdate', 'DeployWithNoPackage', 'AcceptEula'
  'Set-CMSoftwareUpdateDeployment' = 'InputObject', 'AvailableDateTime', 'DeploymentExpireDateTime', 'TimeBasedOn', 'SoftwareInstallation', 'AllowRestart', 'RestartServer', 'RestartWorkstation', 'Enable'
  'Remove-CMSoftwareUpdateDeployment' = 'DeploymentId', 'Force'
}

# A session over SSH has neither the module nor the drive of the site; a profile may have made both.
function Connect-Server {
  if ($null -eq (Get-Module -Name ConfigurationManager)) {
    $file = ''
    if ($env:SMS_ADMIN_UI_PATH) { $file = Join-Path (Split-Path -Parent $env:SMS_ADMIN_UI_PATH) 'ConfigurationManager.psd1' }
    if ($file -eq '' -or -not (Test-Path -LiteralPath $file)) { throw (New-Refusal 'NoModule' '') }
    Import-Module $file
  }
  $site = [string]$Data.where.site
  try {
    if ($null -eq (Get-PSDrive -Name $site -ErrorAction SilentlyContinue)) {
      [void](New-PSDrive -Name $site -PSProvider CMSite -Root ([string]$Data.where.provider) -Scope Global)
    }
    Set-Location ($site + ':')
  }
  catch { throw (New-Refusal 'NoDrive' ([string]$_.Exception.Message)) }
  $Answer.server = $site
  return $site
}

# ---- One thing by its id; $null: there is none. ----

function Find-Collection($Id) { return Get-CMDeviceCollection -Id ([string]$Id) }

function Find-Group($Id) { return Get-CMSoftwareUpdateGroup -Id ([string]$Id) }

function Find-Deployment($Id) { return Get-CMSoftwareUpdateDeployment -DeploymentId ([string]$Id) }

# The one among these whose field is the name, letter by letter: cmdlets look for names in any case. None of ours has wildcards.
function Select-Named($All, [string]$Field, [string]$Name) {
  $found = $null
  foreach ($one in $All) {
    if ($null -eq $one -or [string]$one.$Field -cne $Name) { continue }
    if ($null -ne $found) { throw (New-Refusal 'Several' $Name) }
    $found = $one
  }
  return $found
}

# Somebody renamed it, or gave us the id of another: it is not ours to change.
function Assert-Named($Thing, [string]$Field, [string]$Name) {
  if ([string]$Thing.$Field -cne $Name) { throw (New-Refusal 'OtherName' ([string]$Thing.$Field)) }
}

# ---- The calls ----

function Read-Probe($Site) {
  $missing = New-Object 'System.Collections.Generic.List[string]'
  foreach ($name in $Needed.Keys) {
    $command = Get-Command -Name $name -ErrorAction SilentlyContinue
    if ($null -eq $command) {
      $missing.Add($name)
      continue
    }
    foreach ($parameter in $Needed[$name]) {
      if (-not $command.Parameters.ContainsKey($parameter)) { $missing.Add($name + ' -' + $parameter) }
    }
  }
  $missing.Sort()
  $now = [DateTime]::UtcNow
  $Answer.one = @{
    site = $Site
    module = [string](Get-Module -Name ConfigurationManager).Version
    powershell = [string]$PSVersionTable.PSVersion
    edition = [string]$PSVersionTable.PSEdition
    missing = [string[]]$missing.ToArray()
    clock = (ConvertTo-Wire $now)
    offsetMinutes = [int][TimeZoneInfo]::Local.GetUtcOffset($now).TotalMinutes
  }
}

$Comment = 'Made by Patchwarden for one rollout. It removes it itself.'

function Add-Collection {
  $name = [string]$Data.name
  $found = Select-Named @(Get-CMDeviceCollection -Name $name) 'Name' $name
  if ($null -eq $found) {
    $Changed.begun = 'maybe'
    $found = New-CMDeviceCollection -Name $name -LimitingCollectionId ([string]$Data.limiting) -Comment $Comment -RefreshType Manual
  }
  $Answer.one = @{ id = [string]$found.CollectionID; name = [string]$found.Name }
}

function Add-Group {
  $name = [string]$Data.name
  $found = Select-Named @(Get-CMSoftwareUpdateGroup -Name $name) 'LocalizedDisplayName' $name
  if ($null -eq $found) {
    $Changed.begun = 'maybe'
    $found = New-CMSoftwareUpdateGroup -Name $name -UpdateId ([int[]]@($Data.updates)) -Description $Comment
  }
  $Answer.one = @{ id = [int]$found.CI_ID; name = [string]$found.LocalizedDisplayName }
}

# True suppresses a restart, as the site stores it; the reference says the opposite. It is read back over the AdminService.
# The times are UTC and say so: some versions take them as they are, others convert what is local.
function Get-Times([string]$DeadlineName) {
  $times = @{
    AvailableDateTime = (ConvertFrom-Wire $Data.available)
    TimeBasedOn = 'Utc'
    SoftwareInstallation = $false
    AllowRestart = $false
    RestartServer = [bool]$Data.suppress
    RestartWorkstation = [bool]$Data.suppress
  }
  $times[$DeadlineName] = (ConvertFrom-Wire $Data.deadline)
  return $times
}

function Find-OwnDeployment {
  $all = @(Get-CMSoftwareUpdateDeployment -CollectionId ([string]$Data.collection))
  return Select-Named $all 'AssignmentName' ([string]$Data.name)
}

function Add-Deployment {
  if ($null -eq (Find-Collection $Data.collection)) { throw (New-Refusal 'NoCollection' ([string]$Data.collection)) }
  if ($null -eq (Find-Group $Data.group)) { throw (New-Refusal 'NoGroup' ([string]$Data.group)) }
  $found = Find-OwnDeployment
  if ($null -eq $found) {
    $settings = Get-Times 'DeadlineDateTime'
    $settings.SoftwareUpdateGroupId = [string]$Data.group
    $settings.CollectionId = [string]$Data.collection
    $settings.DeploymentName = [string]$Data.name
    $settings.DeploymentType = 'Required'
    $settings.UserNotification = 'HideAll'
    $settings.VerbosityLevel = 'AllMessages'
    $settings.DownloadFromMicrosoftUpdate = [bool]$Data.withoutPackage
    if ($Data.withoutPackage) { $settings.DeployWithNoPackage = $true }
    if ($Data.acceptLicence) { $settings.AcceptEula = $true }
    $Changed.begun = 'maybe'
    [void](New-CMSoftwareUpdateDeployment @settings)
    $found = Find-OwnDeployment
    if ($null -eq $found) { throw (New-Object System.InvalidOperationException 'The deployment that was made is not listed.') }
  }
  $Answer.one = @{ id = [string]$found.AssignmentUniqueID; name = [string]$found.AssignmentName }
}

function Set-Deployment {
  $found = Find-Deployment $Data.deployment
  if ($null -eq $found) { throw (New-Refusal 'NoDeployment' ([string]$Data.deployment)) }
  Assert-Named $found 'AssignmentName' ([string]$Data.name)
  $settings = Get-Times 'DeploymentExpireDateTime'
  $Changed.begun = 'maybe'
  [void](Set-CMSoftwareUpdateDeployment -InputObject $found -Enable $true @settings)
  $Answer.one = @{}
}

function Get-DirectMembers {
  $members = New-Object 'System.Collections.Generic.HashSet[int]'
  foreach ($rule in @(Get-CMDeviceCollectionDirectMembershipRule -CollectionId ([string]$Data.collection))) {
    if ($null -ne $rule) { [void]$members.Add([int]$rule.ResourceID) }
  }
  return , $members
}

function Add-Members {
  if ($null -eq (Find-Collection $Data.collection)) { throw (New-Refusal 'NoCollection' ([string]$Data.collection)) }
  $there = Get-DirectMembers
  $added = [int[]]@($Data.machines | Where-Object { -not $there.Contains([int]$_) })
  $Answer.one = @{}
  if ($added.Length -eq 0) { return }
  $Changed.begun = 'maybe'
  try { [void](Add-CMDeviceCollectionDirectMembershipRule -CollectionId ([string]$Data.collection) -ResourceId $added) }
  catch {
    # A device that is gone keeps the others from nothing: the caller leaves it out, and asks again.
    foreach ($id in $added) { if ($null -eq (Get-CMDevice -ResourceId $id)) { throw (New-Refusal 'NoMachine' ([string]$id)) } }
    throw
  }
  [void](Invoke-CMCollectionUpdate -CollectionId ([string]$Data.collection))
}

function Remove-Members {
  $Answer.one = @{}
  if ($null -eq (Find-Collection $Data.collection)) { return }
  $there = Get-DirectMembers
  $gone = @($Data.machines | Where-Object { $there.Contains([int]$_) })
  if ($gone.Length -eq 0) { return }
  $Changed.begun = 'maybe'
  [void](Remove-CMDeviceCollectionDirectMembershipRule -CollectionId ([string]$Data.collection) -ResourceId ([string[]]$gone) -Force)
  [void](Invoke-CMCollectionUpdate -CollectionId ([string]$Data.collection))
}

function Remove-Rules {
  $Answer.one = @{}
  $collection = [string]$Data.collection
  if ($null -eq (Find-Collection $collection)) { throw (New-Refusal 'NoCollection' $collection) }
  $Changed.begun = 'maybe'
  foreach ($rule in $Data.rules) {
    if ([string]$rule.kind -eq 'query') { [void](Remove-CMDeviceCollectionQueryMembershipRule -CollectionId $collection -RuleName ([string]$rule.name) -Force) }
    else { [void](Remove-CMDeviceCollectionIncludeMembershipRule -CollectionId $collection -IncludeCollectionName ([string]$rule.name) -Force) }
  }
  [void](Invoke-CMCollectionUpdate -CollectionId $collection)
}

function Remove-Deployment {
  $found = Find-Deployment $Data.deployment
  $Answer.one = @{ deleted = ($null -ne $found) }
  if ($null -eq $found) { return }
  Assert-Named $found 'AssignmentName' ([string]$Data.name)
  $Changed.begun = 'maybe'
  Remove-CMSoftwareUpdateDeployment -DeploymentId ([string]$Data.deployment) -Force
}

function Remove-Group {
  $found = Find-Group $Data.group
  $Answer.one = @{ deleted = ($null -ne $found) }
  if ($null -eq $found) { return }
  Assert-Named $found 'LocalizedDisplayName' ([string]$Data.name)
  $Changed.begun = 'maybe'
  Remove-CMSoftwareUpdateGroup -Id ([string]$Data.group) -Force
}

function Remove-Collection {
  $found = Find-Collection $Data.collection
  $Answer.one = @{ deleted = ($null -ne $found) }
  if ($null -eq $found) { return }
  Assert-Named $found 'Name' ([string]$Data.name)
  $Changed.begun = 'maybe'
  Remove-CMCollection -Id ([string]$Data.collection) -Force
}

function Invoke-Call($Site) {
  switch ($Op) {
    'probe' { Read-Probe $Site }
    'create-collection' { Add-Collection }
    'create-group' { Add-Group }
    'create-deployment' { Add-Deployment }
    'set-deployment' { Set-Deployment }
    'add-members' { Add-Members }
    'remove-members' { Remove-Members }
    'remove-rules' { Remove-Rules }
    'delete-deployment' { Remove-Deployment }
    'delete-group' { Remove-Group }
    'delete-collection' { Remove-Collection }
    default { throw (New-Refusal 'UnknownCall' $Op) }
  }
}

