# Stands for the module of the console of Configuration Manager: functions with the real names and parameters, as Microsoft's reference has
# them, on a site that is a JSON file (STANDIN_SITE). Each call is noted (STANDIN_QUERIES). What a real one refuses is refused here.
Set-StrictMode -Version 2
$ErrorActionPreference = 'Stop'

function Read-Site { return ConvertFrom-Json -InputObject ([IO.File]::ReadAllText($env:STANDIN_SITE)) }

function Save-Site($Site) { [IO.File]::WriteAllText($env:STANDIN_SITE, (ConvertTo-Json -InputObject $Site -Depth 8)) }

function Add-Query([string]$Text) { [IO.File]::AppendAllText($env:STANDIN_QUERIES, $Text + "`n") }

# Only on the drive of the site, as the real ones.
function Assert-Drive([string]$Name) {
  Add-Query $Name
  if ((Get-Location).Drive.Name -ne 'P01') { throw (New-Object System.InvalidOperationException 'This command cannot be run from the current drive. To run this command you must first connect to a Configuration Manager drive.') }
}

# A fresh session has no provider of the site under Linux, so a folder stands for it.
function New-PSDrive {
  param([string]$Name, [string]$PSProvider, [string]$Root, [string]$Scope, [string]$Description)
  Add-Query "New-PSDrive $Name $PSProvider $Root"
  if ($PSProvider -ne 'CMSite') { throw "Cannot find a provider with the name '$PSProvider'." }
  $site = Read-Site
  if ($Root -ne $site.provider) { throw (New-Object System.UnauthorizedAccessException "The SMS provider on $Root reported an error.") }
  Microsoft.PowerShell.Management\New-PSDrive -Name $Name -PSProvider FileSystem -Root (Split-Path -Parent $env:STANDIN_SITE) -Scope Global
}

# Names are looked for in any case, and with wildcards.
function Get-CMDeviceCollection {
  param([string]$Id, [string]$Name, [switch]$Fast)
  Assert-Drive 'Get-CMDeviceCollection'
  foreach ($one in (Read-Site).collections) {
    if ($Id -and $one.CollectionID -ne $Id) { continue }
    if ($Name -and $one.Name -notlike $Name) { continue }
    $one
  }
}

function New-CMDeviceCollection {
  param([string]$Comment, [Parameter(Mandatory = $true)][string]$LimitingCollectionId, [Parameter(Mandatory = $true)][string]$Name, $RefreshSchedule, [ValidateSet('None', 'Manual', 'Periodic', 'Continuous', 'Both')][string]$RefreshType)
  Assert-Drive 'New-CMDeviceCollection'
  $site = Read-Site
  $made = [pscustomobject]@{ CollectionID = 'P01' + (10000 + $site.made); Name = $Name; Comment = $Comment; LimitToCollectionID = $LimitingCollectionId; RefreshType = $RefreshType; rules = @() }
  $site.made = $site.made + 1
  $site.collections = @($site.collections) + $made
  Save-Site $site
  $made
}

function Remove-CMCollection {
  param([string]$Id, [switch]$Force)
  Assert-Drive 'Remove-CMCollection'
  Assert-Force $Force
  $site = Read-Site
  if (@($site.deployments | Where-Object { $_.TargetCollectionID -eq $Id }).Length -gt 0) { throw (New-Object System.InvalidOperationException 'Unable to update collection due to SQL error') }
  $site.collections = @($site.collections | Where-Object { $_.CollectionID -ne $Id })
  Save-Site $site
}

# Without it they ask a person, whom there is none of.
function Assert-Force($Force) { if (-not $Force) { throw (New-Object System.InvalidOperationException 'PowerShell is in NonInteractive mode. Read and Prompt functionality is not available.') } }

function Get-CMDeviceCollectionDirectMembershipRule {
  param([string]$CollectionId, [int]$ResourceId, [string]$ResourceName)
  Assert-Drive 'Get-CMDeviceCollectionDirectMembershipRule'
  foreach ($one in (Read-Site).collections) { if ($one.CollectionID -eq $CollectionId) { $one.rules | Where-Object { $_.kind -eq 'direct' } } }
}

function Add-CMDeviceCollectionDirectMembershipRule {
  param([Parameter(Mandatory = $true)][string]$CollectionId, [Parameter(Mandatory = $true)][int[]]$ResourceId)
  Assert-Drive 'Add-CMDeviceCollectionDirectMembershipRule'
  $site = Read-Site
  $collection = $site.collections | Where-Object { $_.CollectionID -eq $CollectionId }
  foreach ($id in $ResourceId) {
    if ($site.devices -notcontains $id) { throw (New-Object System.InvalidOperationException "No object corresponds to the specified parameters.") }
    if (@($collection.rules | Where-Object { $_.kind -eq 'direct' -and $_.ResourceID -eq $id }).Length -gt 0) { throw (New-Object System.InvalidOperationException 'The rule exists already.') }
    $collection.rules = @($collection.rules) + [pscustomobject]@{ kind = 'direct'; RuleName = [string]$id; ResourceID = $id }
  }
  Save-Site $site
}

function Remove-CMDeviceCollectionDirectMembershipRule {
  param([Parameter(Mandatory = $true)][string]$CollectionId, [Parameter(Mandatory = $true)][string[]]$ResourceId, [switch]$Force)
  Assert-Drive 'Remove-CMDeviceCollectionDirectMembershipRule'
  Assert-Force $Force
  Remove-Rule $CollectionId { param($rule) $rule.kind -eq 'direct' -and $ResourceId -contains [string]$rule.ResourceID }
}

function Remove-CMDeviceCollectionQueryMembershipRule {
  param([Parameter(Mandatory = $true)][string]$CollectionId, [Parameter(Mandatory = $true)][string]$RuleName, [switch]$Force)
  Assert-Drive 'Remove-CMDeviceCollectionQueryMembershipRule'
  Assert-Force $Force
  Remove-Rule $CollectionId { param($rule) $rule.kind -eq 'query' -and $rule.RuleName -eq $RuleName }
}

function Remove-CMDeviceCollectionIncludeMembershipRule {
  param([Parameter(Mandatory = $true)][string]$CollectionId, [Parameter(Mandatory = $true)][string]$IncludeCollectionName, [switch]$Force)
  Assert-Drive 'Remove-CMDeviceCollectionIncludeMembershipRule'
  Assert-Force $Force
  Remove-Rule $CollectionId { param($rule) $rule.kind -eq 'include' -and $rule.RuleName -eq $IncludeCollectionName }
}

function Remove-Rule([string]$CollectionId, [scriptblock]$IsIt) {
  $site = Read-Site
  $collection = $site.collections | Where-Object { $_.CollectionID -eq $CollectionId }
  $collection.rules = @($collection.rules | Where-Object { -not (& $IsIt $_) })
  Save-Site $site
}

function Invoke-CMCollectionUpdate {
  param([Parameter(Mandatory = $true)][string]$CollectionId)
  Assert-Drive 'Invoke-CMCollectionUpdate'
}

function Get-CMDevice {
  param([int]$ResourceId, [switch]$Fast)
  Assert-Drive 'Get-CMDevice'
  if ((Read-Site).devices -contains $ResourceId) { [pscustomobject]@{ ResourceID = $ResourceId } }
}

function Get-CMSoftwareUpdateGroup {
  param([string]$Id, [string]$Name)
  Assert-Drive 'Get-CMSoftwareUpdateGroup'
  foreach ($one in (Read-Site).groups) {
    if ($Id -and [string]$one.CI_ID -ne $Id) { continue }
    if ($Name -and $one.LocalizedDisplayName -notlike $Name) { continue }
    $one
  }
}

function New-CMSoftwareUpdateGroup {
  param([Parameter(Mandatory = $true)][string]$Name, [string]$Description, [int[]]$UpdateId)
  Assert-Drive 'New-CMSoftwareUpdateGroup'
  $site = Read-Site
  $made = [pscustomobject]@{ CI_ID = 17000000 + $site.made; LocalizedDisplayName = $Name; LocalizedDescription = $Description; Updates = $UpdateId }
  $site.made = $site.made + 1
  $site.groups = @($site.groups) + $made
  Save-Site $site
  $made
}

function Remove-CMSoftwareUpdateGroup {
  param([string[]]$Id, [switch]$Force)
  Assert-Drive 'Remove-CMSoftwareUpdateGroup'
  Assert-Force $Force
  $site = Read-Site
  $site.groups = @($site.groups | Where-Object { $Id -notcontains [string]$_.CI_ID })
  Save-Site $site
}

function Get-CMSoftwareUpdateDeployment {
  param([string]$CollectionId, [string]$DeploymentId, [switch]$Fast)
  Assert-Drive 'Get-CMSoftwareUpdateDeployment'
  foreach ($one in (Read-Site).deployments) {
    if ($CollectionId -and $one.TargetCollectionID -ne $CollectionId) { continue }
    if ($DeploymentId -and $one.AssignmentUniqueID -ne $DeploymentId) { continue }
    $one
  }
}

# Times of Kind Utc are kept as they are, and others taken for local ones.
function ConvertTo-Stored([DateTime]$Date) { return $Date.ToUniversalTime().ToString("yyyyMMdd'T'HHmmss'Z'") }

function New-CMSoftwareUpdateDeployment {
  param([Parameter(Mandatory = $true)][string]$SoftwareUpdateGroupId, [Parameter(Mandatory = $true)][string]$CollectionId, [string]$DeploymentName, [ValidateSet('Required', 'Available')][string]$DeploymentType, [DateTime]$AvailableDateTime, [DateTime]$DeadlineDateTime, [ValidateSet('LocalTime', 'Utc')][string]$TimeBasedOn, [ValidateSet('DisplayAll', 'DisplaySoftwareCenterOnly', 'HideAll')][string]$UserNotification, [Nullable[bool]]$SoftwareInstallation, [Nullable[bool]]$AllowRestart, [Nullable[bool]]$RestartServer, [Nullable[bool]]$RestartWorkstation, [ValidateSet('AllMessages', 'OnlySuccessAndErrorMessages', 'OnlyErrorMessages')][string]$VerbosityLevel, [Nullable[bool]]$DownloadFromMicrosoftUpdate, [Nullable[bool]]$DeployWithNoPackage, [switch]$AcceptEula)
  Assert-Drive 'New-CMSoftwareUpdateDeployment'
  $site = Read-Site
  $suppressed = 0
  if ($RestartWorkstation) { $suppressed = $suppressed + 1 }
  if ($RestartServer) { $suppressed = $suppressed + 2 }
  $made = [pscustomobject]@{
    AssignmentUniqueID = '{' + [Guid]::NewGuid() + '}'
    AssignmentName = $DeploymentName
    AssignedUpdateGroup = [int]$SoftwareUpdateGroupId
    TargetCollectionID = $CollectionId
    Enabled = $true
    StartTime = (ConvertTo-Stored $AvailableDateTime)
    EnforcementDeadline = (ConvertTo-Stored $DeadlineDateTime)
    UseGMTTimes = $TimeBasedOn -eq 'Utc'
    SuppressReboot = $suppressed
    OverrideServiceWindows = [bool]$SoftwareInstallation
    RebootOutsideOfServiceWindows = [bool]$AllowRestart
    AcceptEula = [bool]$AcceptEula
    DeployWithNoPackage = [bool]$DeployWithNoPackage
    kind = $DeploymentType
  }
  $site.deployments = @($site.deployments) + $made
  Save-Site $site
  $made
}

function Set-CMSoftwareUpdateDeployment {
  param([Parameter(Mandatory = $true)]$InputObject, [Nullable[bool]]$Enable, [DateTime]$AvailableDateTime, [DateTime]$DeploymentExpireDateTime, [ValidateSet('LocalTime', 'Utc')][string]$TimeBasedOn, [Nullable[bool]]$SoftwareInstallation, [Nullable[bool]]$AllowRestart, [Nullable[bool]]$RestartServer, [Nullable[bool]]$RestartWorkstation)
  Assert-Drive 'Set-CMSoftwareUpdateDeployment'
  $site = Read-Site
  foreach ($one in $site.deployments) {
    if ($one.AssignmentUniqueID -ne $InputObject.AssignmentUniqueID) { continue }
    $one.Enabled = [bool]$Enable
    $one.StartTime = (ConvertTo-Stored $AvailableDateTime)
    $one.EnforcementDeadline = (ConvertTo-Stored $DeploymentExpireDateTime)
    $one.UseGMTTimes = $TimeBasedOn -eq 'Utc'
    $one.SuppressReboot = 0
    if ($RestartWorkstation) { $one.SuppressReboot = $one.SuppressReboot + 1 }
    if ($RestartServer) { $one.SuppressReboot = $one.SuppressReboot + 2 }
  }
  Save-Site $site
}

function Remove-CMSoftwareUpdateDeployment {
  param([string]$DeploymentId, [switch]$Force)
  Assert-Drive 'Remove-CMSoftwareUpdateDeployment'
  Assert-Force $Force
  $site = Read-Site
  $site.deployments = @($site.deployments | Where-Object { $_.AssignmentUniqueID -ne $DeploymentId })
  Save-Site $site
}
