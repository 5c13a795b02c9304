using System.Collections.ObjectModel;
using System.Collections.Specialized;
using System.Net;

namespace Microsoft.UpdateServices.Administration;

class Server(Site site) : IUpdateServer
{
    public string Name { get { site.Ask("IUpdateServer.Name"); return site.Name; } }
    public Version Version => new(10, 0, 20348, 2849);
    public string PreferredCulture { get => site.Culture; set => site.Culture = value; }
    public UpdateServerUserRole GetCurrentUserRole() { site.Ask("IUpdateServer.GetCurrentUserRole"); return site.Role; }
    void Allowed(string member)
    {
        site.Ask("IUpdateServer." + member);
        if (site.Role == UpdateServerUserRole.Unauthorized) throw new System.Security.SecurityException("Die Anforderung ist fehlgeschlagen.");
    }
    public IUpdateServerConfiguration GetConfiguration() { Allowed("GetConfiguration"); return new Configuration(site); }
    public ISubscription GetSubscription() { Allowed("GetSubscription"); return new Subscription(site); }
    public int GetComputerTargetCount() { Allowed("GetComputerTargetCount"); return site.Computers.Count; }
    public int GetUpdateCount(UpdateScope scope) { Allowed("GetUpdateCount"); return Matching(scope).Count(); }

    public IUpdate GetUpdate(UpdateRevisionId id)
    {
        Allowed("GetUpdate");
        foreach (var row in site.Updates)
            if (row.Id == id.UpdateId && (id.RevisionNumber == 0 ? row.Latest : row.Revision == id.RevisionNumber)) return new Update(site, row);
        throw new WsusObjectNotFoundException("Die Aktualisierung wurde nicht gefunden.");
    }
    public UpdateCollection GetUpdates() => GetUpdates(new UpdateScope());
    public UpdateCollection GetUpdates(UpdateScope scope)
    {
        Allowed("GetUpdates");
        var found = Matching(scope).ToList();
        if (found.Count > site.MostUpdates) throw new System.Web.Services.Protocols.SoapException("Server was unable to process request.", new System.Data.SqlClient.SqlException("Das Ausfuehrungszeitlimit ist abgelaufen.", -2));
        var all = new UpdateCollection();
        foreach (var row in found) all.Put(new Update(site, row));
        return all;
    }
    IEnumerable<UpdateRow> Matching(UpdateScope scope) => site.Updates.Where(row =>
        Times.Or(row.Arrived, DateTime.MinValue) >= scope.FromArrivalDate && Times.Or(row.Arrived, DateTime.MinValue) <= scope.ToArrivalDate &&
        (scope.ApprovedStates == ApprovedStates.Any || !row.Declined) &&
        (scope.ApprovedStates != ApprovedStates.HasStaleUpdateApprovals || new Update(site, row).HasStaleUpdateApprovals) &&
        (scope.UpdateSources == UpdateSources.All || (scope.UpdateSources == UpdateSources.Other) == row.Local) &&
        // An update with any machine in such a state is left out.
        (scope.ExcludedInstallationStates == 0 || !site.Computers.Any(c => Flags.Has(scope.ExcludedInstallationStates, Reports.Of(site, c.Id, row.Id)))));

    public ComputerTargetCollection GetComputerTargets(ComputerTargetScope scope)
    {
        Allowed("GetComputerTargets");
        var all = new ComputerTargetCollection();
        foreach (var row in Computers.Matching(site, scope)) all.Put(new Computer(site, row));
        return all;
    }
    public IComputerTarget GetComputerTarget(string id)
    {
        Allowed("GetComputerTarget");
        return new Computer(site, Computers.ById(site, id));
    }
    public ComputerTargetCollection GetComputersWithRecentNameChange()
    {
        Allowed("GetComputersWithRecentNameChange");
        var all = new ComputerTargetCollection();
        foreach (var row in site.Computers.Where(c => c.Names.Count > 1)) all.Put(new Computer(site, row));
        return all;
    }
    public DownstreamServerCollection GetDownstreamServers()
    {
        Allowed("GetDownstreamServers");
        var all = new DownstreamServerCollection();
        for (var n = 0; n < site.DownstreamServers; n++) all.Put(n);
        return all;
    }
    public ComputerTargetGroupCollection GetComputerTargetGroups()
    {
        Allowed("GetComputerTargetGroups");
        var all = new ComputerTargetGroupCollection();
        foreach (var row in site.Groups) all.Put(new Group(site, row));
        return all;
    }
    public IComputerTargetGroup GetComputerTargetGroup(Guid id)
    {
        Allowed("GetComputerTargetGroup");
        return new Group(site, site.Groups.Find(g => g.Id == id) ?? throw new WsusObjectNotFoundException("Die Gruppe wurde nicht gefunden."));
    }
    public bool IsValidComputerTargetGroupName(string name) => name.Trim() != "" && name.Length <= 256 && name.IndexOfAny(new[] { '\\', '/', '"', '*' }) < 0;
    public IComputerTargetGroup CreateComputerTargetGroup(string name)
    {
        Allowed("CreateComputerTargetGroup");
        site.RequireUpstream();
        if (!IsValidComputerTargetGroupName(name)) throw new ArgumentException("name");
        if (site.Groups.Any(g => string.Equals(g.Name, name, StringComparison.OrdinalIgnoreCase))) throw new InvalidOperationException("Die Gruppe ist bereits vorhanden.");
        var row = new GroupRow { Id = Guid.NewGuid(), Name = name, Parent = Builtin.AllComputers };
        site.Groups.Add(row);
        site.Save();
        return new Group(site, row);
    }
    public UpdateApprovalCollection GetUpdateApprovals(UpdateScope scope)
    {
        Allowed("GetUpdateApprovals");
        var all = new UpdateApprovalCollection();
        foreach (var row in site.Approvals) all.Put(new Approval(site, row));
        return all;
    }
    public UpdateEventCollection GetUpdateEventHistory(DateTime from, DateTime to, IComputerTarget computer)
    {
        Allowed("GetUpdateEventHistory");
        if (from < new DateTime(1753, 1, 1)) throw new ArgumentOutOfRangeException(nameof(from));
        var all = new UpdateEventCollection();
        foreach (var row in site.Events.Where(e => e.Machine == computer.Id && Times.Read(e.At) >= from && Times.Read(e.At) <= to)) all.Put(new Event(row));
        return all;
    }
    public AutomaticUpdateApprovalRuleCollection GetInstallApprovalRules()
    {
        Allowed("GetInstallApprovalRules");
        var all = new AutomaticUpdateApprovalRuleCollection();
        foreach (var row in site.Rules) all.Put(new Rule(site, row));
        return all;
    }
}

class Configuration(Site site) : IUpdateServerConfiguration
{
    public bool IsReplicaServer => site.Replica;
    public TargetingMode TargetingMode => site.Targeting;
    public bool AutoRefreshUpdateApprovals => true;
    public StringCollection GetEnabledUpdateLanguages() { site.Ask("IUpdateServerConfiguration.GetEnabledUpdateLanguages"); return Texts.Of(site.Languages); }
}

class Subscription(Site site) : ISubscription
{
    public DateTime GetNextSynchronizationTime() => Times.Or(site.NextSync, DateTime.MinValue);
    public SynchronizationStatus GetSynchronizationStatus() { site.Ask("ISubscription.GetSynchronizationStatus"); return site.Synchronising; }
    public ISynchronizationInfo GetLastSynchronizationInfo() { site.Ask("ISubscription.GetLastSynchronizationInfo"); return site.Sync == null ? null : new SyncInfo(site.Sync); }
}

class SyncInfo(SyncRow row) : ISynchronizationInfo
{
    public DateTime StartTime => Times.Or(row.Start, DateTime.MinValue);
    public DateTime EndTime => Times.Or(row.End, DateTime.MinValue);
    public SynchronizationResult Result => row.Result;
    public string ErrorText => row.Error;
}

class Rule(Site site, RuleRow row) : IAutomaticUpdateApprovalRule
{
    public string Name => row.Name;
    public bool Enabled => row.Enabled;
    public ComputerTargetGroupCollection GetComputerTargetGroups()
    {
        var all = new ComputerTargetGroupCollection();
        foreach (var id in row.Groups) all.Put(new Group(site, site.Groups.Find(g => g.Id == id)));
        return all;
    }
}

static class Texts
{
    public static StringCollection Of(IEnumerable<string> texts) { var all = new StringCollection(); foreach (var text in texts) all.Add(text); return all; }
}

static class Flags
{
    public static bool Has(UpdateInstallationStates states, UpdateInstallationState one) => ((int)states & (1 << (int)one)) != 0;
}

/// <summary>What is known is what was said in a report: nothing before the first, and nothing of what came after the last.</summary>
static class Reports
{
    public static DateTime Last(Site site, ComputerRow row) => row.LastReported == null || Times.Read(row.LastReported) > site.Clock() ? DateTime.MinValue : Times.Read(row.LastReported);
    public static UpdateInstallationState Of(Site site, string machine, Guid update)
    {
        var said = Last(site, Computers.ById(site, machine));
        var rows = site.States.Where(s => s.Machine == machine && s.Update == update && Times.Or(s.At, DateTime.MinValue) <= said && said != DateTime.MinValue);
        var last = rows.OrderBy(s => Times.Or(s.At, DateTime.MinValue)).LastOrDefault();
        return last?.State ?? UpdateInstallationState.Unknown;
    }
}

static class Computers
{
    public static ComputerRow ById(Site site, string id) => site.Computers.Find(c => c.Id == id) ?? throw new WsusObjectNotFoundException("Der Computer wurde nicht gefunden.");
    public static IEnumerable<ComputerRow> Matching(Site site, ComputerTargetScope scope) => site.Computers.Where(row =>
        Reports.Last(site, row) >= scope.FromLastReportedStatusTime && Reports.Last(site, row) <= scope.ToLastReportedStatusTime &&
        // What never reported has no time to compare with an end.
        (scope.ToLastReportedStatusTime == DateTime.MaxValue || Reports.Last(site, row) != DateTime.MinValue) &&
        (scope.IncludeDownstreamComputerTargets || !row.Downstream) &&
        (scope.ExcludedInstallationStates == 0 || !site.Updates.Any(u => Flags.Has(scope.ExcludedInstallationStates, Reports.Of(site, row.Id, u.Id)))));
}

class Computer(Site site, ComputerRow row) : IComputerTarget
{
    internal ComputerRow Row => row;
    T Ask<T>(string member, T value) { site.Ask("IComputerTarget." + member); return value; }
    public string Id => row.Id;
    public string FullDomainName => Ask("FullDomainName", row.Names[site.Clock().Hour % row.Names.Count]);
    public IPAddress IPAddress => row.Address == null ? null : IPAddress.Parse(row.Address);
    public OSInformation OSInfo => Ask("OSInfo", row.OsVersion == null ? null : new OSInformation { Version = new Version(row.OsVersion) });
    public string OSArchitecture => row.Architecture;
    public string OSFamily => "Windows";
    public string OSDescription => row.Os;
    public Version ClientVersion => row.ClientVersion == null ? null : new Version(row.ClientVersion);
    public ComputerRole ComputerRole => row.Role;
    public DateTime LastSyncTime => Times.Or(row.LastSync, DateTime.MinValue);
    public DateTime LastReportedStatusTime => Ask("LastReportedStatusTime", Reports.Last(site, row));
    public ReadOnlyCollection<Guid> ComputerTargetGroupIds => Ask("ComputerTargetGroupIds", Groups().ToList().AsReadOnly());
    public bool SyncsFromDownstreamServer => row.Downstream;
    internal IEnumerable<Guid> Groups() => row.Groups.Count == 0 ? new[] { Builtin.AllComputers, Builtin.Unassigned } : row.Groups.Prepend(Builtin.AllComputers);

    public UpdateInstallationInfoCollection GetUpdateInstallationInfoPerUpdate()
    {
        site.Ask("IComputerTarget.GetUpdateInstallationInfoPerUpdate");
        return Infos(site.Updates.Where(u => site.Approvals.Any(a => a.Update == u.Id)));
    }
    public UpdateInstallationInfoCollection GetUpdateInstallationInfoPerUpdate(UpdateScope scope)
    {
        site.Ask("IComputerTarget.GetUpdateInstallationInfoPerUpdate");
        return Infos(site.Updates.Where(u => Flags.Has(scope.IncludedInstallationStates, Reports.Of(site, row.Id, u.Id))));
    }
    UpdateInstallationInfoCollection Infos(IEnumerable<UpdateRow> updates)
    {
        var all = new UpdateInstallationInfoCollection();
        foreach (var update in updates.Where(u => u.Latest)) all.Put(new Info(site, row, update.Id));
        return all;
    }
}

class Info(Site site, ComputerRow computer, Guid update) : IUpdateInstallationInfo
{
    readonly ApprovalRow approval = Effective.For(site, computer, update);
    public string ComputerTargetId => computer.Id;
    public Guid UpdateId => update;
    public UpdateInstallationState UpdateInstallationState => Reports.Of(site, computer.Id, update);
    public UpdateApprovalAction UpdateApprovalAction => approval?.Action ?? UpdateApprovalAction.NotApproved;
    public Guid UpdateApprovalTargetGroupId => approval?.Group ?? Guid.Empty;
}

static class Effective
{
    /// <summary>Of each group the nearest approval on the way up counts; of several groups, Install is the strongest.</summary>
    public static ApprovalRow For(Site site, ComputerRow computer, Guid update)
    {
        var found = new List<ApprovalRow>();
        foreach (var start in new Computer(site, computer).Groups().Where(g => g != Builtin.AllComputers))
            for (Guid? at = start; at != null; at = site.Groups.Find(g => g.Id == at)?.Parent)
            {
                var one = site.Approvals.Find(a => a.Update == update && a.Group == at);
                if (one == null) continue;
                found.Add(one);
                break;
            }
        return found.OrderBy(a => a.Action).FirstOrDefault();
    }
}

class Group(Site site, GroupRow row) : IComputerTargetGroup
{
    internal GroupRow Row => row;
    public Guid Id => row.Id;
    public string Name => row.Name;
    bool IsBuiltin => row.Id == Builtin.AllComputers || row.Id == Builtin.Unassigned;
    public void AddComputerTarget(IComputerTarget computerTarget)
    {
        site.Ask("IComputerTargetGroup.AddComputerTarget");
        site.RequireWriter();
        if (site.Targeting == TargetingMode.Client) throw new InvalidOperationException("Clientseitige Zielzuordnung.");
        if (IsBuiltin) throw new InvalidOperationException("Eine eingebaute Gruppe.");
        var computer = Computers.ById(site, computerTarget.Id);
        if (computer.Groups.Contains(row.Id)) throw new InvalidOperationException("Bereits Mitglied.");
        computer.Groups.Add(row.Id);
        site.Save();
    }
    public void RemoveComputerTarget(IComputerTarget computerTarget)
    {
        site.Ask("IComputerTargetGroup.RemoveComputerTarget");
        site.RequireWriter();
        if (!Computers.ById(site, computerTarget.Id).Groups.Remove(row.Id)) throw new InvalidOperationException("Kein Mitglied.");
        site.Save();
    }
    public ComputerTargetCollection GetComputerTargets()
    {
        site.Ask("IComputerTargetGroup.GetComputerTargets");
        var all = new ComputerTargetCollection();
        foreach (var one in site.Computers) if (new Computer(site, one).Groups().Contains(row.Id)) all.Put(new Computer(site, one));
        return all;
    }
    public IComputerTargetGroup GetParentTargetGroup()
    {
        site.Ask("IComputerTargetGroup.GetParentTargetGroup");
        if (row.Parent == null) throw new InvalidOperationException("Alle Computer.");
        return new Group(site, site.Groups.Find(g => g.Id == row.Parent));
    }
    public ComputerTargetGroupCollection GetChildTargetGroups()
    {
        var all = new ComputerTargetGroupCollection();
        foreach (var child in site.Groups.Where(g => g.Parent == row.Id)) all.Put(new Group(site, child));
        return all;
    }
    public void Delete()
    {
        site.Ask("IComputerTargetGroup.Delete");
        site.RequireUpstream();
        if (IsBuiltin || site.Groups.Any(g => g.Parent == row.Id)) throw new InvalidOperationException("Die Gruppe kann nicht geloescht werden.");
        site.Groups.RemoveAll(g => g.Id == row.Id);
        site.Approvals.RemoveAll(a => a.Group == row.Id);
        foreach (var computer in site.Computers) computer.Groups.Remove(row.Id);
        site.Save();
    }
}

class Behaviour(BehaviourRow row) : IInstallationBehavior
{
    public bool IsSupported => row.Supported;
    public InstallationImpact Impact => InstallationImpact.Normal;
    public RebootBehavior RebootBehavior => row.Reboot;
    public bool RequiresNetworkConnectivity => false;
    public bool CanRequestUserInput => row.AsksUser;
}

class Licence(UpdateRow row) : ILicenseAgreement
{
    public Guid Id => row.Id;
    public string Text => row.Licence;
    public bool IsAccepted => row.LicenceAccepted;
}

class Event(EventRow row) : IUpdateEvent
{
    public Guid Id { get; } = Guid.NewGuid();
    public DateTime CreationDate => Times.Read(row.At);
    public string Message => row.Message;
    public bool IsError => row.Code != 0;
    public InstallationStatus Status => row.Status;
    public int ErrorCode => row.Code;
    public string ComputerId => row.Machine;
    public UpdateRevisionId UpdateId => new(row.Update, 200);
}

class Approval(Site site, ApprovalRow row) : IUpdateApproval
{
    public Guid Id => row.Id;
    public DateTime CreationDate => Times.Read(row.Created);
    public UpdateApprovalAction Action => row.Action;
    public DateTime Deadline => Times.Or(row.Deadline, DateTime.MaxValue);
    public bool IsOptional => false;
    public UpdateApprovalState State => Content.IsReady(site, site.Updates.Find(u => u.Id == row.Update)) ? UpdateApprovalState.Active : UpdateApprovalState.Pending;
    public string AdministratorName => row.By;
    public UpdateRevisionId UpdateId => new(row.Update, row.Revision);
    public Guid ComputerTargetGroupId => row.Group;
    public void Delete()
    {
        site.Ask("IUpdateApproval.Delete");
        site.RequireUpstream();
        if (site.Approvals.RemoveAll(a => a.Id == row.Id) == 0) throw new WsusObjectNotFoundException("Die Genehmigung wurde nicht gefunden.");
        site.Save();
    }
}

static class Content
{
    public static bool IsReady(Site site, UpdateRow row) => row.ContentReadyAt == null || Times.Read(row.ContentReadyAt) <= site.Clock();
}

class Update(Site site, UpdateRow row) : IUpdate
{
    T Ask<T>(string member, T value) { site.Ask("IUpdate." + member); return value; }
    public UpdateRevisionId Id => new(row.Id, row.Revision);
    public string Title => Ask("Title", site.Culture == "en" && row.EnglishTitle != null ? row.EnglishTitle : row.Title);
    public MsrcSeverity MsrcSeverity => row.Severity;
    public StringCollection KnowledgebaseArticles => Ask("KnowledgebaseArticles", Texts.Of(row.Kbs));
    public StringCollection ProductTitles => Ask("ProductTitles", Texts.Of(row.Products));
    public string UpdateClassificationTitle => row.Classification;
    public DateTime CreationDate => Times.Or(row.Created, DateTime.MinValue);
    public DateTime ArrivalDate => Times.Or(row.Arrived, DateTime.MinValue);
    public UpdateType UpdateType => row.Type;
    public PublicationState PublicationState => row.Publication;
    public IInstallationBehavior InstallationBehavior => Ask("InstallationBehavior", new Behaviour(row.Install));
    public IInstallationBehavior UninstallationBehavior => Ask("UninstallationBehavior", new Behaviour(row.Uninstall));
    public bool IsApproved => site.Approvals.Any(a => a.Update == row.Id && a.Revision == row.Revision);
    public bool IsDeclined => row.Declined;
    public bool IsLatestRevision => row.Latest;
    public bool HasStaleUpdateApprovals => site.Approvals.Any(a => a.Update == row.Id && a.Revision < row.Revision);
    public UpdateState State => Content.IsReady(site, row) ? UpdateState.Ready : UpdateState.NotReady;
    public bool HasLicenseAgreement => row.Licence != null;
    public bool RequiresLicenseAgreementAcceptance => Ask("RequiresLicenseAgreementAcceptance", row.Licence != null && !row.LicenceAccepted);
    public bool HasSupersededUpdates => row.Supersedes.Count > 0;
    public bool IsSuperseded => site.Updates.Any(u => u.Supersedes.Contains(row.Id));
    public UpdateSource UpdateSource => row.Local ? UpdateSource.Other : UpdateSource.MicrosoftUpdate;

    public IUpdateApproval Approve(UpdateApprovalAction action, IComputerTargetGroup targetGroup) => Approve(action, targetGroup, DateTime.MaxValue);
    public IUpdateApproval Approve(UpdateApprovalAction action, IComputerTargetGroup targetGroup, DateTime deadline)
    {
        site.Ask("IUpdate.Approve");
        site.RequireUpstream();
        if (targetGroup == null) throw new ArgumentNullException(nameof(targetGroup));
        if (action is not (UpdateApprovalAction.Install or UpdateApprovalAction.Uninstall or UpdateApprovalAction.NotApproved)) throw new ArgumentOutOfRangeException(nameof(action));
        if (!row.Latest) throw new InvalidOperationException("Eine alte Revision.");
        if (action == UpdateApprovalAction.Install && (row.Declined || row.Publication == PublicationState.Expired)) throw new InvalidOperationException("Abgelehnt oder abgelaufen.");
        if (action == UpdateApprovalAction.Install && RequiresLicenseAgreementAcceptance) throw new InvalidOperationException("Die Lizenz wurde nicht angenommen.");
        if (action == UpdateApprovalAction.Uninstall && !row.Uninstall.Supported) throw new InvalidOperationException("Nicht deinstallierbar.");
        if (deadline.Kind == DateTimeKind.Local) throw new ArgumentException("A local deadline would be taken as UTC.");
        var group = site.Groups.Find(g => g.Id == targetGroup.Id) ?? throw new WsusObjectNotFoundException("Die Gruppe wurde nicht gefunden.");
        site.Approvals.RemoveAll(a => a.Update == row.Id && a.Group == group.Id);
        var approval = new ApprovalRow { Id = Guid.NewGuid(), Update = row.Id, Revision = row.Revision, Group = group.Id, Action = action, Deadline = Times.Write(deadline), Created = Times.Write(site.Clock()), By = @"CORP\svc-patchwarden" };
        site.Approvals.Add(approval);
        site.Save();
        site.Ask("IUpdate.Approve, afterwards");
        return new Approval(site, approval);
    }
    public void Decline()
    {
        site.Ask("IUpdate.Decline");
        site.RequireUpstream();
        row.Declined = true;
        site.Approvals.RemoveAll(a => a.Update == row.Id);
        site.Save();
    }
    public void AcceptLicenseAgreement()
    {
        site.Ask("IUpdate.AcceptLicenseAgreement");
        site.RequireUpstream();
        if (row.Licence == null) throw new InvalidOperationException("Keine Lizenz.");
        row.LicenceAccepted = true;
        site.Save();
    }
    public ILicenseAgreement GetLicenseAgreement()
    {
        site.Ask("IUpdate.GetLicenseAgreement");
        if (row.Licence == null) throw new InvalidOperationException("Keine Lizenz.");
        return new Licence(row);
    }
    public UpdateCollection GetRelatedUpdates(UpdateRelationship relationship)
    {
        site.Ask("IUpdate.GetRelatedUpdates");
        if (relationship != UpdateRelationship.UpdatesSupersededByThisUpdate) throw new ArgumentOutOfRangeException(nameof(relationship));
        var all = new UpdateCollection();
        foreach (var other in site.Updates.Where(u => row.Supersedes.Contains(u.Id))) all.Put(new Update(site, other));
        return all;
    }
    public UpdateApprovalCollection GetUpdateApprovals()
    {
        site.Ask("IUpdate.GetUpdateApprovals");
        var all = new UpdateApprovalCollection();
        foreach (var one in site.Approvals.Where(a => a.Update == row.Id)) all.Put(new Approval(site, one));
        return all;
    }
    public UpdateApprovalCollection GetUpdateApprovals(IComputerTargetGroup targetGroup)
    {
        var all = new UpdateApprovalCollection();
        foreach (IUpdateApproval one in GetUpdateApprovals()) if (one.ComputerTargetGroupId == targetGroup.Id) all.Put(one);
        return all;
    }
    public UpdateInstallationInfoCollection GetUpdateInstallationInfoPerComputerTarget(ComputerTargetScope scope)
    {
        site.Ask("IUpdate.GetUpdateInstallationInfoPerComputerTarget");
        var all = new UpdateInstallationInfoCollection();
        foreach (var computer in Computers.Matching(site, scope)) all.Put(new Info(site, computer, row.Id));
        return all;
    }
    public UpdateInstallationInfoCollection GetUpdateInstallationInfoPerComputerTarget(IComputerTargetGroup targetGroup)
    {
        site.Ask("IUpdate.GetUpdateInstallationInfoPerComputerTarget");
        var all = new UpdateInstallationInfoCollection();
        foreach (IComputerTarget computer in targetGroup.GetComputerTargets()) all.Put(new Info(site, Computers.ById(site, computer.Id), row.Id));
        return all;
    }
}
