using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using LlmProxy.Accounting;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Routing;
using LlmProxy.TestKit.OpenAiSchema;
using LlmProxy.Tests.Conversation;

namespace LlmProxy.Tests.Recordings;

/// <summary>
/// Walks tests/Recordings: the request as it is put to the vendor, the whole answer, the stream in every kind of pieces.
/// A new quirk of a vendor is a new folder; LLMPROXY_RECORD=1 writes the vendor's requests anew.
/// </summary>
public sealed class RecordingTests
{
    public static TheoryData<string> Cases => [.. RecordedCase.All().Select(c => c.Name)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Request_AsTheVendorGetsIt_IsTheRecordedOne(string name)
    {
        var recorded = RecordedCase.Read(name);
        string body = Turns.Body(recorded.Provider, recorded.ClientRequest, recorded.Model);
        JsonNode sent = JsonNode.Parse(body)!;
        if (Environment.GetEnvironmentVariable("LLMPROXY_RECORD") == "1")
        {
            File.WriteAllText(recorded.VendorRequestFile, sent.ToJsonString(new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }) + "\n");
        }

        JsonNode wanted = JsonNode.Parse(File.ReadAllText(recorded.VendorRequestFile))!;
        Assert.True(JsonNode.DeepEquals(wanted, sent), $"expected {wanted.ToJsonString()}\nsent {sent.ToJsonString()}");
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void WholeAnswer_Read_IsTheRecordedOutcome(string name)
    {
        var recorded = RecordedCase.Read(name);
        if (recorded.Whole is not { } whole)
        {
            return;
        }

        if (recorded.Status >= 400)
        {
            AssertRefused(recorded, whole);
            return;
        }

        using VendorCall call = Turns.Open(recorded.Provider, Plain(recorded), recorded.Model);
        Told told = Turns.Whole(call, whole);
        if (recorded.Outcome["error"] is { } error)
        {
            Assert.Equal((string?)error, told.Failure?.Code.Wire());
            return;
        }

        Assert.Null(told.Failure);
        AssertOutcome(recorded, ChatAccumulator.Whole(told.Text, ExtensionsOf(recorded)), told.Usage, isStream: false);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Stream_WholeByByteCutAndStirred_IsTheRecordedOutcome(string name)
    {
        var recorded = RecordedCase.Read(name);
        if (recorded.Stream() is not { } stream)
        {
            return;
        }

        byte[] stirred = recorded.Stream(text => Stirring.Stir(text, recorded.Provider))!;
        AssertStream(recorded, stream, []);
        AssertStream(recorded, stream, Enumerable.Range(1, stream.Length - 1));
        AssertStream(recorded, stirred, []);
        for (int seed = 1; seed <= 5; seed++)
        {
            var random = new Random(seed);
            AssertStream(recorded, stream, [.. Enumerable.Range(0, 25).Select(_ => random.Next(1, stream.Length))]);
            AssertStream(recorded, stirred, [.. Enumerable.Range(0, 25).Select(_ => random.Next(1, stirred.Length))]);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Stream_Accumulated_IsTheWholeAnswer(string name)
    {
        var recorded = RecordedCase.Read(name);
        if (recorded.Whole is not { } whole || recorded.Stream() is not { } stream || recorded.Status >= 400)
        {
            return;
        }

        using VendorCall one = Turns.Open(recorded.Provider, Plain(recorded), recorded.Model);
        using VendorCall other = Turns.Open(recorded.Provider, recorded.ClientRequest, recorded.Model);
        SeenAnswer plain = ChatAccumulator.Whole(Turns.Whole(one, whole).Text, ExtensionsOf(recorded));
        SeenAnswer streamed = ChatAccumulator.Stream(ChatAccumulator.DataOf(Turns.Stream(other, stream).Text), AsksForUsage(recorded), ExtensionsOf(recorded));
        Assert.Equal((plain.Text, plain.Reasoning, plain.Refusal, plain.Finish, plain.ThinkingBlocks), (streamed.Text, streamed.Reasoning, streamed.Refusal, streamed.Finish, streamed.ThinkingBlocks));
        Assert.Equal(plain.Calls.Select(c => (c.Name, Compact(c.Arguments))), streamed.Calls.Select(c => (c.Name, Compact(c.Arguments))));
    }

    private static void AssertStream(RecordedCase recorded, byte[] stream, IEnumerable<int> cuts)
    {
        using VendorCall call = Turns.Open(recorded.Provider, recorded.ClientRequest, recorded.Model);
        Told told = Turns.Stream(call, stream, cuts);
        if (recorded.Outcome["error"] is { } error)
        {
            Assert.Equal((string?)error, told.Failure?.Code.Wire());
            return;
        }

        Assert.True(told.Failure is null, told.Failure?.Message);
        Assert.True(told.IsComplete, told.Text);
        AssertOutcome(recorded, ChatAccumulator.Stream(ChatAccumulator.DataOf(told.Text), AsksForUsage(recorded), ExtensionsOf(recorded)), told.Usage, isStream: true);
    }

    private static void AssertOutcome(RecordedCase recorded, SeenAnswer seen, TokenUsage? usage, bool isStream)
    {
        JsonObject outcome = recorded.Outcome;
        Assert.Empty(seen.Problems);
        Assert.Equal((string?)outcome["text"] ?? "", seen.Text);
        Assert.Equal((string?)outcome["reasoning"] ?? "", seen.Reasoning);
        Assert.Equal((string?)outcome["refusal"] ?? "", seen.Refusal);
        Assert.Equal((string?)outcome["finish"], seen.Finish);
        Assert.Equal(
            (outcome["calls"] as JsonArray ?? []).Select(c => ((string?)c!["name"], c["arguments"]!.ToJsonString())),
            seen.Calls.Select(c => ((string?)c.Name, Compact(c.Arguments))));
        Assert.Equal(seen.Calls.Count, seen.Calls.Select(c => c.Id).Distinct().Count());
        if (outcome["usage"] is JsonArray counts)
        {
            long[] n = [.. counts.Select(c => (long)c!)];
            Assert.Equal(new TokenUsage(n[0], n[1], n[2], n[3], n[4]), usage);
            if (!isStream || AsksForUsage(recorded))
            {
                Assert.Equal((n[0] + n[1] + n[2], n[3]), (seen.Usage!.Value.Prompt, seen.Usage.Value.Completion));
            }
        }
    }

    private static void AssertRefused(RecordedCase recorded, byte[] body)
    {
        RouteTarget target = Turns.Target(recorded.Provider, recorded.Model);
        using var response = new HttpResponseMessage((HttpStatusCode)recorded.Status);
        foreach ((string header, JsonNode? value) in recorded.Outcome["headers"] as JsonObject ?? [])
        {
            response.Headers.TryAddWithoutValidation(header, (string?)value);
        }

        VendorFailure failure = target.Deployment.Provider.ReadFailure(recorded.Status, response, body, target.Deployment);
        Assert.Equal((string?)recorded.Outcome["error"], failure.Code.Wire());
        Assert.Equal((bool?)recorded.Outcome["final"] ?? false, failure.IsFinal);
    }

    private static string Compact(string json) => JsonNode.Parse(json)!.ToJsonString();

    private static string Plain(RecordedCase recorded)
    {
        JsonObject request = JsonNode.Parse(recorded.ClientRequest)!.AsObject();
        request.Remove("stream");
        request.Remove("stream_options");
        return request.ToJsonString();
    }

    private static bool AsksForUsage(RecordedCase recorded) => (bool?)JsonNode.Parse(recorded.ClientRequest)!["stream_options"]?["include_usage"] == true;

    private static Extensions ExtensionsOf(RecordedCase recorded) =>
        ProviderCatalog.All[recorded.Provider] is OpenAiDialectProvider ? Extensions.Vendors : Extensions.Gateway;
}
