using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using LlmProxy.Endpoints;

namespace LlmProxy.Tests.Providers.Dummy;

public sealed class DummyEndpointsTests
{
    [Fact]
    public async Task Models_AreListedAndShown()
    {
        var client = new DummyClient(model: "mine");
        using HttpResponseMessage list = await client.SendAsync(HttpMethod.Get, "models");
        using HttpResponseMessage one = await client.SendAsync(HttpMethod.Get, "models/a%2Fb");

        Assert.Equal("mine", (string?)JsonNode.Parse(await list.Content.ReadAsStringAsync())!["data"]![0]!["id"]);
        Assert.Equal("a/b", (string?)JsonNode.Parse(await one.Content.ReadAsStringAsync())!["id"]);
    }

    [Fact]
    public async Task UnknownPath_Is404InOpenAisShape() =>
        Assert.Equal("unknown_url", (string?)(await new DummyClient().RefusedAsync("assistants", "{}", 404))["code"]);

    [Fact]
    public async Task OtherMethods_Are405()
    {
        using HttpResponseMessage response = await new DummyClient().SendAsync(HttpMethod.Delete, "models/x");

        Assert.Equal(405, (int)response.StatusCode);
    }

    [Fact]
    public async Task EveryEndpointOfTheCard_IsServed()
    {
        var bodies = new Dictionary<EndpointKind, string>
        {
            [EndpointKind.Chat] = """{"messages":[{"role":"user","content":"x"}]}""",
            [EndpointKind.Completions] = """{"prompt":"x"}""",
            [EndpointKind.Embeddings] = """{"input":"x"}""",
            [EndpointKind.Responses] = """{"input":"x"}""",
            [EndpointKind.ResponsesInputTokens] = """{"input":"x"}""",
            [EndpointKind.Moderations] = """{"input":"x"}""",
            [EndpointKind.Images] = """{"prompt":"x"}""",
            [EndpointKind.Speech] = """{"input":"x"}""",
            [EndpointKind.Rerank] = """{"query":"x","documents":["x"]}""",
        };

        foreach (EndpointKind endpoint in Llm.Provider("dummy").Card.Endpoints.Where(e => !e.IsMultipart))
        {
            using HttpResponseMessage response = await new DummyClient().SendAsync(endpoint.Path, bodies[endpoint]);
            Assert.True(response.IsSuccessStatusCode, endpoint.Name);
            Assert.Single(response.Headers.GetValues("x-request-id"));
        }
    }

    [Fact]
    public async Task Completions_PlainAndStreamed_SayTheSame()
    {
        var client = new DummyClient();
        JsonNode plain = await client.PostAsync("completions", """{"prompt":["one","two"],"echo":true}""");
        List<string> data = await client.StreamAsync("completions", """{"prompt":["one","two"],"echo":true,"stream":true,"stream_options":{"include_usage":true}}""");
        List<JsonNode> chunks = DummyClient.Chunks(data);

        Assert.Equal(["one", "two"], plain["choices"]!.AsArray().Select(c => ((string)c!["text"]!)[..3]));
        foreach (int index in (int[])[0, 1])
        {
            Assert.Equal(
                (string?)plain["choices"]![index]!["text"],
                string.Concat(chunks.SelectMany(c => c["choices"]!.AsArray()).Where(c => (int)c!["index"]! == index).Select(c => (string?)c!["text"])));
        }

        Assert.Equal((int?)plain["usage"]!["total_tokens"], (int?)chunks[^1]["usage"]!["total_tokens"]);
        Assert.Equal("[DONE]", data[^1]);
    }

    [Fact]
    public async Task Completions_Limit_CutsAndSaysSo()
    {
        JsonNode choice = (await new DummyClient().PostAsync("completions", """{"prompt":"x","max_tokens":2}"""))["choices"]![0]!;

        Assert.Equal("This is ", (string?)choice["text"]);
        Assert.Equal("length", (string?)choice["finish_reason"]);
    }

    [Theory]
    [InlineData("\"x\"", 1)]
    [InlineData("[\"x\",\"y\"]", 2)]
    [InlineData("[{\"type\":\"text\",\"text\":\"x\"}]", 1)]
    public async Task Moderations_Anything_IsNotFlagged(string input, int results)
    {
        JsonArray found = (await new DummyClient().PostAsync("moderations", $"{{\"input\":{input}}}"))["results"]!.AsArray();

        Assert.Equal(results, found.Count);
        Assert.All(found, r => Assert.False((bool)r!["flagged"]!));
    }

    [Fact]
    public async Task Rerank_Documents_AreOrderedByTheirWords()
    {
        JsonArray results = (await new DummyClient().PostAsync("rerank", """{"query":"red apple","documents":["a blue car",{"text":"a red apple"},"an apple"],"top_n":2,"return_documents":true}"""))["results"]!.AsArray();

        Assert.Equal([1, 2], results.Select(r => (int)r!["index"]!));
        Assert.Equal("a red apple", (string?)results[0]!["document"]!["text"]);
        Assert.True((double)results[0]!["relevance_score"]! > (double)results[1]!["relevance_score"]!);
    }

    [Fact]
    public async Task Images_AreRealPictures()
    {
        JsonArray pictures = (await new DummyClient().PostAsync("images/generations", """{"prompt":"a cat","n":2,"size":"64x32"}"""))["data"]!.AsArray();
        byte[] png = Convert.FromBase64String((string)pictures[0]!["b64_json"]!);

        Assert.Equal(2, pictures.Count);
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], png[..4]);
        Assert.Equal([0, 0, 0, 64, 0, 0, 0, 32], png[16..24]);
        Assert.StartsWith("data:image/png;base64,", (string?)(await new DummyClient().PostAsync("images/generations", """{"prompt":"a","response_format":"url"}"""))["data"]![0]!["url"], StringComparison.Ordinal);
        Assert.Equal("size", (string?)(await new DummyClient().RefusedAsync("images/generations", """{"prompt":"a","size":"99999x1"}"""))["param"]);
    }

    [Fact]
    public async Task Speech_IsAWaveFile()
    {
        using HttpResponseMessage response = await new DummyClient().SendAsync("audio/speech", """{"input":"hello","voice":"alloy"}""");
        byte[] wave = await response.Content.ReadAsByteArrayAsync();

        Assert.Equal("audio/wav", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal("RIFF"u8.ToArray(), wave[..4]);
        Assert.Equal(wave.Length - 8, BitConverter.ToInt32(wave, 4));
        Assert.Equal("response_format", (string?)(await new DummyClient().RefusedAsync("audio/speech", """{"input":"a","response_format":"mp3"}"""))["param"]);
    }

    [Theory]
    [InlineData("json", "application/json")]
    [InlineData("text", "text/plain")]
    [InlineData("verbose_json", "application/json")]
    public async Task Transcriptions_SayWhatCame(string format, string mediaType)
    {
        using var form = new MultipartFormDataContent
        {
            { new StringContent("whisper-1"), "model" },
            { new StringContent(format), "response_format" },
        };
        var file = new ByteArrayContent(new byte[1234]);
        file.Headers.ContentType = new MediaTypeHeaderValue("audio/wav");
        form.Add(file, "file", "talk.wav");

        using HttpResponseMessage response = await new DummyClient().SendAsync(HttpMethod.Post, "audio/transcriptions", form);

        Assert.Equal(mediaType, response.Content.Headers.ContentType!.MediaType);
        Assert.Contains("1234 bytes of talk.wav", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Transcriptions_WithoutFileOrForm_AreRefused()
    {
        using var form = new MultipartFormDataContent { { new StringContent("whisper-1"), "model" } };
        using HttpResponseMessage noFile = await new DummyClient().SendAsync(HttpMethod.Post, "audio/transcriptions", form);
        using HttpResponseMessage noForm = await new DummyClient().SendAsync(HttpMethod.Post, "audio/transcriptions", new StringContent("{}", Encoding.UTF8, "application/json"));

        Assert.Equal(400, (int)noFile.StatusCode);
        Assert.Equal(400, (int)noForm.StatusCode);
    }
}
