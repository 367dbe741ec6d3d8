using System.Text;
using LlmProxy.TestKit;
using LlmProxy.TestKit.OpenAiSchema;

namespace LlmProxy.IntegrationTests.Contract;

/// <summary>What every vendor must be able to do through the gateway, each in its own dialect on the wire.</summary>
public sealed class ContractTests(ContractFixture fixture) : IClassFixture<ContractFixture>
{
    private const string Tools = """[{"type":"function","function":{"name":"tide","parameters":{"type":"object","properties":{"harbour":{"type":"string"}}}}},{"type":"function","function":{"name":"wind","parameters":{"type":"object","properties":{"harbour":{"type":"string"}}}}}]""";
    private const string Schema = """{"type":"json_schema","json_schema":{"name":"height","strict":true,"schema":{"type":"object","properties":{"high":{"type":"number"}},"required":["high"],"additionalProperties":false}}}""";
    private const string Pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

    public static TheoryData<string> Vendors => ContractFixture.Vendors;

    [Theory]
    [MemberData(nameof(Vendors))]
    public async Task Text_PlainAndStreamed_IsWholeWithItsUsage(string vendor)
    {
        foreach (SeenAnswer seen in await BothAsync(vendor, Saying.Words))
        {
            Assert.Equal((Saying.Words.Text, "stop"), (seen.Text, seen.Finish));
            Assert.Equal((12, 6, 0, 0), seen.Usage);
        }
    }

    [Theory]
    [MemberData(nameof(Vendors))]
    public async Task ParallelTools_PlainAndStreamed_KeepOrderIdsAndArguments(string vendor)
    {
        foreach (SeenAnswer seen in await BothAsync(vendor, Saying.Parallel, $"\"tools\":{Tools}"))
        {
            Assert.Equal("tool_calls", seen.Finish);
            Assert.Equal(Saying.Parallel.Calls.Select(c => (c.Name, c.Arguments)), seen.Calls.Select(c => (c.Name, c.Arguments)));
            Assert.Equal(2, seen.Calls.Select(c => c.Id).Distinct().Count());
            if (ContractFixture.Script(vendor).HasCallIds)
            {
                Assert.Equal(["call_a", "call_b"], seen.Calls.Select(c => c.Id));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Vendors))]
    public async Task JsonSchema_PlainAndStreamed_IsTextAndNoToolCall(string vendor)
    {
        foreach (SeenAnswer seen in await BothAsync(vendor, Saying.Json, $"\"response_format\":{Schema}"))
        {
            Assert.Equal((Saying.Json.Text, "stop", 0), (seen.Text, seen.Finish, seen.Calls.Count));
        }
    }

    [Theory]
    [MemberData(nameof(Vendors))]
    public async Task Refusal_PlainAndStreamed_IsNoOrdinaryAnswer(string vendor)
    {
        foreach (SeenAnswer seen in await BothAsync(vendor, Saying.Refused, usage: ContractFixture.Script(vendor).Dialect != "gemini"))
        {
            (string Text, string Refusal, string? Finish) expected = ContractFixture.Script(vendor).Dialect switch
            {
                "openai" => ("", "No.", "stop"),
                "ollama" => ("No.", "", "stop"),
                _ => ("", "", "content_filter"),
            };
            Assert.Equal(expected, (seen.Text, seen.Refusal, seen.Finish));
        }
    }

    [Theory]
    [MemberData(nameof(Vendors))]
    public async Task Image_AsBase64_ReachesTheVendor(string vendor)
    {
        ScriptedUpstream upstream = Say(vendor, ContractFixture.Script(vendor).Says(Saying.Words));
        string body = $$$"""{"model":"on-{{{vendor}}}","messages":[{"role":"user","content":[{"type":"text","text":"What is it?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,{{{Pixel}}}"}}]}]}""";
        Reply reply = await fixture.Gateway.Client.PostAsync("/v1/chat/completions", body);
        Assert.Equal(200, reply.Status);
        Assert.Contains(Pixel, upstream.Calls[^1].Text, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Vendors))]
    public async Task Overload_BeforeTheStream_IsTheVendorsFault(string vendor)
    {
        (int status, string overload) = ContractFixture.Script(vendor).Overload;
        Say(vendor, Answers.Json(overload, status));
        foreach (string more in new[] { "", "\"stream\":true" })
        {
            Reply reply = await fixture.Gateway.Client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("on-" + vendor, more));
            Assert.Empty(OpenAiRules.Error(reply.Text));
            Assert.Equal((502, "provider_error"), (reply.Status, reply.Json["error"]!["code"]!.ToString()));
        }
    }

    [Theory]
    [MemberData(nameof(Vendors))]
    public async Task Overload_InTheStream_EndsItWithAnErrorEvent(string vendor)
    {
        VendorScript script = ContractFixture.Script(vendor);
        Say(vendor, script.Streamed([script.Opening, script.OverloadFrame]));
        AssertBroken(await StreamAsync(vendor));
    }

    [Theory]
    [MemberData(nameof(Vendors))]
    public async Task Stream_ThatBreaksOff_EndsWithAnErrorEvent(string vendor)
    {
        VendorScript script = ContractFixture.Script(vendor);
        Say(vendor, script.Streamed([script.Opening]));
        AssertBroken(await StreamAsync(vendor));
        Say(vendor, script.Streamed([script.Opening, script.Opening[..(script.Opening.Length / 2)]]));
        AssertBroken(await StreamAsync(vendor));
    }

    [Theory]
    [MemberData(nameof(Vendors))]
    public async Task Client_ThatLeaves_ClosesTheVendorsConnection(string vendor)
    {
        VendorScript script = ContractFixture.Script(vendor);
        ScriptedUpstream upstream = Say(vendor, script.Streamed([script.Opening], hangs: true));
        await using (RawClient client = await RawClient.ConnectAsync(fixture.Gateway.BaseUrl))
        {
            await client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("on-" + vendor, "\"stream\":true"));
            await client.ReadUntilAsync("Grüße");
        }

        await upstream.Calls[^1].Aborted;
    }

    [Theory]
    [MemberData(nameof(Vendors))]
    public async Task Answer_ThatIsNone_IsInvalidProviderResponse(string vendor)
    {
        VendorScript script = ContractFixture.Script(vendor);
        UpstreamAnswer[] bad =
        [
            Answers.Html(200), Answers.Bytes([], "application/json"), Answers.Json("[]"), Answers.Json("\"hello\""), Answers.Json("{\"choices\":"),
            call => Answers.Json(script.Whole(Saying.Words, call)[..^9])(call),
        ];
        foreach (UpstreamAnswer answer in bad)
        {
            Say(vendor, answer);
            Reply reply = await fixture.Gateway.Client.ChatAsync("on-" + vendor);
            Assert.Empty(OpenAiRules.Error(reply.Text));
            Assert.Equal((502, "invalid_provider_response"), (reply.Status, reply.Json["error"]!["code"]!.ToString()));
        }
    }

    private static void AssertBroken(SeenAnswer seen)
    {
        Assert.Empty(seen.Problems);
        Assert.Equal("Grüße", seen.Text);
        Assert.NotNull(seen.Error);
        Assert.False(seen.HasDone);
    }

    private ScriptedUpstream Say(string vendor, UpstreamAnswer answer)
    {
        fixture.Upstream(vendor).Always(answer);
        return fixture.Upstream(vendor);
    }

    private async Task<SeenAnswer[]> BothAsync(string vendor, Saying saying, string more = "", bool usage = true)
    {
        Say(vendor, ContractFixture.Script(vendor).Says(saying));
        Reply plain = await fixture.Gateway.Client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("on-" + vendor, more));
        Assert.True(plain.Status == 200, plain.ToString());
        SeenAnswer[] both = [ChatAccumulator.Whole(plain.Text), await StreamAsync(vendor, more)];
        Assert.All(both, seen => Assert.Empty(seen.Problems));
        Assert.True(!usage || both.All(seen => seen.Usage is not null));
        return both;
    }

    private async Task<SeenAnswer> StreamAsync(string vendor, string more = "")
    {
        string body = GatewayCalls.ChatBody("on-" + vendor, "\"stream\":true,\"stream_options\":{\"include_usage\":true}" + (more.Length > 0 ? "," + more : ""));
        Reply reply = await fixture.Gateway.Client.PostAsync("/v1/chat/completions", body);
        Assert.True(reply.Status == 200, reply.ToString());
        return ChatAccumulator.Stream(ChatAccumulator.DataOf(Encoding.UTF8.GetString(reply.Body)), askedForUsage: true);
    }
}
