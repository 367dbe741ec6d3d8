using System.Text;
using System.Text.Json.Nodes;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>Legal but rare HTTP, from clients and from vendors.</summary>
public sealed class HttpEdgeTests(HttpEdgeTests.Fixture fixture) : IClassFixture<HttpEdgeTests.Fixture>
{
    [Fact]
    public async Task Client_ThatWaitsFor100Continue_IsToldToGoOn()
    {
        byte[] body = Encoding.UTF8.GetBytes(GatewayCalls.ChatBody("custom/continue"));
        await using RawClient client = await RawClient.ConnectAsync(fixture.Gateway.BaseUrl);

        await client.SendAsync(client.Head("POST", "/v1/chat/completions", body.Length, ("Expect", "100-continue")));
        Assert.Equal(100, (await client.ReadHeadAsync()).Status);
        await client.SendAsync(body);

        Assert.Equal(200, (await client.ReadAnswerAsync()).Status);
        Assert.Null(Assert.Single(fixture.Upstream.CallsFor("continue")).Header("Expect"));
    }

    [Fact]
    public async Task Client_ThatWritesAllBeforeItReads_StillReadsItsRefusal()
    {
        byte[] body = Encoding.UTF8.GetBytes(GatewayCalls.ChatBody("custom/m", text: new string('a', 12 << 20)));
        await using RawClient client = await RawClient.ConnectAsync(fixture.Gateway.BaseUrl);

        await client.PostAsync("/v1/chat/completions", body);

        Expect.Error(await client.ReadAnswerAsync(), 413, "body_too_large");
    }

    [Fact]
    public async Task Requests_OnOneConnection_AreServedAfterARefusal()
    {
        await using RawClient client = await RawClient.ConnectAsync(fixture.Gateway.BaseUrl);

        await client.PostAsync("/v1/chat/completions", "{\"model\":");
        Expect.Error(await client.ReadAnswerAsync(), 400, "invalid_json");
        await client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("no-such-model"));
        Expect.Error(await client.ReadAnswerAsync(), 404, "model_not_found");
        await client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("custom/after-refusals"));
        Assert.Equal(200, (await client.ReadAnswerAsync()).Status);
        await client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("custom/after-refusals", "\"stream\":true"));
        Assert.Contains("[DONE]", (await client.ReadAnswerAsync()).Body, StringComparison.Ordinal);
        await client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("custom/after-refusals"));
        Assert.Equal(200, (await client.ReadAnswerAsync()).Status);
    }

    [Fact]
    public async Task Requests_Pipelined_AreAnsweredInTheirOrder()
    {
        await using RawClient client = await RawClient.ConnectAsync(fixture.Gateway.BaseUrl);

        await client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("custom/pipelined-1"));
        await client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("custom/pipelined-2"));

        Assert.Contains("pipelined-1", (await client.ReadAnswerAsync()).Body, StringComparison.Ordinal);
        Assert.Contains("pipelined-2", (await client.ReadAnswerAsync()).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Body_SentInChunks_GoesUpWithItsLength()
    {
        string body = GatewayCalls.ChatBody("custom/chunked");
        await using RawClient client = await RawClient.ConnectAsync(fixture.Gateway.BaseUrl);

        await client.SendAsync($"POST /v1/chat/completions HTTP/1.1\r\nHost: {client.Authority}\r\nContent-Type: application/json; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n");
        foreach (char c in body)
        {
            await client.SendAsync($"1\r\n{c}\r\n");
        }

        await client.SendAsync("0\r\n\r\n");

        Assert.Equal(200, (await client.ReadAnswerAsync()).Status);
        UpstreamCall call = Assert.Single(fixture.Upstream.CallsFor("chunked"));
        Assert.Equal(GatewayCalls.ChatBody("chunked"), call.Text);
        Assert.Equal(call.Body.Length.ToString(System.Globalization.CultureInfo.InvariantCulture), call.Header("Content-Length"));
    }

    [Fact]
    public async Task Headers_ManyButSmall_AreServed()
    {
        (string, string)[] headers = [.. Enumerable.Range(0, 200).Select(i => ($"x-small-{i}", "v"))];

        Expect.Ok(await fixture.Client.ChatAsync("custom/many-headers", headers));
        Assert.DoesNotContain(Assert.Single(fixture.Upstream.CallsFor("many-headers")).Headers, h => h.Key.StartsWith("x-small", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task Model_WithLineBreaks_CannotForgeALogLine()
    {
        Reply reply = await fixture.Client.PostAsync("/v1/chat/completions", """{"model":"x\nforged-line\r\nanother","messages":[{"role":"user","content":"Hi"}]}""");

        Expect.Error(reply, 404, "model_not_found");
        await fixture.Gateway.Logs.WaitForAsync(reply.Header("x-request-id")!);
        Assert.DoesNotContain(fixture.Gateway.Logs.Lines, l => l.StartsWith("forged-line", StringComparison.Ordinal) || l.StartsWith("another", StringComparison.Ordinal));
    }

    [Fact]
    public async Task RequestId_InTheBodyOfARefusal_IsThatOfItsHead()
    {
        Reply reply = await fixture.Client.ChatAsync("no-such-model");

        Assert.Equal(reply.Header("x-request-id"), reply.Json["error"]!["request_id"]!.ToString());
    }

    [Fact]
    public async Task Vendor_ThatRedirects_IsNotFollowed()
    {
        fixture.Upstream.On("redirected", Answers.Json("{}", 307, ("Location", fixture.Other.BaseUrl + "/chat/completions")));

        Expect.Error(await fixture.Client.ChatAsync("custom/redirected"), 502, "provider_error");
        Assert.Empty(fixture.Other.CallsFor("redirected"));
    }

    [Theory]
    [InlineData("""{"error":{"message":"The model is overloaded","type":"server_error","code":503}}""")]
    [InlineData("""{"id":"chatcmpl-1","object":"chat.comple""")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("\"text\"")]
    public async Task Vendor_ThatAnswers200WithNoAnswer_HasFailed(string answer)
    {
        fixture.Upstream.On("strange", Answers.Json(answer));

        Reply alone = await fixture.Client.ChatAsync("custom/strange");
        Reply chained = await fixture.Client.ChatAsync("strange-then-other");

        Assert.True(alone.Status == 502, alone.ToString());
        Expect.Ok(chained);
        Assert.Equal("other", chained.Header("x-llm-model"));
    }

    [Fact]
    public async Task Vendor_ThatCallsItsJsonText_IsUnderstood()
    {
        fixture.Upstream.On("texty", Answers.Bytes(Encoding.UTF8.GetBytes(OpenAiAnswers.ChatJson("Hi")), "text/plain; charset=utf-8"));

        Reply reply = await fixture.Client.ChatAsync("custom/texty");

        Assert.Contains("Hi", reply.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Event_OfAMegabyte_ComesWhole()
    {
        string stream = OpenAiAnswers.RoleChunk + OpenAiAnswers.ContentChunk("a") + OpenAiAnswers.ContentChunk(new string('b', 1 << 20)) + OpenAiAnswers.Chunk("{}", "\"stop\"") + OpenAiAnswers.Done;
        fixture.Upstream.On("big-event", Answers.Sse(Step.Send(stream)));

        await using StreamReply reply = await fixture.Client.StreamChatAsync("custom/big-event");
        await reply.Events.RestAsync();

        Assert.Equal(stream, reply.Events.Raw);
    }

    [Fact]
    public async Task StreamOptions_OfTheClient_AreKeptBesideOurs()
    {
        Dictionary<string, string> given = new() { ["null"] = "null", ["empty"] = "{}", ["no"] = "{\"include_usage\":false}", ["more"] = "{\"include_obfuscation\":false}" };
        foreach ((string name, string options) in given)
        {
            Expect.Ok(await fixture.Client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("custom/options-" + name, $"\"stream\":true,\"stream_options\":{options}")));
        }

        foreach (string name in given.Keys)
        {
            UpstreamCall call = Assert.Single(fixture.Upstream.CallsFor("options-" + name));
            Assert.Equal(1, call.Text.Split("\"stream_options\"").Length - 1);
            Assert.Equal(1, call.Text.Split("\"include_usage\"").Length - 1);
            Assert.True(call.Json["stream_options"]!["include_usage"]!.GetValue<bool>(), call.Text);
        }

        Assert.False(fixture.Upstream.CallsFor("options-more")[0].Json["stream_options"]!["include_obfuscation"]!.GetValue<bool>());
    }

    [Fact]
    public async Task Stream_WithFiltersAndRoleBeforeAnError_HasHadNoOutput()
    {
        // Azure begins with a chunk without choices; neither it nor the role is output.
        fixture.Upstream.On("strange", Answers.Sse(
            Step.Send("""data: {"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0,"content_filter_results":{}}]}""" + "\n\n"),
            Step.Send(": ping\n\n"),
            Step.Send(OpenAiAnswers.RoleChunk),
            Step.Send("""data: {"error":{"message":"The engine is currently overloaded","type":"server_error","param":null,"code":null}}""" + "\n\n")));

        await using StreamReply reply = await fixture.Client.StreamChatAsync("strange-then-other");
        List<string> data = await reply.Events.RestAsync();

        Expect.WholeStream(data);
        Assert.DoesNotContain("prompt_filter_results", reply.Events.Raw, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stream_ThatOnlyFinishes_IsAnAnswer()
    {
        string stream = OpenAiAnswers.RoleChunk + OpenAiAnswers.Chunk("{}", "\"stop\"") + OpenAiAnswers.Done;
        fixture.Upstream.On("says-nothing", Answers.Sse(Step.Send(stream)));

        await using StreamReply reply = await fixture.Client.StreamChatAsync("custom/says-nothing");
        await reply.Events.RestAsync();

        Assert.Equal(stream, reply.Events.Raw);
    }

    [Fact]
    public async Task Speech_ThatBreaksOff_IsNotAWholeAnswer()
    {
        var heard = new Gate();
        fixture.Upstream.On("broken-speech", async call =>
        {
            call.Http.Response.ContentType = "audio/mpeg";
            call.Http.Response.ContentLength = 4096;
            await call.Http.Response.Body.WriteAsync(OpenAiAnswers.SpeechBytes.AsMemory(0, 1000));
            await call.Http.Response.Body.FlushAsync();
            await heard.PassAsync(call.Http.RequestAborted);
            call.Http.Abort();
        });
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/audio/speech")
        {
            Content = new StringContent("""{"model":"custom/broken-speech","input":"Hi","voice":"a"}""", Encoding.UTF8, "application/json"),
        };

        using HttpResponseMessage answer = await fixture.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Stream speech = await answer.Content.ReadAsStreamAsync();
        byte[] beginning = new byte[1000];
        await speech.ReadExactlyAsync(beginning);
        heard.Open();

        Assert.Equal(OpenAiAnswers.SpeechBytes[..1000], beginning);
        await Assert.ThrowsAnyAsync<IOException>(() => speech.CopyToAsync(Stream.Null)); // Cut, and seen to be cut.
    }

    [Fact]
    public async Task Transcription_Streamed_ComesEventByEvent()
    {
        const string stream = "data: {\"type\":\"transcript.text.delta\",\"delta\":\"hello\"}\n\ndata: {\"type\":\"transcript.text.done\",\"text\":\"hello\"}\n\ndata: [DONE]\n\n";
        fixture.Upstream.Otherwise(call => (call.Path.EndsWith("transcriptions", StringComparison.Ordinal) ? Answers.Sse(Step.Send(stream)) : OpenAiAnswers.Default)(call));
        using var form = new MultipartFormDataContent
        {
            { new ByteArrayContent([1, 2, 3]), "file", "a.wav" }, { new StringContent("custom/streamed-form"), "model" }, { new StringContent("true"), "stream" },
        };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/audio/transcriptions") { Content = form };

        Reply reply = await fixture.Client.CallAsync(request);

        Expect.Ok(reply);
        Assert.Equal(stream, reply.Text);
    }

    [Fact]
    public async Task Replicas_RoundRobin_ShareTheCalls()
    {
        for (int i = 0; i < 6; i++)
        {
            Expect.Ok(await fixture.Client.ChatAsync("replicated"));
        }

        Assert.Equal((3, 3), (fixture.Upstream.CallsFor("replicated-model").Count, fixture.Other.CallsFor("replicated-model").Count));
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
                    new { Name = "strange", Provider = "custom", Model = "strange", Upstream.BaseUrl },
                    new { Name = "other", Provider = "custom", Model = "other-model", Other.BaseUrl },
                    new { Name = "replicated", Provider = "custom", Model = "replicated-model", Destinations = new[] { Upstream.BaseUrl, Other.BaseUrl } },
                },
                Chains = new Dictionary<string, string[]> { ["strange-then-other"] = ["strange", "other"] },
                Routing = new { ReplicaPolicy = "round_robin" },
                Limits = new { MaxBodyBytes = 4 << 20 },
                Resilience = new { MaxRetries = 0, BreakerFailures = 10_000 },
            }),
        };
    }
}
