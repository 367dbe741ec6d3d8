using System.Reflection;
using System.Text;
using System.Text.Json.Nodes;
using LlmProxy.Conversation;
using LlmProxy.Providers;
using LlmProxy.Tests.Conversation;
using LlmProxy.Tests.Recordings;

namespace LlmProxy.Tests.Features;

/// <summary>
/// Proves docs/features.md: each feature is put to each provider, and what comes out says what becomes of it. With
/// LLMPROXY_RECORD=1 the page is written anew. No cell may be lost in silence.
/// </summary>
public sealed class FeatureMatrixTests
{
    private const string Lost = "SILENTLY DROPPED";

    private static readonly (string Provider, string Model)[] Columns =
    [
        ("openai", "gpt-5"), ("azure", "gpt-5"), ("anthropic", "claude-sonnet-4-5"), ("bedrock", "anthropic.claude-sonnet-4-5-20250929-v1:0"), ("gemini", "gemini-2.5-flash"),
        ("vertex", "gemini-2.5-flash"), ("ollama", "qwen3"), ("mistral", "mistral-large-latest"), ("together", "meta-llama/Llama-4"), ("fireworks", "accounts/fireworks/models/m"),
        ("vllm", "m"), ("litellm", "m"), ("custom", "m"),
    ];

    private static string Page { get; } = Path.Combine(Path.GetDirectoryName(Path.GetDirectoryName(RecordedCase.Root))!, "docs", "features.md");

    [Fact]
    public void Matrix_EveryFeatureOnEveryProvider_IsWhatTheDocsSay()
    {
        string matrix = Written();
        if (Environment.GetEnvironmentVariable("LLMPROXY_RECORD") == "1")
        {
            File.WriteAllText(Page, matrix);
        }

        Assert.Equal(File.ReadAllText(Page).ReplaceLineEndings("\n"), matrix);
        Assert.DoesNotContain(Lost, matrix, StringComparison.Ordinal);
    }

    private static string Written()
    {
        var page = new StringBuilder("""
            # What becomes of each request field

            For `/v1/chat/completions`. **native**: passes as it came, the vendor speaks OpenAI's dialect. **translated**: said in the vendor's words.
            **dropped**: the vendor cannot say it; the answer names it in `x-llm-dropped-params`, and a call with `x-llm-strict: true` is refused instead.
            **refused**: without it the call would mean something else, so it is a clear 400 (or the next LLM's turn).

            This page is written by `FeatureMatrixTests` from what the gateway sends, and checked against it in every build.
            For Bedrock the column shows a Claude model, for Vertex a Gemini model; models of one vendor differ in what they take.


            """.ReplaceLineEndings("\n"));
        foreach (IGrouping<string, Feature> group in FeatureList.All.GroupBy(f => f.Group))
        {
            page.Append($"## {group.Key}\n\n| | {string.Join(" | ", Columns.Select(c => c.Provider))} |\n|---|{string.Concat(Columns.Select(_ => "---|"))}\n");
            foreach (Feature feature in group)
            {
                page.Append($"| {feature.Name} | {string.Join(" | ", Columns.Select(c => Cell(feature, c.Provider, c.Model)))} |\n");
            }

            page.Append('\n');
        }

        return page.ToString().TrimEnd('\n') + "\n";
    }

    private static string Cell(Feature feature, string provider, string model)
    {
        Sent with;
        try
        {
            with = Send(provider, model, feature.Request);
        }
        catch (CallRefusedException)
        {
            return "refused";
        }

        Sent without = Send(provider, model, feature.Baseline);
        string[] dropped = [.. with.Dropped.Except(without.Dropped)];
        if (dropped.Any(d => feature.Dropped.Any(name => d.Contains(name, StringComparison.Ordinal))))
        {
            return "dropped";
        }

        if (with.What == without.What)
        {
            return Lost;
        }

        return with.IsTranslated || !Holds(with.What, feature.Fields) ? "translated" : "native";
    }

    private static Sent Send(string provider, string model, string request)
    {
        using VendorCall call = Turns.Open(provider, request, model, change: llm =>
        {
            if (provider == "azure")
            {
                llm.BaseUrl = "https://tide.openai.azure.com";
            }
        });
        bool isTranslated = call is TranslatedChat;
        Fetch(call);
        string body = Turns.Body(call);
        using var headers = new HttpRequestMessage();
        call.AddHeaders(headers);
        return new Sent($"{call.Path} x{call.Requests} {headers.Headers}{body}", (call.Dropped ?? "").Split(", ", StringSplitOptions.RemoveEmptyEntries), isTranslated);
    }

    /// <summary>What the fetcher would have brought.</summary>
    private static void Fetch(VendorCall call)
    {
        if (call is TranslatedChat && Field<ChatTurn>(call, "_turn") is { } turn)
        {
            IChatVendor vendor = Field<IChatVendor>(call, "_vendor")!;
            foreach (ChatPart part in turn.Request.Messages.SelectMany(m => m.Parts).Where(p => p.Media is { Url: not null, Base64.IsEmpty: true } && vendor.WantsBytes(p, turn)))
            {
                turn.Fetched[part] = new MediaSource { MediaType = "image/png", Base64 = "iVBORw0KGgo="u8.ToArray() };
            }
        }
    }

    private static T? Field<T>(object owner, string name) where T : class =>
        owner.GetType().GetField(name, BindingFlags.Instance | BindingFlags.NonPublic)?.GetValue(owner) as T;

    /// <summary>Whether every field stands in the body as the client wrote it.</summary>
    private static bool Holds(string sent, string fields)
    {
        JsonObject body = JsonNode.Parse(sent[sent.IndexOf('{', StringComparison.Ordinal)..])!.AsObject();
        return JsonNode.Parse(fields)!.AsObject().All(f => f.Value is null || JsonNode.DeepEquals(body[f.Key], f.Value));
    }

    private sealed record Sent(string What, string[] Dropped, bool IsTranslated);
}
