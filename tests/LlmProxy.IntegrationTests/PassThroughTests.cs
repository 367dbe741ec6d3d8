using System.Text;
using System.Text.Json.Nodes;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>Where both sides speak the same dialect, every byte that is not ours to change stays as it was.</summary>
public sealed class PassThroughTests(PassThroughTests.Fixture fixture) : IClassFixture<PassThroughTests.Fixture>
{
    /// <summary>Bodies with ASKED where the model's name stands.</summary>
    public static TheoryData<string, string> Bodies => new()
    {
        { "first", """{"model":"ASKED","messages":[{"role":"user","content":"Hi"}]}""" },
        { "last", """{"messages":[{"role":"user","content":"Hi"}],"model":"ASKED"}""" },
        { "spaces", "{ \"messages\" : [ {\"role\":\"user\",\"content\":\"Hi\"} ] ,\r\n\t\"model\"  :\n \"ASKED\" , \"top_p\" : 0.10 }\n" },
        { "unknown", """{"x_new":{"a":[1,2.50,1e3,-0,null,true],"é":"\u00e9\/\ud83d\ude00"},"model":"ASKED","messages":[{"role":"user","content":"Hi","x_more":[[]]}],"x_last":""}""" },
        { "nested", """{"metadata":{"model":"ASKED","stream":"no","messages":[]},"model":"ASKED","messages":[{"role":"user","content":"\"model\":\"ASKED\""}],"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"model":{"type":"string"}}}}}]}""" },
        { "repeated", """{"x":1,"x":2,"model":"ASKED","top_k":1,"messages":[{"role":"user","content":"Hi"}],"top_k":2,"metadata":{"model":"a","model":"b"}}""" },
        { "escaped", """{"mod\u0065l":"ASKED","m\u0065ssages":[{"role":"user","content":"Hi"}],"\u0078":1}""" },
        { "big numbers", """{"model":"ASKED","seed":123456789012345678901234567890,"temperature":1.000000000000000000001,"messages":[{"role":"user","content":"Hi"}]}""" },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task Request_OfTheSameDialect_ChangesInTheModelOnly(string name, string body)
    {
        string model = "m-" + name.Replace(' ', '-');

        Reply reply = await fixture.Client.PostAsync("/v1/chat/completions", OnTheTopLevel(body, "custom/" + model));

        Expect.Ok(reply);
        UpstreamCall call = await fixture.Upstream.CallAsync(c => c.Model == model || c.Text.Contains($"\"{model}\"", StringComparison.Ordinal));
        Assert.Equal(OnTheTopLevel(body, model), call.Text);
    }

    [Fact]
    public async Task Request_WithEscapedModelValue_IsUnderstood()
    {
        Reply reply = await fixture.Client.PostAsync("/v1/chat/completions", """{"model":"custom\/m\u002descaped-value","messages":[{"role":"user","content":"Hi"}]}""");

        Expect.Ok(reply);
        Assert.Single(fixture.Upstream.CallsFor("m-escaped-value"));
    }

    [Fact]
    public async Task Request_Of20Megabytes_ArrivesWhole()
    {
        var image = new StringBuilder(20 << 20);
        for (int i = 0; image.Length < 20 << 20; i++)
        {
            image.Append("iVBORw0KGgoAAAANSUhEUgAA").Append(i % 10);
        }

        string Body(string model) =>
            $$$"""{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,{{{image}}}"}}]}],"model":"{{{model}}}"}""";

        Reply reply = await fixture.Client.PostAsync("/v1/chat/completions", Body("custom/m-20mb"));

        Expect.Ok(reply);
        Assert.True(Encoding.UTF8.GetBytes(Body("m-20mb")).AsSpan().SequenceEqual(Assert.Single(fixture.Upstream.CallsFor("m-20mb")).Body));
    }

    [Fact]
    public async Task Answer_WithUnknownFields_ComesByteForByte()
    {
        const string answer = "{ \"id\":\"x\",\"object\":\"chat.completion\",\"created\":1,\"model\":\"reported-name\",\"x_new\":{\"a\":1.50,\"a\":2},\r\n\"choices\":[{\"index\":0,\"x\":\"\\u00e9\",\"message\":{\"role\":\"assistant\",\"content\":\"Hi é\",\"refusal\":null},\"logprobs\":null,\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1,\"total_tokens\":2,\"x_tokens\":9}}\n";
        fixture.Upstream.On("m-plain", Answers.Json(answer));

        Reply reply = await fixture.Client.ChatAsync("custom/m-plain");

        Expect.Ok(reply);
        Assert.Equal(answer, reply.Text);
        Assert.Equal("up", reply.Header("x-llm-model"));
        Assert.Equal("custom", reply.Header("x-llm-provider"));
        Assert.Equal("1", reply.Header("x-llm-attempts"));
    }

    [Fact]
    public async Task Stream_WithUnknownFieldsEventsAndComments_ComesByteForByte()
    {
        const string stream =
            ": a comment before\n\n" +
            "data: {\"id\":\"1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"x_new\":[1.0],\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"x_delta\":\"é\"},\"finish_reason\":null}]}\n\n" +
            "event: x_vendor_event\nid: 7\nretry: 1000\ndata: {\"anything\":true}\n\n" +
            "data: {\"id\":\"1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"},\"finish_reason\":null,\"x\":{}}]}\n\n" +
            ": a comment between\n\n" +
            "data: {\"id\":\"1\",\ndata: \"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" there\"},\"finish_reason\":null}]}\n\n" +
            "data:{\"id\":\"1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n" +
            OpenAiAnswers.Done;
        fixture.Upstream.On("m-stream", Answers.Sse(Step.Send(stream)));

        await using StreamReply reply = await fixture.Client.StreamChatAsync("custom/m-stream");
        await reply.Events.RestAsync();

        Assert.Equal(200, reply.Status);
        Assert.Equal("text/event-stream", reply.MediaType);
        Assert.Equal(stream, reply.Events.Raw);
    }

    [Fact]
    public async Task Stream_CutAnywhere_ComesByteForByte()
    {
        string stream = OpenAiAnswers.RoleChunk + OpenAiAnswers.ContentChunk("Grüße, 世界 🌍") +
            OpenAiAnswers.Chunk("{}", "\"stop\"").ReplaceLineEndings("\r\n") + OpenAiAnswers.Done;
        byte[] bytes = Encoding.UTF8.GetBytes(stream);
        fixture.Upstream.On("m-cut", Answers.Sse([.. bytes.Chunk(3).Select(Step.Send)]));

        await using StreamReply reply = await fixture.Client.StreamChatAsync("custom/m-cut");
        await reply.Events.RestAsync();

        Assert.Equal(stream, reply.Events.Raw);
    }

    [Fact]
    public async Task Stream_UsageNotAskedFor_IsAskedUpstreamAndLeavesNoTrace()
    {
        string Piece(string usage) => OpenAiAnswers.RoleChunk.Replace("}]}\n\n", "}]" + usage + "}\n\n", StringComparison.Ordinal) +
            "data: {" + (usage.Length > 0 ? "\"usage\":null," : "") + "\"id\":\"1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\",\"x\":{\"usage\":null}},\"finish_reason\":null}]}\n\n" +
            OpenAiAnswers.Chunk("{}", "\"stop\"").Replace("}]}\n\n", "}]" + usage + "}\n\n", StringComparison.Ordinal);
        fixture.Upstream.On("m-usage", Answers.Sse(Step.Send(Piece(",\"usage\":null") + OpenAiAnswers.UsageChunk() + OpenAiAnswers.Done)));

        await using StreamReply reply = await fixture.Client.StreamChatAsync("custom/m-usage");
        await reply.Events.RestAsync();

        Assert.Equal(Piece("") + OpenAiAnswers.Done, reply.Events.Raw);
        JsonObject sent = Assert.Single(fixture.Upstream.CallsFor("m-usage")).Json.AsObject();
        Assert.True(sent["stream_options"]?["include_usage"]?.GetValue<bool>());
    }

    [Fact]
    public async Task Stream_UsageAskedFor_IsPassedAsItCame()
    {
        string stream = OpenAiAnswers.Chunk("""{"role":"assistant","content":"Hi"}""", usage: "null") + OpenAiAnswers.Chunk("{}", "\"stop\"", usage: "null") +
            OpenAiAnswers.UsageChunk() + OpenAiAnswers.Done;
        fixture.Upstream.On("m-asked", Answers.Sse(Step.Send(stream)));
        string Body(string model) => GatewayCalls.ChatBody(model, "\"stream\":true,\"stream_options\":{\"include_usage\":true,\"x\":1}");

        await using StreamReply reply = await fixture.Client.StreamAsync("/v1/chat/completions", Body("custom/m-asked"));
        await reply.Events.RestAsync();

        Assert.Equal(stream, reply.Events.Raw);
        Assert.Equal(Body("m-asked"), Assert.Single(fixture.Upstream.CallsFor("m-asked")).Text);
    }

    [Fact]
    public async Task Stream_VendorRefusesStreamOptions_IsAskedWithoutThemAndRemembered()
    {
        UpstreamAnswer refusing = call => call.Json["stream_options"] is not null
            ? Answers.Error(400, "Unrecognized request argument supplied: stream_options")(call)
            : OpenAiAnswers.Default(call);
        fixture.Upstream.On("old-model", refusing);

        for (int i = 0; i < 2; i++)
        {
            await using StreamReply reply = await fixture.Client.StreamChatAsync("old-server");
            Expect.WholeStream(await reply.Events.RestAsync());
        }

        Assert.Equal([true, false, false], fixture.Upstream.CallsFor("old-model").Select(c => c.Json["stream_options"] is not null));
    }

    [Fact]
    public async Task Wishes_InTheBody_NeverTravel()
    {
        Reply reply = await fixture.Client.PostAsync("/v1/chat/completions",
            """{"model":"custom/m-wishes","llm":{"timeout_ms":20000,"tags":"a,b"},"messages":[{"role":"user","content":"Hi"}],"x":1}""");

        Expect.Ok(reply);
        JsonObject sent = Assert.Single(fixture.Upstream.CallsFor("m-wishes")).Json.AsObject();
        Assert.Equal(["model", "messages", "x"], sent.Select(m => m.Key));
    }

    [Fact]
    public async Task Config_FieldsTheClientLeavesOut_AreFilledIn()
    {
        Reply reply = await fixture.Client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("tuned", "\"temperature\":0.9"));

        Expect.Ok(reply);
        JsonNode sent = Assert.Single(fixture.Upstream.CallsFor("tuned-model")).Json;
        Assert.Equal("0.9", sent["temperature"]!.ToJsonString());
        Assert.Equal("123", sent["max_tokens"]!.ToJsonString());
    }

    [Fact]
    public async Task Headers_GoingUp_AreThoseOfTheAllowListAlone()
    {
        (string, string)[] headers =
        [
            ("Authorization", "Bearer callers-own-key"), ("x-api-key", "callers-other-key"), ("api-key", "callers-third-key"), ("Cookie", "session=secret"),
            ("User-Agent", "callers-agent/1.0"), ("Accept", "application/json"), ("Accept-Encoding", "gzip"), ("Accept-Language", "de"), ("Referer", "http://inside.example/"),
            ("x-llm-tags", "one,two"), ("x-request-id", "callers-id"), ("X-Custom", "callers-value"), ("OpenAI-Beta", "assistants=v2"), ("OpenAI-Organization", "callers-org"),
            ("anthropic-beta", "tools-2024"), ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), ("X-Stainless-Lang", "js"),
        ];

        Reply reply = await fixture.Client.ChatAsync("with-headers", headers);

        Expect.Ok(reply);
        UpstreamCall call = Assert.Single(fixture.Upstream.CallsFor("headers-model"));
        string[] allowed = ["host", "content-type", "content-length", "accept", "openai-beta", "anthropic-beta", "traceparent", "authorization", "x-team", "user-agent"];
        Assert.Empty(call.Headers.Select(h => h.Key.ToLowerInvariant()).Except(allowed));
        Assert.Equal("Bearer sk-vendor-key", call.Header("Authorization"));
        Assert.Equal("assistants=v2", call.Header("OpenAI-Beta"));
        Assert.Equal("tools-2024", call.Header("anthropic-beta"));
        Assert.Equal("research", call.Header("X-Team"));
        Assert.Contains("0af7651916cd43dd8448eb211c80319c", call.Header("traceparent"), StringComparison.Ordinal);
        Assert.DoesNotContain(call.Headers, h => h.Value.Contains("callers-", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Headers_ComingDown_AreThoseOfTheAllowListAlone(bool stream)
    {
        (string, string)[] vendor =
        [
            ("Set-Cookie", "session=vendor"), ("x-request-id", "req_vendor"), ("x-ratelimit-remaining-requests", "29"), ("x-ratelimit-reset-tokens", "6m0s"),
            ("openai-organization", "vendor-org"), ("X-Powered-By", "php"), ("x-llm-model", "forged"), ("Access-Control-Allow-Origin", "*"), ("Server", "vendor-server"),
        ];
        string model = stream ? "m-down-stream" : "m-down";
        fixture.Upstream.On(model, stream
            ? Answers.Sse(vendor, Step.Send(OpenAiAnswers.ContentChunk("Hi") + OpenAiAnswers.Chunk("{}", "\"stop\"") + OpenAiAnswers.Done))
            : Answers.Json(OpenAiAnswers.ChatJson("Hi"), 200, vendor));

        Reply reply = await fixture.Client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("custom/" + model, $"\"stream\":{(stream ? "true" : "false")}"), ("x-request-id", "callers-id"));

        Expect.Ok(reply);
        Assert.Equal("29", reply.Header("llm-provider-x-ratelimit-remaining-requests"));
        Assert.Equal("6m0s", reply.Header("llm-provider-x-ratelimit-reset-tokens"));
        Assert.Equal("req_vendor", reply.Header("llm-provider-x-request-id"));
        Assert.Equal("req_vendor", reply.Header("x-llm-provider-request-id"));
        Assert.Equal("up", reply.Header("x-llm-model"));
        Assert.True(Guid.TryParse(reply.Header("x-request-id"), out _), reply.Header("x-request-id"));
        string[] known = ["date", "content-type", "content-length", "transfer-encoding", "cache-control", "x-request-id", "server", "retry-after"];
        Assert.All(reply.HeaderNames.Select(n => n.ToLowerInvariant()), name => Assert.True(
            known.Contains(name) || name.StartsWith("llm-provider-", StringComparison.Ordinal) || name.StartsWith("x-llm-", StringComparison.Ordinal)
                || name.StartsWith("x-ratelimit-", StringComparison.Ordinal) || name == "x-accel-buffering", name));
        Assert.Null(reply.Header("Server") is "vendor-server" ? "the vendor's server header" : null);
        Assert.DoesNotContain("llm-provider-set-cookie", reply.HeaderNames.Select(n => n.ToLowerInvariant()));
    }

    private static string OnTheTopLevel(string body, string model)
    {
        // The nested ones stay "ASKED": only the request's own model is rewritten.
        int at = body.Contains("\"metadata\":{\"model\":\"ASKED\"", StringComparison.Ordinal)
            ? body.IndexOf("ASKED", body.IndexOf("},\"model\"", StringComparison.Ordinal), StringComparison.Ordinal)
            : body.IndexOf("ASKED", StringComparison.Ordinal);
        return string.Concat(body.AsSpan(0, at), model, body.AsSpan(at + 5));
    }

    public sealed class Fixture : GatewayFixture
    {
        protected override GatewaySettings Settings() => new()
        {
            Config = Config(new
            {
                Llms = new object[]
                {
                    new { Name = "up", Provider = "custom", Model = "*", Upstream.BaseUrl },
                    new { Name = "old-server", Provider = "custom", Model = "old-model", Upstream.BaseUrl },
                    new { Name = "tuned", Provider = "custom", Model = "tuned-model", Upstream.BaseUrl, Config = new { temperature = 0.3, max_tokens = 123 } },
                    new { Name = "with-headers", Provider = "custom", Model = "headers-model", Upstream.BaseUrl, Auth = new { api_key = "sk-vendor-key" }, Headers = new Dictionary<string, string> { ["X-Team"] = "research" } },
                },
            }),
        };
    }
}
