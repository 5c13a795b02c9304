// Names and numbers are those of the real assembly.
namespace Microsoft.UpdateServices.Administration;

public enum UpdateInstallationState { Unknown = 0, NotApplicable = 1, NotInstalled = 2, Downloaded = 3, Installed = 4, Failed = 5, InstalledPendingReboot = 6 }
[Flags] public enum UpdateInstallationStates { Unknown = 1, NotApplicable = 2, NotInstalled = 4, Downloaded = 8, Installed = 16, Failed = 32, InstalledPendingReboot = 64, All = -1 }
public enum UpdateApprovalAction { Install = 0, Uninstall = 1, NotApproved = 3, All = 2147483647 }
[Flags] public enum UpdateApprovalActions { Install = 1, Uninstall = 2, All = -1 }
public enum UpdateApprovalState { Pending = 0, Active = 1 }
[Flags] public enum ApprovedStates { LatestRevisionApproved = 1, HasStaleUpdateApprovals = 2, NotApproved = 4, Declined = 8, Any = -1 }
public enum MsrcSeverity { Unspecified = 0, Low = 1, Moderate = 2, Important = 3, Critical = 4 }
public enum RebootBehavior { NeverReboots = 0, AlwaysRequiresReboot = 1, CanRequestReboot = 2 }
public enum InstallationImpact { Normal = 0, Minor = 1, RequiresExclusiveHandling = 2 }
public enum PublicationState { Published = 0, Expired = 1 }
public enum UpdateType { Software = 1, Driver = 2, SoftwareApplication = 5 }
public enum UpdateState { LicenseAgreementNotReady = 1, InstallationImpossible = 2, NotNeeded = 3, NotReady = 4, Ready = 5, Canceled = 6, Failed = 7, LicenseAgreementFailed = 8 }
public enum UpdateSource { MicrosoftUpdate = 0, Other = 1 }
public enum UpdateRelationship { UpdatesThatBundleThisUpdate = 1, UpdatesBundledByThisUpdate = 2, UpdatesThatRequireThisUpdate = 3, UpdatesRequiredByThisUpdate = 4, UpdatesThatSupersedeThisUpdate = 5, UpdatesSupersededByThisUpdate = 6, AllRevisionsOfThisUpdate = 7 }
[Flags] public enum UpdateSources { MicrosoftUpdate = 1, Other = 2, All = -1 }
public enum SynchronizationStatus { NotProcessing = 0, Running = 1, Stopping = 2 }
public enum SynchronizationResult { NeverRun = 0, Succeeded = 1, Failed = 2, Canceled = 3, Unknown = 4 }
public enum InstallationStatus { Started = 0, Failed = 1, Succeeded = 2, DetectionComplete = 3, DetectionFailed = 4, DownloadSucceeded = 5, DownloadFailed = 6, DownloadCanceled = 7, Unknown = 8, Installable = 9, Installed = 10, Superseded = 11, NotApplicable = 12, UninstallationSucceeded = 13, UninstallationFailed = 14 }
public enum ComputerRole { Unknown = 0, Workstation = 1, Server = 2 }
public enum TargetingMode { Client = 0, Server = 1 }
public enum UpdateServerUserRole { Unauthorized = 0, Reporter = 1, Administrator = 2 }
