// What the stand-in holds, in the JSON file STANDIN_SITE, with ISO 8601 UTC instants. Every read of a property or method
// counts as a question to the database: one line each in STANDIN_QUERIES.
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Microsoft.UpdateServices.Administration
{
    class Site
    {
        public string Name { get; set; } = "WSUS01";
        public string Now { get; set; }
        public UpdateServerUserRole Role { get; set; } = UpdateServerUserRole.Administrator;
        public bool Replica { get; set; }
        public TargetingMode Targeting { get; set; } = TargetingMode.Server;
        public string Culture { get; set; } = "de";
        /// <summary>Without dates, more updates than so many run into the timeout of the database.</summary>
        public int MostUpdates { get; set; } = 1000;
        /// <summary>Member -> timeout, denied, html, unreachable, slow.</summary>
        public Dictionary<string, string> Faults { get; set; } = new();
        public List<string> Languages { get; set; } = new() { "de", "en" };
        public SyncRow Sync { get; set; }
        public SynchronizationStatus Synchronising { get; set; }
        public int DownstreamServers { get; set; }
        public string NextSync { get; set; }
        public List<RuleRow> Rules { get; set; } = new();
        public List<GroupRow> Groups { get; set; } = new();
        public List<ComputerRow> Computers { get; set; } = new();
        public List<UpdateRow> Updates { get; set; } = new();
        public List<ApprovalRow> Approvals { get; set; } = new();
        public List<StateRow> States { get; set; } = new();
        public List<EventRow> Events { get; set; } = new();

        static readonly JsonSerializerOptions json = new()
        {
            PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
            WriteIndented = true,
            Converters = { new JsonStringEnumConverter() },
            UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        };
        static readonly string file = Environment.GetEnvironmentVariable("STANDIN_SITE");

        public static Site Open()
        {
            var site = JsonSerializer.Deserialize<Site>(File.ReadAllText(file), json);
            site.Ensure(Builtin.AllComputers, "All Computers", null);
            site.Ensure(Builtin.Unassigned, "Unassigned Computers", Builtin.AllComputers);
            return site;
        }
        public void Save()
        {
            File.WriteAllText(file + ".new", JsonSerializer.Serialize(this, json));
            File.Move(file + ".new", file, true);
        }
        void Ensure(Guid id, string name, Guid? parent)
        {
            if (!Groups.Any(g => g.Id == id)) Groups.Add(new GroupRow { Id = id, Name = name, Parent = parent });
        }

        static readonly double ahead = double.Parse(Environment.GetEnvironmentVariable("STANDIN_AHEAD") ?? "0", System.Globalization.CultureInfo.InvariantCulture);
        /// <summary>Without `Now`, the clock of the machine, moved by STANDIN_AHEAD seconds.</summary>
        public DateTime Clock() => Now == null ? DateTime.UtcNow.AddSeconds(ahead) : Times.Read(Now);

        static readonly object counting = new();
        static readonly string queries = Environment.GetEnvironmentVariable("STANDIN_QUERIES");
        public static void Query(string what)
        {
            if (queries == null) return;
            lock (counting) File.AppendAllText(queries, what + "\n");
        }
        /// <summary>Counts, and fails where the site says so.</summary>
        public void Ask(string member)
        {
            Query(member);
            if (!Faults.TryGetValue(member, out var fault)) return;
            switch (fault)
            {
                case "timeout": throw new System.Web.Services.Protocols.SoapException("Server was unable to process request.", new System.Data.SqlClient.SqlException("Das Zeitlimit ist abgelaufen.", -2));
                case "timeout without number": throw new System.Data.SqlClient.SqlException("Das Zeitlimit ist abgelaufen.", 0);
                case "deadlock": throw new System.Data.SqlClient.SqlException("Deadlock.", 1205);
                case "denied": throw new System.Security.SecurityException("Die Anforderung ist fehlgeschlagen.");
                case "html": throw new InvalidOperationException("Client found response content type of 'text/html', but expected 'text/xml'.");
                case "unreachable": throw new System.Net.WebException("Die Verbindung mit dem Remoteserver kann nicht hergestellt werden.", System.Net.WebExceptionStatus.ConnectFailure);
                case "forbidden": throw new System.Net.WebException("Fehler bei der Anforderung mit HTTP-Status 401: Unauthorized.", null, System.Net.WebExceptionStatus.ProtocolError, new Unauthorised());
                case "slow": Thread.Sleep(10_000); break;
                default: throw new ArgumentException("unknown fault " + fault);
            }
        }
        public void RequireWriter()
        {
            if (Role != UpdateServerUserRole.Administrator) throw new System.Security.SecurityException("Die Anforderung ist fehlgeschlagen.");
        }
        public void RequireUpstream()
        {
            RequireWriter();
            if (Replica) throw new InvalidOperationException("Ein Replikatserver.");
        }
    }

    static class Builtin
    {
        public static readonly Guid AllComputers = new("a0a08746-4dbe-4a37-9adf-9e7652c0b421");
        public static readonly Guid Unassigned = new("b73ca6ed-5727-47f3-84de-015e03f6a88a");
    }

    /// <summary>The API says UTC without saying so.</summary>
    static class Times
    {
        public static DateTime Read(string iso) => DateTime.SpecifyKind(DateTimeOffset.Parse(iso).UtcDateTime, DateTimeKind.Unspecified);
        public static DateTime Or(string iso, DateTime otherwise) => iso == null ? otherwise : Read(iso);
        public static string Write(DateTime at) => at == DateTime.MaxValue ? null : DateTime.SpecifyKind(at, DateTimeKind.Utc).ToString("o");
    }

    class Unauthorised : System.Net.WebResponse { public System.Net.HttpStatusCode StatusCode => System.Net.HttpStatusCode.Unauthorized; }

    class SyncRow { public SynchronizationResult Result { get; set; } public string Start { get; set; } public string End { get; set; } public string Error { get; set; } = ""; }
    class RuleRow { public string Name { get; set; } public bool Enabled { get; set; } public List<Guid> Groups { get; set; } = new(); }
    class GroupRow { public Guid Id { get; set; } public string Name { get; set; } public Guid? Parent { get; set; } }
    class ComputerRow
    {
        public string Id { get; set; }
        /// <summary>More than one: clones that share an identity, and the row changes its name.</summary>
        public List<string> Names { get; set; } = new();
        public string Address { get; set; }
        public string Os { get; set; } = "";
        public string OsVersion { get; set; }
        public string ClientVersion { get; set; }
        public string Architecture { get; set; } = "AMD64";
        public ComputerRole Role { get; set; }
        public string LastSync { get; set; }
        public string LastReported { get; set; }
        public List<Guid> Groups { get; set; } = new();
        public bool Downstream { get; set; }
    }
    class BehaviourRow { public bool Supported { get; set; } public RebootBehavior Reboot { get; set; } public bool AsksUser { get; set; } }
    class UpdateRow
    {
        public Guid Id { get; set; }
        public int Revision { get; set; } = 200;
        public bool Latest { get; set; } = true;
        public string Title { get; set; } = "";
        /// <summary>With the preferred culture "en".</summary>
        public string EnglishTitle { get; set; }
        public List<string> Kbs { get; set; } = new();
        public List<string> Products { get; set; } = new();
        public string Classification { get; set; } = "Security Updates";
        public MsrcSeverity Severity { get; set; }
        public UpdateType Type { get; set; } = UpdateType.Software;
        public string Created { get; set; }
        public string Arrived { get; set; }
        public PublicationState Publication { get; set; }
        public bool Declined { get; set; }
        public List<Guid> Supersedes { get; set; } = new();
        public BehaviourRow Install { get; set; } = new() { Supported = true };
        public BehaviourRow Uninstall { get; set; } = new();
        public string Licence { get; set; }
        public bool LicenceAccepted { get; set; }
        /// <summary>Left out: the content is there.</summary>
        public string ContentReadyAt { get; set; }
        public bool Local { get; set; }
    }
    class ApprovalRow { public Guid Id { get; set; } public Guid Update { get; set; } public int Revision { get; set; } public Guid Group { get; set; } public UpdateApprovalAction Action { get; set; } public string Deadline { get; set; } public string Created { get; set; } public string By { get; set; } }
    /// <summary>What a machine says of an update at its first report after `At`.</summary>
    class StateRow { public string Machine { get; set; } public Guid Update { get; set; } public UpdateInstallationState State { get; set; } public string At { get; set; } }
    class EventRow { public string Machine { get; set; } public Guid Update { get; set; } public string At { get; set; } public InstallationStatus Status { get; set; } public int Code { get; set; } public string Message { get; set; } = ""; }
}

namespace System.Data.SqlClient
{
    class SqlException : Exception
    {
        public SqlException(string message, int number) : base(message) { Number = number; HResult = unchecked((int)0x80131904); }
        public int Number { get; }
    }
}

namespace System.Web.Services.Protocols
{
    class SoapException(string message, Exception inner) : Exception(message, inner);
}
