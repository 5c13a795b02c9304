using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

/// <summary>
/// The clock of the machine, moved by STANDIN_AHEAD seconds: the script tells the time of its machine, and a test that
/// plays days cannot set that. Only the two instants of an answer that the script takes from the clock are moved.
/// </summary>
class AheadWriter(TextWriter to) : TextWriter
{
    const string Wire = "yyyyMMdd'T'HHmmss'Z'";
    static readonly Regex Answer = new("^<<<PATCHWARDEN_JSON(.*)PATCHWARDEN_JSON>>>$");
    public static double Seconds { get; } = double.Parse(Environment.GetEnvironmentVariable("STANDIN_AHEAD") ?? "0", CultureInfo.InvariantCulture);

    public override Encoding Encoding => to.Encoding;
    public override void Write(char value) => to.Write(value);
    public override void Write(string? value) => to.Write(value);
    public override void WriteLine(string? value) => to.WriteLine(value == null || Seconds == 0 ? value : Moved(value));
    public override void Flush() => to.Flush();

    static string Moved(string line)
    {
        var found = Answer.Match(line);
        if (!found.Success) return line;
        var envelope = JsonNode.Parse(Encoding.UTF8.GetString(Convert.FromBase64String(found.Groups[1].Value)))!.AsObject();
        Move(envelope, "at");
        if (envelope["data"] is JsonObject data) Move(data, "clock");
        return "<<<PATCHWARDEN_JSON" + Convert.ToBase64String(Encoding.UTF8.GetBytes(envelope.ToJsonString())) + "PATCHWARDEN_JSON>>>";
    }

    static void Move(JsonObject row, string key)
    {
        if (row[key] is not JsonValue value || !value.TryGetValue<string>(out var text)) return;
        var at = DateTime.ParseExact(text, Wire, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal);
        row[key] = at.AddSeconds(Seconds).ToString(Wire, CultureInfo.InvariantCulture);
    }
}
