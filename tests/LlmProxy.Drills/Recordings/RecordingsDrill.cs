using System.Text.Json;
using System.Text.Json.Nodes;
using LlmProxy.TestKit;
using LlmProxy.TestKit.OpenAiSchema;

namespace LlmProxy.Drills.Recordings;

/// <summary>
/// Every recorded answer of a folder goes through the real gateway as its vendor, whole and in awkward pieces: does it
/// come out as valid OpenAI chat answers and chunks that say what was recorded?
/// </summary>
internal static class RecordingsDrill
{
    private static readonly Dictionary<string, (string Provider, object Auth)> Vendors = new(StringComparer.Ordinal)
    {
        ["openai"] = ("openai", new { api_key = "k" }),
        ["azure"] = ("azure", new { api_key = "k", deployment = "d", api_version = "2024-10-21" }),
        ["mistral"] = ("mistral", new { api_key = "k" }),
        ["together"] = ("together", new { api_key = "k" }),
        ["vllm"] = ("vllm", new { api_key = "k" }),
        ["deepseek"] = ("custom", new { api_key = "k" }),
        ["compat"] = ("custom", new { api_key = "k" }),
        ["anthropic"] = ("anthropic", new { api_key = "k" }),
        ["bedrock"] = ("bedrock", new { bearer_token = "k", region = "us-east-1" }),
        ["gemini"] = ("gemini", new { api_key = "k" }),
        ["vertex"] = ("vertex", new { project = "p", location = "us-central1", access_token = "k" }),
        ["ollama"] = ("ollama", new { api_key = "k" }),
    };

    public static async Task<bool> RunAsync(string folder, string only)
    {
        await using ScriptedUpstream upstream = await ScriptedUpstream.StartAsync();
        bool passed = true;
        foreach (IGrouping<string, Recording> vendor in Recording.Read(folder).Where(r => r.Id.StartsWith(only, StringComparison.Ordinal)).GroupBy(r => r.Provider))
        {
            try
            {
                await using GatewayProcess gateway = await StartAsync(upstream, vendor.Key);
                foreach (Recording recording in vendor)
                {
                    passed &= await RunAsync(gateway, upstream, recording);
                }
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                Console.WriteLine($"  {vendor.Key}: {e.Message[..Math.Min(e.Message.Length, 300)]}");
                passed = false;
            }
        }

        return passed;
    }

    private static Task<GatewayProcess> StartAsync(ScriptedUpstream upstream, string vendor)
    {
        (string provider, object auth) = Vendors[vendor];
        string address = provider switch
        {
            "anthropic" or "bedrock" or "ollama" => upstream.Address,
            "gemini" => upstream.Address + "/v1beta",
            "vertex" => upstream.Address,
            "azure" => upstream.Address,
            _ => upstream.BaseUrl,
        };
        return GatewayProcess.StartAsync(new GatewaySettings
        {
            Config = JsonSerializer.Serialize(new
            {
                LlmProxy = new
                {
                    Auth = new { Mode = "open" },
                    Resilience = new { MaxRetries = 0 },
                    Llms = new object[] { new { Name = "main", Provider = provider, Model = ModelOf(vendor), BaseUrl = address, Auth = auth } },
                },
            }),
        });
    }

    private static string ModelOf(string vendor) => vendor switch
    {
        "bedrock" => "amazon.titan-embed-text-v2:0",
        "gemini" or "vertex" => "gemini-2.5-flash",
        _ => "m",
    };

    private static async Task<bool> RunAsync(GatewayProcess gateway, ScriptedUpstream upstream, Recording recording)
    {
        var problems = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (Pieces pieces in Pieces.Of(recording))
        {
            upstream.Always(ReplayingVendor.Answer(recording, pieces));
            foreach (bool asksForUsage in recording.IsStream && recording.Api == "chat" ? [true, false] : new[] { true })
            {
                IEnumerable<string> found;
                try
                {
                    found = await AskAsync(gateway, recording, asksForUsage);
                }
                catch (Exception e) when (e is HttpRequestException or IOException or TaskCanceledException or JsonException or InvalidOperationException)
                {
                    found = [$"{e.GetType().Name}: {e.Message}"];
                }

                foreach (string problem in found)
                {
                    problems.TryAdd(Scrubbed(problem), $"{pieces.Name}{(asksForUsage ? "" : ", usage not asked for")}");
                }
            }
        }

        Console.WriteLine($"  {(problems.Count == 0 ? "ok    " : "FAILED")} {recording.Id} ({recording.Api}, {recording.Format}, {recording.Status})");
        foreach ((string problem, string when) in problems.Take(8))
        {
            Console.WriteLine($"           {when}: {(problem.Length > 600 ? problem[..600] : problem)}");
        }

        return problems.Count == 0;
    }

    /// <summary>Without what differs from call to call.</summary>
    private static string Scrubbed(string problem) => System.Text.RegularExpressions.Regex.Replace(problem, "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "…");

    private static async Task<IEnumerable<string>> AskAsync(GatewayProcess gateway, Recording recording, bool asksForUsage)
    {
        bool isStream = recording.IsStream;
        (string path, string body) = recording switch
        {
            { Api: "completions" } => ("/v1/completions", """{"model":"main","prompt":"Once","stream":true}"""),
            { Api: "responses" } => ("/v1/responses", $$"""{"model":"main","input":"Hi","stream":{{(isStream ? "true" : "false")}}}"""),
            { IsEmbedding: true } => ("/v1/embeddings", $$"""{"model":"main","input":"Hi","encoding_format":"{{(recording.Id.EndsWith("base64", StringComparison.Ordinal) ? "base64" : "float")}}"}"""),
            _ => ("/v1/chat/completions", Requests.Chat(recording, isStream, asksForUsage)),
        };
        Reply reply = await gateway.Client.PostAsync(path, body);
        if (recording.Status >= 400)
        {
            return Verdicts.Error(recording, reply);
        }

        if (recording.Api is "completions" or "responses")
        {
            // The same dialect: the same bytes. Base64 of our own making is not compared.
            return reply.Status == 200 && reply.Text == System.Text.Encoding.UTF8.GetString(recording.Body) ? [] : [$"other bytes ({reply.Status}): {reply.Text}"];
        }

        if (recording.IsEmbedding)
        {
            return reply.Status != 200 ? [reply.ToString()] : OpenAiRules.Embeddings(reply.Text, recording.Id.EndsWith("base64", StringComparison.Ordinal));
        }

        return Verdicts.Chat(recording, reply, asksForUsage);
    }
}
