using System.Globalization;
using LlmProxy.Drills;
using LlmProxy.Drills.Accounting;
using LlmProxy.Drills.Limits;
using LlmProxy.Drills.Recordings;
using LlmProxy.Drills.Resilience;

Dictionary<string, Func<Task<bool>>> drills = new()
{
    ["bad-input"] = BadInput.RunAsync,
    ["burst"] = () => Burst.RunAsync(Number(1, 40)),
    ["client-gone"] = ClientGone.RunAsync,
    ["database-blink"] = () => DatabaseBlink.RunAsync(args is [_, string seconds, ..] ? int.Parse(seconds, CultureInfo.InvariantCulture) : 60),
    ["hung-upstream"] = () => HungUpstream.RunAsync(args.ElementAtOrDefault(1) ?? ""),
    ["kill"] = () => KillUnderLoad.RunAsync(int.Parse(args.ElementAtOrDefault(1) ?? "20", CultureInfo.InvariantCulture), onPostgres: args.ElementAtOrDefault(2) == "postgres"),
    ["latency-reorder"] = LatencyReorder.RunAsync,
    ["limit-rate"] = () => LimitRate.RunAsync(Number(1, 3), Number(2, 40)),
    ["recordings"] = () => args is [_, string folder, ..] ? RecordingsDrill.RunAsync(folder, args.ElementAtOrDefault(2) ?? "") : throw new ArgumentException("Name the folder with index.json behind it."),
    ["redis-blink"] = () => RedisBlink.RunAsync(Number(1, 30)),
    ["reload-under-load"] = ReloadUnderLoad.RunAsync,
    ["sigterm-under-load"] = SigtermUnderLoad.RunAsync,
};

if (args is not [string name, ..] || !drills.TryGetValue(name, out Func<Task<bool>>? drill))
{
    Console.Error.WriteLine($"Name one drill: {string.Join(", ", drills.Keys)}");
    return 2;
}

bool passed = await drill();
Console.WriteLine($"VERDICT {name}: {(passed ? "passed" : "FAILED")}");
return passed ? 0 : 1;

int Number(int index, int otherwise) => args.ElementAtOrDefault(index) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
