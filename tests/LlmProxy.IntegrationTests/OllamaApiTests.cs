using System.Text;
using System.Text.Json.Nodes;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>What clients of Ollama do that its own package does not: curl's habits, wishes, the routes beside the chat.</summary>
public sealed class OllamaApiTests(OllamaApiTests.Fixture fixture) : IClassFixture<OllamaApiTests.Fixture>
{
    private const string Key = "sk-all-0123456789";
    private const string NarrowKey = "sk-narrow-0123456789";
    private static readonly (string, string) Auth = ("Authorization", "Bearer " + Key);

    [Theory]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("text/plain")]
    [InlineData(null)]
    public async Task Body_UnderCurlsContentType_IsReadAsJson(string? contentType)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/chat");
        request.Content = new ByteArrayContent("""{"model":"gpt-4o","messages":[{"role":"user","content":"Hi"}]}"""u8.ToArray());
        request.Content.Headers.Remove("Content-Type");
        if (contentType is not null)
        {
            request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        }

        request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + Key);
        Reply reply = await fixture.Client.CallAsync(request);

        Assert.Equal(200, reply.Status);
        Assert.Equal("application/x-ndjson", reply.MediaType);
        Assert.Equal(OpenAiAnswers.Text, string.Concat(Lines(reply).Select(line => (string?)line["message"]!["content"])));
    }

    [Theory]
    [InlineData("native")]
    [InlineData("gpt-4o")]
    public async Task Metadata_Wished_StandsOnTheLastLine(string model)
    {
        Reply reply = await Post("/api/chat", $$$"""{"model":"{{{model}}}","messages":[{"role":"user","content":"Hi"}],"llm":{"metadata":true}}""");

        JsonNode[] lines = Lines(reply);
        Assert.True((bool)lines[^1]["done"]!);
        Assert.Equal(9, (int)lines[^1]["llm"]!["usage"]!["input_tokens"]! + (int)lines[^1]["llm"]!["usage"]!["cached_tokens"]!);
        Assert.All(lines.SkipLast(1), line => Assert.Null(line["llm"]));
    }

    [Fact]
    public async Task Metadata_WishedOfAResponsesStream_LosesNoEvent()
    {
        Reply reply = await Post("/v1/responses", """{"model":"gpt-4o","input":"Hi","stream":true,"llm":{"metadata":true}}""");

        Assert.Contains("response.completed", reply.Text, StringComparison.Ordinal);
        Assert.Contains("\"llm\":", reply.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhatTheVendorDoesNotTake_IsNamedByOllamasWords()
    {
        const string body = """{"model":"gpt-4o","messages":[{"role":"user","content":"Hi"}],"stream":false,"keep_alive":"5m","options":{"num_ctx":4096,"temperature":0.1}""";
        Reply reply = await Post("/api/chat", body + "}");
        Reply strict = await Post("/api/chat", body + ",\"llm\":{\"strict\":true}}");

        Assert.Equal("keep_alive, options.num_ctx", reply.Header("x-llm-dropped-params"));
        Assert.Equal(0.1, (double)fixture.Upstream.CallsFor("gpt-4o")[^1].Json["temperature"]!);
        Assert.Equal(400, strict.Status);
        Assert.Contains("options.num_ctx", (string?)strict.Json["error"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("POST", "/api/pull")]
    [InlineData("DELETE", "/api/delete")]
    [InlineData("GET", "/api/chat")]
    public async Task UnknownRoute_IsRefusedInOllamasShape(string method, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + Key);
        Reply reply = await fixture.Client.CallAsync(request);

        Assert.Equal(404, reply.Status);
        Assert.Contains(path, (string?)reply.Json["error"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Head_OfTheRoot_SaysThatSomebodyIsThere()
    {
        using var request = new HttpRequestMessage(HttpMethod.Head, "/");
        Assert.Equal(200, (await fixture.Client.CallAsync(request)).Status);
    }

    [Fact]
    public async Task Tags_ListWhatTheKeyMayCall()
    {
        Reply reply = await fixture.Client.FetchAsync("/api/tags", ("Authorization", "Bearer " + NarrowKey));

        Assert.Equal(["native", "local_only"], reply.Json["models"]!.AsArray().Select(model => (string?)model!["name"]));
        Assert.Equal(404, (await fixture.Client.PostAsync("/api/show", """{"model":"gpt-4o"}""", ("Authorization", "Bearer " + NarrowKey))).Status);
    }

    [Fact]
    public async Task ChatCompletions_OverOllama_AreStreamed()
    {
        Reply reply = await Post("/v1/chat/completions", """{"model":"native","messages":[{"role":"user","content":"Hi"}],"stream":true,"stream_options":{"include_usage":true}}""");

        JsonNode[] chunks = [.. reply.Text.Split("\n\n").Where(e => e.StartsWith("data: {", StringComparison.Ordinal)).Select(e => JsonNode.Parse(e[6..])!)];
        Assert.Equal("text/event-stream", reply.MediaType);
        Assert.Equal("Hello from Ollama.", string.Concat(chunks.SelectMany(c => c["choices"]!.AsArray()).Select(c => (string?)c!["delta"]!["content"])));
        Assert.Equal(14, (int)chunks[^1]["usage"]!["total_tokens"]!);
        Assert.Equal("/api/chat", fixture.Upstream.CallsFor("native")[^1].Path);
    }

    private Task<Reply> Post(string path, string json) => fixture.Client.PostAsync(path, json, Auth);

    private static JsonNode[] Lines(Reply reply) => [.. reply.Text.TrimEnd('\n').Split('\n').Select(line => JsonNode.Parse(line)!)];

    public sealed class Fixture : GatewayFixture
    {
        protected override GatewaySettings Settings()
        {
            Upstream.On("native", OllamaUpstreams.Native);
            return new GatewaySettings
            {
                Config = Config(new
                {
                    Keys = new object[] { new { Name = "all", Key }, new { Name = "narrow", Key = NarrowKey, AllowedModels = new[] { "native" } } },
                    Llms = new object[]
                    {
                        new { Name = "gpt-4o", Provider = "openai", Model = "gpt-4o", Upstream.BaseUrl, Auth = new { api_key = "sk-vendor" } },
                        new { Name = "native", Provider = "ollama", Model = "native", BaseUrl = Upstream.Address + "/api" },
                    },
                }),
            };
        }
    }
}
