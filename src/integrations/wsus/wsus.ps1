# ---- WSUS: what of it stands between begin.ps1 and end.ps1. ----

$LockFile = 'wsus.lock'
# Errors that come before anything was changed.
$Refusing = 'System.InvalidOperationException', 'System.ArgumentException', 'System.ArgumentNullException',
  'System.ArgumentOutOfRangeException', 'Microsoft.UpdateServices.Administration.WsusObjectNotFoundException'

$AllComputers = 'a0a08746-4dbe-4a37-9adf-9e7652c0b421'
$Unassigned = 'b73ca6ed-5727-47f3-84de-015e03f6a88a'

# The end of a span counts with its whole second, because the server knows parts of seconds and the wire does not.
function ConvertFrom-WireEnd($Text, $Otherwise) {
  if ($null -eq $Text) { return $Otherwise }
  return (ConvertFrom-Wire $Text).AddMilliseconds(997)
}

# ---- The server ----

function Test-Api {
  return $null -ne ('Microsoft.UpdateServices.Administration.AdminProxy' -as [type])
}

function Connect-Server {
  if ([Environment]::Is64BitOperatingSystem -and -not [Environment]::Is64BitProcess) { throw (New-Refusal 'ThirtyTwoBit' '') }
  if (-not (Test-Api)) { [void][Reflection.Assembly]::LoadWithPartialName('Microsoft.UpdateServices.Administration') }
  if (-not (Test-Api) -and $env:ProgramFiles) {
    $file = Join-Path $env:ProgramFiles 'Update Services\Api\Microsoft.UpdateServices.Administration.dll'
    if (Test-Path -LiteralPath $file) { Add-Type -Path $file }
  }
  if (-not (Test-Api)) {
    # The API needs the .NET Framework, which only Windows PowerShell has.
    if ($PSVersionTable.PSEdition -ne 'Desktop') { throw (New-Refusal 'Core' ([string]$PSVersionTable.PSVersion)) }
    throw (New-Refusal 'NoModule' '')
  }
  $server = [Microsoft.UpdateServices.Administration.AdminProxy]::GetUpdateServer()
  $Answer.server = [string]$server.Name
  if ([string]$server.GetCurrentUserRole() -eq 'Unauthorized' -and $Op -ne 'probe') { throw (New-Refusal 'NoRights' '') }
  # Titles and names of classifications otherwise come in the language of the server.
  if ($Op -ne 'probe') { try { $server.PreferredCulture = 'en' } catch { $null = $_ } }
  return $server
}

function Assert-Writable($Server) {
  if ([string]$Server.GetCurrentUserRole() -ne 'Administrator') { throw (New-Refusal 'NotAdministrator' '') }
}

function Assert-Upstream($Server) {
  Assert-Writable $Server
  if ($Server.GetConfiguration().IsReplicaServer) { throw (New-Refusal 'Replica' '') }
}

# ---- Things of the server, as rows. Live objects have hundreds of lazy fields: only these are read. ----

function ConvertTo-Machine($Computer) {
  $version = $null
  if ($null -ne $Computer.OSInfo -and $null -ne $Computer.OSInfo.Version) { $version = [string]$Computer.OSInfo.Version }
  $os = ConvertTo-Text $Computer.OSDescription
  if ($os -eq '') { $os = ConvertTo-Text $Computer.OSFamily }
  $address = $null
  if ($null -ne $Computer.IPAddress) { $address = [string]$Computer.IPAddress }
  return @{
    id = [string]$Computer.Id
    name = (ConvertTo-Text $Computer.FullDomainName)
    address = $address
    os = $os
    version = $version
    architecture = (ConvertTo-Text $Computer.OSArchitecture)
    role = [string]$Computer.ComputerRole
    contactedAt = (ConvertTo-Wire $Computer.LastSyncTime)
    reportedAt = (ConvertTo-Wire $Computer.LastReportedStatusTime)
    groups = [string[]](ConvertTo-Texts $Computer.ComputerTargetGroupIds)
    downstream = [bool]$Computer.SyncsFromDownstreamServer
  }
}

function ConvertTo-Behaviour($Behaviour) {
  return @{
    supported = [bool]$Behaviour.IsSupported
    reboot = [string]$Behaviour.RebootBehavior
    asksUser = [bool]$Behaviour.CanRequestUserInput
  }
}

function ConvertTo-Update($Update) {
  $declined = [bool]$Update.IsDeclined
  $expired = [string]$Update.PublicationState -eq 'Expired'
  $supersedes = New-Object 'System.Collections.Generic.List[string]'
  # A question to the database for each, and none can be asked for all at once: only where there is an answer that counts.
  if ($Update.HasSupersededUpdates -and -not $declined -and -not $expired) {
    $relation = [Microsoft.UpdateServices.Administration.UpdateRelationship]::UpdatesSupersededByThisUpdate
    foreach ($other in $Update.GetRelatedUpdates($relation)) {
      $id = [string]$other.Id.UpdateId
      if (-not $supersedes.Contains($id)) { $supersedes.Add($id) }
    }
  }
  $licenceTitle = $null
  $needsLicence = [bool]$Update.RequiresLicenseAgreementAcceptance
  if ($needsLicence) { $licenceTitle = Get-LicenceTitle $Update }
  return @{
    id = [string]$Update.Id.UpdateId
    revision = [int]$Update.Id.RevisionNumber
    title = (ConvertTo-Text $Update.Title)
    kbs = [string[]](ConvertTo-Texts $Update.KnowledgebaseArticles)
    severity = [string]$Update.MsrcSeverity
    classification = (ConvertTo-Text $Update.UpdateClassificationTitle)
    products = [string[]](ConvertTo-Texts $Update.ProductTitles)
    kind = [string]$Update.UpdateType
    releasedAt = (ConvertTo-Wire $Update.CreationDate)
    arrivedAt = (ConvertTo-Wire $Update.ArrivalDate)
    expired = $expired
    declined = $declined
    superseded = [bool]$Update.IsSuperseded
    supersedes = [string[]]$supersedes.ToArray()
    install = (ConvertTo-Behaviour $Update.InstallationBehavior)
    uninstall = (ConvertTo-Behaviour $Update.UninstallationBehavior)
    licence = @{ required = $needsLicence; title = $licenceTitle }
    content = [string]$Update.State
    local = ([string]$Update.UpdateSource -eq 'Other')
  }
}

# A licence has no title, so the first line of its text stands for it. Before it was downloaded there is no text.
function Get-LicenceTitle($Update) {
  try { $text = [string]$Update.GetLicenseAgreement().Text } catch { return $null }
  foreach ($line in $text.Split("`n")) {
    $line = $line.Trim()
    if ($line -eq '') { continue }
    if ($line.Length -gt 200) { return $line.Substring(0, 200) }
    return $line
  }
  return $null
}

function ConvertTo-Approval($Approval) {
  return @{
    id = [string]$Approval.Id
    update = [string]$Approval.UpdateId.UpdateId
    revision = [int]$Approval.UpdateId.RevisionNumber
    group = [string]$Approval.ComputerTargetGroupId
    action = [string]$Approval.Action
    deadline = (ConvertTo-Wire $Approval.Deadline)
    createdAt = (ConvertTo-Wire $Approval.CreationDate)
    by = (ConvertTo-Text $Approval.AdministratorName)
    state = [string]$Approval.State
    optional = [bool]$Approval.IsOptional
  }
}

function ConvertTo-Group($Group) {
  $id = [string]$Group.Id
  # The API refuses to say a parent of All Computers.
  $parent = $null
  if ($id -ne $AllComputers) { $parent = [string]$Group.GetParentTargetGroup().Id }
  return @{ id = $id; name = (ConvertTo-Text $Group.Name); parent = $parent }
}

# ---- One thing by its id; $null: there is none. Names are not used: a name may fit several. ----

function Find-ById($Read) {
  try { return & $Read }
  catch {
    for ($one = $_.Exception; $null -ne $one; $one = $one.InnerException) {
      if ($one.GetType().Name -eq 'WsusObjectNotFoundException') { return $null }
    }
    throw
  }
}

function Find-Update($Server, $Id) {
  # Revision 0 stands for the latest.
  $key = New-Object Microsoft.UpdateServices.Administration.UpdateRevisionId
  $key.UpdateId = [Guid][string]$Id
  return Find-ById { $Server.GetUpdate($key) }
}

function Find-Group($Server, $Id) { return Find-ById { $Server.GetComputerTargetGroup([Guid][string]$Id) } }

function Find-Computer($Server, $Id) { return Find-ById { $Server.GetComputerTarget([string]$Id) } }

function Get-Known($Thing, [string]$Name, $Id) {
  if ($null -eq $Thing) { throw (New-Refusal $Name ([string]$Id)) }
  return $Thing
}

# ---- The calls that read ----

# One fact of the probe. What cannot be read is said, and does not hide the rest.
function Read-Fact([string]$Name, $Read, $Otherwise) {
  try { return & $Read }
  catch {
    $Unknown.Add($Name + ': ' + (Get-ErrorPart $_.Exception).type)
    return $Otherwise
  }
}

# What takes long on a large server is left out of a brief probe.
function Read-Counted([string]$Name, $Read) {
  if ($Data.brief) { return $null }
  return Read-Fact $Name $Read
}

function Read-Probe($Server) {
  $Unknown = New-Object 'System.Collections.Generic.List[string]'
  $config = $Server.GetConfiguration()
  $all = New-Object Microsoft.UpdateServices.Administration.UpdateScope
  $rules = New-Object 'System.Collections.Generic.List[object]'
  Read-Fact 'automatic rules' {
    foreach ($rule in $Server.GetInstallApprovalRules()) {
      $names = New-Object 'System.Collections.Generic.List[string]'
      foreach ($group in $rule.GetComputerTargetGroups()) { $names.Add([string]$group.Name) }
      $rules.Add(@{ name = [string]$rule.Name; enabled = [bool]$rule.Enabled; groups = [string[]]$names.ToArray() })
    }
  }
  $languages = New-Object 'System.Collections.Generic.List[string]'
  Read-Fact 'languages' { foreach ($one in $config.GetEnabledUpdateLanguages()) { $languages.Add([string]$one) } }
  $policies = New-Object 'System.Collections.Generic.List[object]'
  Read-Fact 'execution policy' {
    foreach ($one in Get-ExecutionPolicy -List) {
      $policies.Add(@{ scope = [string]$one.Scope; policy = [string]$one.ExecutionPolicy })
    }
  }
  $Answer.one = @{
    server = [string]$Server.Name
    version = (ConvertTo-Text $Server.Version)
    role = [string]$Server.GetCurrentUserRole()
    replica = [bool]$config.IsReplicaServer
    targeting = [string]$config.TargetingMode
    machines = [int]$Server.GetComputerTargetCount()
    updates = (Read-Counted 'number of updates' { [int]$Server.GetUpdateCount($all) })
    synchronised = (Read-Fact 'last synchronisation' { Read-Synchronisation $Server })
    nextSynchronisation = (Read-Fact 'next synchronisation' { ConvertTo-Wire $Server.GetSubscription().GetNextSynchronizationTime() })
    automatic = [object[]]$rules.ToArray()
    approvals = (Read-Counted 'approvals' {
        $standing = 0
        foreach ($one in $Server.GetUpdateApprovals($all)) { if ([string]$one.Action -eq 'Install') { $standing++ } }
        $standing
      })
    languages = [string[]]$languages.ToArray()
    culture = [string](Read-Fact 'culture' { $Server.PreferredCulture } '')
    powershell = [string]$PSVersionTable.PSVersion
    edition = [string]$PSVersionTable.PSEdition
    bits64 = [Environment]::Is64BitProcess
    codePage = [int][Console]::OutputEncoding.CodePage
    executionPolicy = [object[]]$policies.ToArray()
    clock = (ConvertTo-Wire ([DateTime]::UtcNow))
    open = (Read-Counted 'open facts' { Read-OpenFacts $Server $config })
    unknown = [string[]]$Unknown.ToArray()
  }
  # What could not be read of the open facts was added while they were read.
  $Answer.one.unknown = [string[]]$Unknown.ToArray()
}

# Facts that documentation leaves open. They are read where a real server can tell them, and change nothing.
function Read-OpenFacts($Server, $Config) {
  $computers = Read-Fact 'machines' { Read-Rhythm $Server }
  return @{
    api = (Read-Fact 'version of the API' { [string][Microsoft.UpdateServices.Administration.AdminProxy].Assembly.GetName().Version })
    members = [string[]](Read-Fact 'members of the API' { Read-ApiMembers } @())
    builtInGroups = (Read-Fact 'built-in groups' { $null -ne (Find-Group $Server $AllComputers) -and $null -ne (Find-Group $Server $Unassigned) })
    machines = $computers
    renamed = (Read-Fact 'renamed machines' { [int]$Server.GetComputersWithRecentNameChange().Count })
    downstreamServers = (Read-Fact 'downstream servers' { [int]$Server.GetDownstreamServers().Count })
    refreshesApprovals = (Read-Fact 'refreshing of approvals' { if ($null -ne $Config.AutoRefreshUpdateApprovals) { [bool]$Config.AutoRefreshUpdateApprovals } })
    staleApprovals = (Read-Fact 'stale approvals' { Read-Count $Server 'ApprovedStates' ([Microsoft.UpdateServices.Administration.ApprovedStates]::HasStaleUpdateApprovals) })
    otherPublishers = (Read-Fact 'other publishers' { Read-Count $Server 'UpdateSources' ([Microsoft.UpdateServices.Administration.UpdateSources]::Other) })
    synchronising = (Read-Fact 'synchronisation under way' { [string]$Server.GetSubscription().GetSynchronizationStatus() })
    twoDeadlines = (Read-Fact 'two deadlines' { Read-TwoDeadlines $Server })
  }
}

function Read-Count($Server, [string]$Property, $Value) {
  $scope = New-Object Microsoft.UpdateServices.Administration.UpdateScope
  $scope.$Property = $Value
  return [int]$Server.GetUpdateCount($scope)
}

# Members that newer versions of the API have, or are said to have.
function Read-ApiMembers {
  $found = New-Object 'System.Collections.Generic.List[string]'
  foreach ($method in [Microsoft.UpdateServices.Administration.IUpdate].GetMethods()) {
    if ($method.Name -eq 'Decline') { $found.Add('Decline with ' + $method.GetParameters().Count + ' parameters') }
    if ($method.Name -eq 'Approve') { $found.Add('Approve with ' + $method.GetParameters().Count + ' parameters') }
  }
  return , [string[]]$found.ToArray()
}

# How machines ask and report, and what the API gives of them, from one list of them all.
function Read-Rhythm($Server) {
  $scope = New-Object Microsoft.UpdateServices.Administration.ComputerTargetScope
  $scope.IncludeDownstreamComputerTargets = $true
  $now = [DateTime]::UtcNow
  $names = New-Object 'System.Collections.Generic.HashSet[string]' ([StringComparer]::OrdinalIgnoreCase)
  $count = @{ all = 0; askedIn22Hours = 0; askedIn26Hours = 0; askedNotIn30Days = 0; reportedIn48Hours = 0; askedAndDidNotReport = 0; neverReported = 0; withBuild = 0; withGuid = 0; namedTwice = 0; instants = '' }
  $guid = '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'
  foreach ($computer in $Server.GetComputerTargets($scope)) {
    $count.all++
    $asked = $computer.LastSyncTime
    $reported = $computer.LastReportedStatusTime
    if ($count.instants -eq '' -and $asked.Year -gt 1753) { $count.instants = [string]$asked.Kind }
    $since = ($now - [DateTime]::SpecifyKind($asked, [DateTimeKind]::Utc)).TotalHours
    $said = ($now - [DateTime]::SpecifyKind($reported, [DateTimeKind]::Utc)).TotalHours
    if ($since -le 22) { $count.askedIn22Hours++ }
    if ($since -le 26) { $count.askedIn26Hours++ }
    if ($since -gt 720) { $count.askedNotIn30Days++ }
    if ($said -le 48) { $count.reportedIn48Hours++ }
    if ($reported.Year -le 1753) { $count.neverReported++ }
    elseif ($since -le 26 -and $said -gt 48) { $count.askedAndDidNotReport++ }
    $info = $computer.OSInfo
    if ($null -ne $info -and $null -ne $info.Version -and $info.Version.Revision -gt 0) { $count.withBuild++ }
    if ([string]$computer.Id -match $guid) { $count.withGuid++ }
    if (-not $names.Add([string]$computer.FullDomainName)) { $count.namedTwice++ }
  }
  return $count
}

# So many updates with several deadlines are looked at, and so many machines of each.
$MostPairs = 5
$MostMachines = 100

# Of a machine in two groups with two deadlines the API tells which approval it takes as the one that counts.
function Read-TwoDeadlines($Server) {
  $result = @{ updates = 0; earlier = 0; later = 0 }
  $byUpdate = @{}
  $all = New-Object Microsoft.UpdateServices.Administration.UpdateScope
  foreach ($one in $Server.GetUpdateApprovals($all)) {
    if ([string]$one.Action -ne 'Install' -or $one.Deadline.Year -ge 9999) { continue }
    $id = [string]$one.UpdateId.UpdateId
    if (-not $byUpdate.ContainsKey($id)) { $byUpdate[$id] = @{} }
    $byUpdate[$id][[string]$one.ComputerTargetGroupId] = $one.Deadline
  }
  $scope = New-Object Microsoft.UpdateServices.Administration.ComputerTargetScope
  $scope.IncludeDownstreamComputerTargets = $true
  foreach ($id in $byUpdate.Keys) {
    $deadlines = $byUpdate[$id]
    if (@($deadlines.Values | Sort-Object -Unique).Count -lt 2) { continue }
    $result.updates++
    if ($result.updates -gt $MostPairs) { continue }
    $update = Find-Update $Server $id
    if ($null -eq $update) { continue }
    $seen = 0
    foreach ($info in $update.GetUpdateInstallationInfoPerComputerTarget($scope)) {
      $counts = [string]$info.UpdateApprovalTargetGroupId
      if (-not $deadlines.ContainsKey($counts)) { continue }
      $seen++
      if ($seen -gt $MostMachines) { break }
      $computer = Find-Computer $Server $info.ComputerTargetId
      if ($null -eq $computer) { continue }
      foreach ($group in $computer.ComputerTargetGroupIds) {
        $other = [string]$group
        if ($other -eq $counts -or -not $deadlines.ContainsKey($other)) { continue }
        if ($deadlines[$counts] -lt $deadlines[$other]) { $result.earlier++ }
        elseif ($deadlines[$counts] -gt $deadlines[$other]) { $result.later++ }
      }
    }
  }
  return $result
}

function Read-Synchronisation($Server) {
  $last = $Server.GetSubscription().GetLastSynchronizationInfo()
  if ($null -eq $last) { return $null }
  return @{
    result = [string]$last.Result
    startedAt = (ConvertTo-Wire $last.StartTime)
    endedAt = (ConvertTo-Wire $last.EndTime)
    error = (ConvertTo-Text $last.ErrorText)
  }
}

function Read-Groups($Server) {
  foreach ($group in $Server.GetComputerTargetGroups()) { if (-not (Add-Row (ConvertTo-Group $group))) { return } }
}

function Read-Machines($Server) {
  if ($null -ne $Data.ids) {
    foreach ($id in $Data.ids) {
      $computer = Find-Computer $Server $id
      if ($null -eq $computer) { continue }
      if (-not (Add-Row (ConvertTo-Machine $computer))) { return }
    }
    return
  }
  $scope = New-Object Microsoft.UpdateServices.Administration.ComputerTargetScope
  $scope.IncludeDownstreamComputerTargets = $true
  $to = ConvertFrom-WireEnd $Data.to
  # A span without a beginning holds those that never reported. The server is not asked for its end then: whether it
  # compares an end with nothing is not known.
  if ($null -ne $Data.from) {
    $scope.FromLastReportedStatusTime = (ConvertFrom-Wire $Data.from)
    if ($null -ne $to) { $scope.ToLastReportedStatusTime = $to }
  }
  foreach ($computer in $Server.GetComputerTargets($scope)) {
    if ($null -ne $to -and $computer.LastReportedStatusTime -gt $to) { continue }
    if (-not (Add-Row (ConvertTo-Machine $computer))) { return }
  }
}

function Read-Members($Server) {
  $group = Get-Known (Find-Group $Server $Data.group) 'NoGroup' $Data.group
  foreach ($computer in $group.GetComputerTargets()) {
    if (-not (Add-Row @{ id = [string]$computer.Id; name = (ConvertTo-Text $computer.FullDomainName) })) { return }
  }
}

function Read-Updates($Server) {
  if ($null -ne $Data.ids) {
    foreach ($id in $Data.ids) {
      $update = Find-Update $Server $id
      if ($null -eq $update) { continue }
      if (-not (Add-Row (ConvertTo-Update $update))) { return }
    }
    return
  }
  $scope = New-Object Microsoft.UpdateServices.Administration.UpdateScope
  $scope.ApprovedStates = [Microsoft.UpdateServices.Administration.ApprovedStates]::Any
  if ($null -ne $Data.from) { $scope.FromArrivalDate = (ConvertFrom-Wire $Data.from) }
  if ($null -ne $Data.to) { $scope.ToArrivalDate = (ConvertFrom-WireEnd $Data.to) }
  foreach ($update in $Server.GetUpdates($scope)) {
    # Earlier revisions come too.
    if (-not $update.IsLatestRevision) { continue }
    if (-not (Add-Row (ConvertTo-Update $update))) { return }
  }
}

function Add-Installation($Info) {
  $state = [string]$Info.UpdateInstallationState
  if ($state -eq 'NotApplicable') { return $true }
  return Add-Row @{
    machine = [string]$Info.ComputerTargetId
    update = [string]$Info.UpdateId
    state = $state
    action = [string]$Info.UpdateApprovalAction
    group = [string]$Info.UpdateApprovalTargetGroupId
  }
}

# About so many updates a machine has an opinion on.
$RowsOfMachine = 1000

# One question for each machine, or one for each update, which is then answered for all machines of the server: whichever
# gives fewer rows. The scopes' lists of excluded states are not used: they leave out every update that any machine has in
# such a state.
function Read-Installations($Server) {
  $machines = New-Object 'System.Collections.Generic.HashSet[string]' ([StringComparer]::OrdinalIgnoreCase)
  foreach ($id in $Data.machines) { [void]$machines.Add([string]$id) }
  $ofUpdates = $null -ne $Data.updates
  if ($ofUpdates -and @($Data.updates).Count * $Server.GetComputerTargetCount() -le $machines.Count * $RowsOfMachine) {
    $scope = New-Object Microsoft.UpdateServices.Administration.ComputerTargetScope
    $scope.IncludeDownstreamComputerTargets = $true
    foreach ($id in $Data.updates) {
      $update = Find-Update $Server $id
      if ($null -eq $update) { continue }
      foreach ($info in $update.GetUpdateInstallationInfoPerComputerTarget($scope)) {
        if (-not $machines.Contains([string]$info.ComputerTargetId)) { continue }
        if (-not (Add-Installation $info)) { return }
      }
    }
    return
  }
  $wanted = $null
  if ($null -ne $Data.updates) {
    $wanted = New-Object 'System.Collections.Generic.HashSet[string]' ([StringComparer]::OrdinalIgnoreCase)
    foreach ($id in $Data.updates) { [void]$wanted.Add([string]$id) }
  }
  $scope = New-Object Microsoft.UpdateServices.Administration.UpdateScope
  $scope.IncludedInstallationStates = 'Unknown, NotInstalled, Downloaded, Installed, Failed, InstalledPendingReboot'
  foreach ($id in $machines) {
    $computer = Find-Computer $Server $id
    if ($null -eq $computer) { continue }
    foreach ($info in $computer.GetUpdateInstallationInfoPerUpdate($scope)) {
      if ($null -ne $wanted -and -not $wanted.Contains([string]$info.UpdateId)) { continue }
      if (-not (Add-Installation $info)) { return }
    }
  }
}

# Adds the approvals of the wanted groups.
function Add-Approvals($Approvals, $Groups, $Updates) {
  foreach ($approval in $Approvals) {
    if ($null -ne $Groups -and -not ($Groups -contains [string]$approval.ComputerTargetGroupId)) { continue }
    if ($null -ne $Updates -and -not ($Updates -contains [string]$approval.UpdateId.UpdateId)) { continue }
    if (-not (Add-Row (ConvertTo-Approval $approval))) { return $false }
  }
  return $true
}

# So many updates are asked for one by one; with more, all approvals are read at once.
$FewUpdates = 50

function Read-Approvals($Server) {
  $groups = $null
  if ($null -ne $Data.groups) { $groups = @($Data.groups | ForEach-Object { [string]$_ }) }
  if ($null -ne $Data.updates -and @($Data.updates).Count -le $FewUpdates) {
    foreach ($id in $Data.updates) {
      $update = Find-Update $Server $id
      if ($null -eq $update) { continue }
      if (-not (Add-Approvals $update.GetUpdateApprovals() $groups $null)) { return }
    }
    return
  }
  $updates = $null
  if ($null -ne $Data.updates) { $updates = @($Data.updates | ForEach-Object { [string]$_ }) }
  $all = New-Object Microsoft.UpdateServices.Administration.UpdateScope
  [void](Add-Approvals $Server.GetUpdateApprovals($all) $groups $updates)
}

function Read-Events($Server) {
  $computer = Find-Computer $Server $Data.machine
  if ($null -eq $computer) { return }
  $from = ConvertFrom-Wire $Data.from ([DateTime]::UtcNow.AddYears(-1))
  $to = ConvertFrom-WireEnd $Data.to ([DateTime]::UtcNow.AddDays(1))
  $wanted = @($Data.updates | ForEach-Object { [string]$_ })
  $found = New-Object 'System.Collections.Generic.List[object]'
  foreach ($event in $Server.GetUpdateEventHistory($from, $to, $computer)) {
    $update = [string]$event.UpdateId.UpdateId
    if (-not ($wanted -contains $update)) { continue }
    $code = [int]$event.ErrorCode
    $found.Add(@{
        machine = [string]$event.ComputerId
        update = $update
        at = (ConvertTo-Wire $event.CreationDate)
        status = [string]$event.Status
        error = [bool]$event.IsError
        code = $(if ($code -eq 0) { $null } else { $code })
        message = (ConvertTo-Text $event.Message)
      })
  }
  # Instants on the wire sort as text.
  foreach ($row in $found | Sort-Object -Property @{ Expression = { [string]$_['at'] } } -Descending) {
    if (-not (Add-Row $row)) { return }
  }
}

# ---- The calls that change ----

function Add-Group($Server) {
  Assert-Upstream $Server
  $name = [string]$Data.name
  foreach ($group in $Server.GetComputerTargetGroups()) {
    if ([string]::Equals([string]$group.Name, $name, [StringComparison]::OrdinalIgnoreCase)) {
      $Answer.one = ConvertTo-Group $group
      return
    }
  }
  if (-not $Server.IsValidComputerTargetGroupName($name)) { throw (New-Refusal 'BadName' $name) }
  $Changed.begun = 'maybe'
  $Answer.one = ConvertTo-Group $Server.CreateComputerTargetGroup($name)
}

function Remove-Group($Server) {
  Assert-Upstream $Server
  $id = [string]$Data.group
  if ($id -eq $AllComputers -or $id -eq $Unassigned) { throw (New-Refusal 'OtherGroup' $id) }
  $group = Find-Group $Server $id
  if ($null -eq $group) {
    $Answer.one = @{ deleted = $false }
    return
  }
  # Somebody renamed it, or gave us the id of another: it is not ours to delete.
  if ([string]$group.Name -cne [string]$Data.name) { throw (New-Refusal 'OtherGroup' ([string]$group.Name)) }
  $Changed.begun = 'maybe'
  $group.Delete()
  $Answer.one = @{ deleted = $true }
}

function Test-Member($Computer, $GroupId) {
  foreach ($id in $Computer.ComputerTargetGroupIds) { if ([string]$id -eq $GroupId) { return $true } }
  return $false
}

function Add-Member($Server) {
  Assert-Writable $Server
  if ([string]$Server.GetConfiguration().TargetingMode -eq 'Client') { throw (New-Refusal 'ClientTargeting' '') }
  $group = Get-Known (Find-Group $Server $Data.group) 'NoGroup' $Data.group
  $computer = Get-Known (Find-Computer $Server $Data.machine) 'NoMachine' $Data.machine
  $Answer.one = @{}
  if (Test-Member $computer ([string]$group.Id)) { return }
  $Changed.begun = 'maybe'
  $group.AddComputerTarget($computer)
}

function Remove-Member($Server) {
  Assert-Writable $Server
  $Answer.one = @{}
  $group = Find-Group $Server $Data.group
  $computer = Find-Computer $Server $Data.machine
  if ($null -eq $group -or $null -eq $computer) { return }
  if (-not (Test-Member $computer ([string]$group.Id))) { return }
  $Changed.begun = 'maybe'
  $group.RemoveComputerTarget($computer)
}

function Set-Approval($Server) {
  Assert-Upstream $Server
  $update = Get-Known (Find-Update $Server $Data.update) 'NoUpdate' $Data.update
  $group = Get-Known (Find-Group $Server $Data.group) 'NoGroup' $Data.group
  $action = [Microsoft.UpdateServices.Administration.UpdateApprovalAction][string]$Data.action
  if ($Data.action -eq 'Install') {
    if ($update.IsDeclined) { throw (New-Refusal 'Declined' '') }
    if ([string]$update.PublicationState -eq 'Expired') { throw (New-Refusal 'Expired' '') }
    if ($update.RequiresLicenseAgreementAcceptance) { throw (New-Refusal 'Licence' '') }
  }
  if ($Data.action -eq 'Uninstall' -and -not $update.UninstallationBehavior.IsSupported) { throw (New-Refusal 'NoUninstall' '') }
  $Changed.begun = 'maybe'
  if ($null -eq $Data.deadline) { $approval = $update.Approve($action, $group) }
  else { $approval = $update.Approve($action, $group, (ConvertFrom-Wire $Data.deadline)) }
  $Answer.one = ConvertTo-Approval $approval
}

# Only the approval of this id: one that somebody made in its place is theirs. All are searched, because the latest revision
# of an update may not show those of earlier ones.
function Remove-Approval($Server) {
  Assert-Upstream $Server
  $Answer.one = @{ deleted = $false }
  $all = New-Object Microsoft.UpdateServices.Administration.UpdateScope
  foreach ($approval in $Server.GetUpdateApprovals($all)) {
    if ([string]$approval.Id -ne [string]$Data.approval) { continue }
    if ([string]$approval.ComputerTargetGroupId -ne [string]$Data.group) { continue }
    $Changed.begun = 'maybe'
    $approval.Delete()
    $Answer.one = @{ deleted = $true }
    return
  }
}

function Set-Licence($Server) {
  Assert-Upstream $Server
  $update = Get-Known (Find-Update $Server $Data.update) 'NoUpdate' $Data.update
  $Answer.one = @{}
  if (-not $update.RequiresLicenseAgreementAcceptance) { return }
  $Changed.begun = 'maybe'
  $update.AcceptLicenseAgreement()
}

function Set-Declined($Server) {
  Assert-Upstream $Server
  $update = Get-Known (Find-Update $Server $Data.update) 'NoUpdate' $Data.update
  $Changed.begun = 'maybe'
  $update.Decline()
  $Answer.one = @{ declined = [bool](Find-Update $Server $Data.update).IsDeclined }
}

function Invoke-Call($Server) {
  switch ($Op) {
    'probe' { Read-Probe $Server }
    'groups' { Read-Groups $Server }
    'machines' { Read-Machines $Server }
    'members' { Read-Members $Server }
    'updates' { Read-Updates $Server }
    'installations' { Read-Installations $Server }
    'approvals' { Read-Approvals $Server }
    'events' { Read-Events $Server }
    'create-group' { Add-Group $Server }
    'delete-group' { Remove-Group $Server }
    'add-member' { Add-Member $Server }
    'remove-member' { Remove-Member $Server }
    'approve' { Set-Approval $Server }
    'delete-approval' { Remove-Approval $Server }
    'accept-licence' { Set-Licence $Server }
    'decline' { Set-Declined $Server }
    default { throw (New-Refusal 'UnknownCall' $Op) }
  }
}

