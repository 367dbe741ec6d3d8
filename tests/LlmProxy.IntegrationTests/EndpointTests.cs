using System.Text;
using System.Text.Json.Nodes;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>Every endpoint of the dialect goes through, routed by its model, nothing else changed.</summary>
public sealed class EndpointTests(EndpointTests.Fixture fixture) : IClassFixture<EndpointTests.Fixture>
{
    /// <summary>Path below /v1, and a body with MODEL where its model stands.</summary>
    public static TheoryData<string, string> JsonEndpoints => new()
    {
        { "chat/completions", """{"model":"MODEL","messages":[{"role":"user","content":"Hi"}]}""" },
        { "completions", """{"model":"MODEL","prompt":"Once","x_new":1}""" },
        { "embeddings", """{"model":"MODEL","input":["a","b"],"dimensions":4}""" },
        { "moderations", """{"input":"Hi","model":"MODEL"}""" },
        { "images/generations", """{"model":"MODEL","prompt":"A house","n":1}""" },
        { "rerank", """{"model":"MODEL","query":"a","documents":["a","b"],"top_n":2}""" },
        { "responses", """{"model":"MODEL","input":"Hi","store":false}""" },
        { "responses/input_tokens", """{"model":"MODEL","input":"Hi"}""" },
    };

    [Theory]
    [MemberData(nameof(JsonEndpoints))]
    public async Task Endpoint_OfTheDialect_GoesThroughUnchanged(string path, string body)
    {
        string model = "m-" + path.Replace('/', '-');

        Reply reply = await fixture.Client.PostAsync("/v1/" + path, body.Replace("MODEL", "custom/" + model, StringComparison.Ordinal));

        Expect.Ok(reply);
        UpstreamCall call = Assert.Single(fixture.Upstream.CallsFor(model));
        Assert.Equal("/v1/" + path, call.Path);
        Assert.Equal(body.Replace("MODEL", model, StringComparison.Ordinal), call.Text);
        Assert.Equal("application/json", reply.MediaType);
        Assert.Equal("up", reply.Header("x-llm-model"));
        Assert.NotNull(reply.Header("x-request-id"));
    }

    [Theory]
    [MemberData(nameof(JsonEndpoints))]
    public async Task Endpoint_WithoutV1_IsTheSame(string path, string body)
    {
        string model = "bare-" + path.Replace('/', '-');

        Expect.Ok(await fixture.Client.PostAsync("/" + path, body.Replace("MODEL", "custom/" + model, StringComparison.Ordinal)));

        Assert.Equal("/v1/" + path, Assert.Single(fixture.Upstream.CallsFor(model)).Path);
    }

    [Fact]
    public async Task Embeddings_AskedForAsBase64_ComeAsBase64()
    {
        Reply reply = await fixture.Client.PostAsync("/v1/embeddings", """{"model":"custom/m-base64","input":"a","encoding_format":"base64"}""");

        Expect.Ok(reply);
        Assert.Equal(16, Convert.FromBase64String(reply.Json["data"]![0]!["embedding"]!.GetValue<string>()).Length);
    }

    [Fact]
    public async Task Completions_Streamed_ComeWithoutTheUsageNobodyAskedFor()
    {
        await using StreamReply reply = await fixture.Client.StreamAsync("/v1/completions", """{"model":"custom/m-legacy-stream","prompt":"Once","stream":true}""");
        List<string> data = await reply.Events.RestAsync();

        Assert.Equal(3, data.Count);
        Assert.Equal("Once more", string.Concat(data.SkipLast(1).Select(d => JsonNode.Parse(d)!["choices"]![0]!["text"]!.ToString())));
        Assert.Equal("[DONE]", data[^1]);
        Assert.True(fixture.Upstream.CallsFor("m-legacy-stream")[0].Json["stream_options"]!["include_usage"]!.GetValue<bool>());
    }

    [Fact]
    public async Task Responses_Streamed_ComeEventByEvent()
    {
        const string body = """{"model":"custom/m-responses-stream","input":"Hi","stream":true}""";

        await using StreamReply reply = await fixture.Client.StreamAsync("/v1/responses", body);
        List<string> data = await reply.Events.RestAsync();

        Assert.Equal(["response.created", "response.output_text.delta", "response.completed"], data.Select(d => JsonNode.Parse(d)!["type"]!.ToString()));
        Assert.Contains("event: response.completed\n", reply.Events.Raw, StringComparison.Ordinal);
        Assert.Equal(body.Replace("custom/", "", StringComparison.Ordinal), Assert.Single(fixture.Upstream.CallsFor("m-responses-stream")).Text);
    }

    [Fact]
    public async Task Speech_ComesAsTheBytesThatTheVendorSent()
    {
        Reply reply = await fixture.Client.PostAsync("/v1/audio/speech", """{"model":"custom/m-speech","input":"Hello","voice":"alloy"}""");

        Assert.Equal(200, reply.Status);
        Assert.Equal("audio/mpeg", reply.MediaType);
        Assert.Equal(OpenAiAnswers.SpeechBytes, reply.Body);
    }

    [Fact]
    public async Task Transcription_ChangesInItsModelPartOnly()
    {
        byte[] audio = [.. Enumerable.Range(0, 100_000).Select(i => (byte)(i * 31))];
        byte[] Form(string model) =>
        [
            .. Encoding.UTF8.GetBytes("preamble\r\n--b-1\r\nContent-Disposition: form-data; name=\"file\"; filename=\"model.wav\"\r\nContent-Type: audio/wav\r\nX-Part: 1\r\n\r\n"),
            .. audio,
            .. Encoding.UTF8.GetBytes($"\r\n--b-1\r\ncontent-disposition: form-data; name=model\r\n\r\n{model}\r\n--b-1\r\nContent-Disposition: form-data; name=\"x_new\"\r\n\r\ncustom/m-audio\r\n--b-1--\r\n"),
        ];

        Reply reply = await fixture.Client.PostAsync("/v1/audio/transcriptions", Form("custom/m-audio"), "multipart/form-data; boundary=b-1");

        Expect.Ok(reply);
        Assert.Equal("hello world", reply.Json["text"]!.ToString());
        UpstreamCall call = await fixture.Upstream.CallAsync(c => c.Path == "/v1/audio/transcriptions" && c.Text.Contains("m-audio", StringComparison.Ordinal));
        Assert.True(Form("m-audio").AsSpan().SequenceEqual(call.Body), "the form changed elsewhere");
        Assert.Equal("multipart/form-data; boundary=b-1", call.Header("Content-Type"));
    }

    [Fact]
    public async Task Transcription_OfAFormByDotNet_IsUnderstood()
    {
        using var form = new MultipartFormDataContent
        {
            { new ByteArrayContent([1, 2, 3]), "file", "a.wav" },
            { new StringContent("custom/m-dotnet-form"), "model" },
            { new StringContent("json"), "response_format" },
        };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/audio/transcriptions") { Content = form };

        Expect.Ok(await fixture.Client.CallAsync(request));
        await fixture.Upstream.CallAsync(c => c.Text.Contains("m-dotnet-form", StringComparison.Ordinal) && !c.Text.Contains("custom/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Endpoint_TheLlmDoesNotHave_Is400()
    {
        Reply reply = await fixture.Client.PostAsync("/v1/embeddings", """{"model":"chat-only","input":"a"}""");

        Expect.Error(reply, 400, "unsupported_endpoint");
        Assert.Empty(fixture.Upstream.CallsFor("chat-only-model"));
    }

    [Fact]
    public async Task Endpoint_WithItsOwnDefault_GoesThereWhenNoModelIsNamed()
    {
        Expect.Ok(await fixture.Client.PostAsync("/v1/embeddings", """{"input":"by default"}"""));

        Assert.Contains(fixture.Upstream.CallsFor("embedder-model"), c => c.Text.Contains("by default", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Embeddings_Fail_NeverMoveToAnotherVendorModel()
    {
        fixture.Upstream.On("embedder-model-2", Answers.Error(500, "Broken"));

        Reply reply = await fixture.Client.PostAsync("/v1/embeddings", """{"model":"two-embedders","input":"a"}""");

        Assert.InRange(reply.Status, 500, 599);
        Assert.Empty(fixture.Other.Calls);
    }

    [Fact]
    public async Task AnswerOfAnEndpoint_ThatTheVendorRefuses_IsMapped()
    {
        fixture.Upstream.On("m-bad-image", Answers.Error(400, "Your prompt was rejected", "content_policy_violation"));

        Reply reply = await fixture.Client.PostAsync("/v1/images/generations", """{"model":"custom/m-bad-image","prompt":"x"}""");

        Assert.Equal(400, reply.Status);
        Assert.Contains("Your prompt was rejected", reply.Text, StringComparison.Ordinal);
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
                    new { Name = "chat-only", Provider = "custom", Model = "chat-only-model", Upstream.BaseUrl, Endpoints = new[] { "chat" } },
                    new { Name = "embedder", Provider = "custom", Model = "embedder-model", Upstream.BaseUrl },
                    new { Name = "embedder-2", Provider = "custom", Model = "embedder-model-2", Upstream.BaseUrl },
                    new { Name = "embedder-3", Provider = "custom", Model = "embedder-model-3", Other.BaseUrl },
                },
                Chains = new Dictionary<string, string[]> { ["two-embedders"] = ["embedder-2", "embedder-3"] },
                Routing = new { Defaults = new { embeddings = "embedder" } },
                Resilience = new { MaxRetries = 0, BreakerFailures = 10_000 },
            }),
        };
    }
}
