// What a script sees. The classes behind are not public, as on a real server.
using System.Collections;
using System.Collections.ObjectModel;
using System.Collections.Specialized;
using System.Net;

namespace Microsoft.UpdateServices.Administration;

public class WsusObjectNotFoundException(string message) : Exception(message);
public class WsusInvalidServerException(string message) : Exception(message);
public class WsusInvalidDataException(string message) : Exception(message);

public class UpdateRevisionId
{
    public UpdateRevisionId() { }
    public UpdateRevisionId(Guid updateId) => UpdateId = updateId;
    public UpdateRevisionId(Guid updateId, int revisionNumber) { UpdateId = updateId; RevisionNumber = revisionNumber; }
    public Guid UpdateId { get; set; }
    public int RevisionNumber { get; set; }
}

public abstract class WsusCollection : CollectionBase { internal void Put(object one) => List.Add(one); }
public class UpdateCollection : WsusCollection { public IUpdate this[int i] => (IUpdate)List[i]; }
public class ComputerTargetCollection : WsusCollection { public IComputerTarget this[int i] => (IComputerTarget)List[i]; }
public class ComputerTargetGroupCollection : WsusCollection { public int Add(IComputerTargetGroup one) => List.Add(one); public IComputerTargetGroup this[int i] => (IComputerTargetGroup)List[i]; }
public class UpdateApprovalCollection : WsusCollection { public IUpdateApproval this[int i] => (IUpdateApproval)List[i]; }
public class UpdateInstallationInfoCollection : WsusCollection { public IUpdateInstallationInfo this[int i] => (IUpdateInstallationInfo)List[i]; }
public class UpdateEventCollection : WsusCollection { public IUpdateEvent this[int i] => (IUpdateEvent)List[i]; }
public class DownstreamServerCollection : WsusCollection { }
public class AutomaticUpdateApprovalRuleCollection : WsusCollection { public IAutomaticUpdateApprovalRule this[int i] => (IAutomaticUpdateApprovalRule)List[i]; }

public class UpdateScope
{
    public ApprovedStates ApprovedStates { get; set; } = ApprovedStates.Any;
    public UpdateSources UpdateSources { get; set; } = UpdateSources.All;
    public DateTime FromArrivalDate { get; set; } = DateTime.MinValue;
    public DateTime ToArrivalDate { get; set; } = DateTime.MaxValue;
    public UpdateInstallationStates IncludedInstallationStates { get; set; } = UpdateInstallationStates.All;
    public UpdateInstallationStates ExcludedInstallationStates { get; set; }
    public ComputerTargetGroupCollection ApprovedComputerTargetGroups { get; } = new();
}

public class ComputerTargetScope
{
    public DateTime FromLastReportedStatusTime { get; set; } = DateTime.MinValue;
    public DateTime ToLastReportedStatusTime { get; set; } = DateTime.MaxValue;
    public string NameIncludes { get; set; }
    public bool IncludeDownstreamComputerTargets { get; set; }
    public UpdateInstallationStates IncludedInstallationStates { get; set; } = UpdateInstallationStates.All;
    public UpdateInstallationStates ExcludedInstallationStates { get; set; }
    public ComputerTargetGroupCollection ComputerTargetGroups { get; } = new();
}

public interface IInstallationBehavior { bool IsSupported { get; } InstallationImpact Impact { get; } RebootBehavior RebootBehavior { get; } bool RequiresNetworkConnectivity { get; } bool CanRequestUserInput { get; } }
public interface ILicenseAgreement { Guid Id { get; } string Text { get; } bool IsAccepted { get; } }

public interface IUpdate
{
    UpdateRevisionId Id { get; }
    string Title { get; }
    MsrcSeverity MsrcSeverity { get; }
    StringCollection KnowledgebaseArticles { get; }
    StringCollection ProductTitles { get; }
    string UpdateClassificationTitle { get; }
    DateTime CreationDate { get; }
    DateTime ArrivalDate { get; }
    UpdateType UpdateType { get; }
    PublicationState PublicationState { get; }
    IInstallationBehavior InstallationBehavior { get; }
    IInstallationBehavior UninstallationBehavior { get; }
    bool IsApproved { get; }
    bool IsDeclined { get; }
    bool IsLatestRevision { get; }
    bool HasStaleUpdateApprovals { get; }
    UpdateState State { get; }
    bool HasLicenseAgreement { get; }
    bool RequiresLicenseAgreementAcceptance { get; }
    bool HasSupersededUpdates { get; }
    bool IsSuperseded { get; }
    UpdateSource UpdateSource { get; }
    IUpdateApproval Approve(UpdateApprovalAction action, IComputerTargetGroup targetGroup);
    IUpdateApproval Approve(UpdateApprovalAction action, IComputerTargetGroup targetGroup, DateTime deadline);
    void Decline();
    void AcceptLicenseAgreement();
    ILicenseAgreement GetLicenseAgreement();
    UpdateCollection GetRelatedUpdates(UpdateRelationship relationship);
    UpdateApprovalCollection GetUpdateApprovals();
    UpdateApprovalCollection GetUpdateApprovals(IComputerTargetGroup targetGroup);
    UpdateInstallationInfoCollection GetUpdateInstallationInfoPerComputerTarget(ComputerTargetScope scope);
    UpdateInstallationInfoCollection GetUpdateInstallationInfoPerComputerTarget(IComputerTargetGroup targetGroup);
}

public class OSInformation { public Version Version { get; internal set; } }

public interface IComputerTarget
{
    string Id { get; }
    string FullDomainName { get; }
    IPAddress IPAddress { get; }
    OSInformation OSInfo { get; }
    string OSArchitecture { get; }
    string OSFamily { get; }
    string OSDescription { get; }
    Version ClientVersion { get; }
    ComputerRole ComputerRole { get; }
    DateTime LastSyncTime { get; }
    DateTime LastReportedStatusTime { get; }
    ReadOnlyCollection<Guid> ComputerTargetGroupIds { get; }
    bool SyncsFromDownstreamServer { get; }
    UpdateInstallationInfoCollection GetUpdateInstallationInfoPerUpdate();
    UpdateInstallationInfoCollection GetUpdateInstallationInfoPerUpdate(UpdateScope scope);
}

public interface IComputerTargetGroup
{
    Guid Id { get; }
    string Name { get; }
    void AddComputerTarget(IComputerTarget computerTarget);
    void RemoveComputerTarget(IComputerTarget computerTarget);
    ComputerTargetCollection GetComputerTargets();
    IComputerTargetGroup GetParentTargetGroup();
    ComputerTargetGroupCollection GetChildTargetGroups();
    void Delete();
}

public interface IUpdateApproval
{
    Guid Id { get; }
    DateTime CreationDate { get; }
    UpdateApprovalAction Action { get; }
    DateTime Deadline { get; }
    bool IsOptional { get; }
    UpdateApprovalState State { get; }
    string AdministratorName { get; }
    UpdateRevisionId UpdateId { get; }
    Guid ComputerTargetGroupId { get; }
    void Delete();
}

public interface IUpdateInstallationInfo { string ComputerTargetId { get; } Guid UpdateId { get; } UpdateInstallationState UpdateInstallationState { get; } UpdateApprovalAction UpdateApprovalAction { get; } Guid UpdateApprovalTargetGroupId { get; } }
public interface IUpdateEvent { Guid Id { get; } DateTime CreationDate { get; } string Message { get; } bool IsError { get; } InstallationStatus Status { get; } int ErrorCode { get; } string ComputerId { get; } UpdateRevisionId UpdateId { get; } }
public interface ISynchronizationInfo { DateTime StartTime { get; } DateTime EndTime { get; } SynchronizationResult Result { get; } string ErrorText { get; } }
public interface ISubscription { DateTime GetNextSynchronizationTime(); ISynchronizationInfo GetLastSynchronizationInfo(); SynchronizationStatus GetSynchronizationStatus(); }
public interface IUpdateServerConfiguration { bool IsReplicaServer { get; } TargetingMode TargetingMode { get; } bool AutoRefreshUpdateApprovals { get; } StringCollection GetEnabledUpdateLanguages(); }
public interface IAutomaticUpdateApprovalRule { string Name { get; } bool Enabled { get; } ComputerTargetGroupCollection GetComputerTargetGroups(); }

public interface IUpdateServer
{
    string Name { get; }
    Version Version { get; }
    string PreferredCulture { get; set; }
    UpdateServerUserRole GetCurrentUserRole();
    IUpdateServerConfiguration GetConfiguration();
    ISubscription GetSubscription();
    int GetComputerTargetCount();
    int GetUpdateCount(UpdateScope scope);
    IUpdate GetUpdate(UpdateRevisionId id);
    UpdateCollection GetUpdates();
    UpdateCollection GetUpdates(UpdateScope scope);
    ComputerTargetCollection GetComputerTargets(ComputerTargetScope scope);
    IComputerTarget GetComputerTarget(string id);
    ComputerTargetCollection GetComputersWithRecentNameChange();
    DownstreamServerCollection GetDownstreamServers();
    ComputerTargetGroupCollection GetComputerTargetGroups();
    IComputerTargetGroup GetComputerTargetGroup(Guid id);
    IComputerTargetGroup CreateComputerTargetGroup(string name);
    bool IsValidComputerTargetGroupName(string name);
    UpdateApprovalCollection GetUpdateApprovals(UpdateScope scope);
    UpdateEventCollection GetUpdateEventHistory(DateTime from, DateTime to, IComputerTarget computer);
    AutomaticUpdateApprovalRuleCollection GetInstallApprovalRules();
}

public static class AdminProxy
{
    public static IUpdateServer GetUpdateServer()
    {
        var site = Site.Open();
        site.Ask("AdminProxy.GetUpdateServer");
        return new Server(site);
    }
    public static IUpdateServer GetUpdateServer(string serverName, bool useSecureConnection) => GetUpdateServer();
    public static IUpdateServer GetUpdateServer(string serverName, bool useSecureConnection, int portNumber) => GetUpdateServer();
}
