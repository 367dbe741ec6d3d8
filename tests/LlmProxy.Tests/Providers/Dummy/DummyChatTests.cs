using System.Text.Json.Nodes;

namespace LlmProxy.Tests.Providers.Dummy;

public sealed class DummyChatTests
{
    private const string Hello = "\"messages\":[{\"role\":\"system\",\"content\":\"be brief\"},{\"role\":\"user\",\"content\":\"hello there\"}]";

    [Fact]
    public async Task Plain_Question_IsAnsweredWithWhoSpeaksHowToConfigureAndAnEcho()
    {
        JsonNode answer = await new DummyClient().PostAsync("chat/completions", $"{{\"model\":\"any\",{Hello}}}");
        string text = (string)answer["choices"]![0]!["message"]!["content"]!;

        Assert.All(["dummy", "No LLM is configured", "OPENAI_API_KEY=", "OLLAMA_URL=", "appsettings.json", "hello there"], part => Assert.Contains(part, text, StringComparison.Ordinal));
        Assert.Equal("chat.completion", (string?)answer["object"]);
        Assert.Equal("any", (string?)answer["model"]);
        Assert.Equal("stop", (string?)answer["choices"]![0]!["finish_reason"]);
        Assert.Equal("assistant", (string?)answer["choices"]![0]!["message"]!["role"]);
        Assert.Equal((text.Length + 3) / 4, (int?)answer["usage"]!["completion_tokens"]);
        Assert.Equal((int)answer["usage"]!["prompt_tokens"]! + (int)answer["usage"]!["completion_tokens"]!, (int?)answer["usage"]!["total_tokens"]);
    }

    [Fact]
    public async Task Plain_PartsOfText_AreHeardAndPicturesCounted()
    {
        JsonNode answer = await new DummyClient().PostAsync("chat/completions", """{"messages":[{"role":"user","content":[{"type":"text","text":"what is"},{"type":"image_url","image_url":{"url":"data:,"}},{"type":"text","text":"this?"}]}]}""");

        Assert.EndsWith("You said: what is this?", (string?)answer["choices"]![0]!["message"]!["content"], StringComparison.Ordinal);
        Assert.True((int)answer["usage"]!["prompt_tokens"]! > 85);
    }

    [Fact]
    public async Task Plain_NoModel_AnswersUnderTheConfiguredName() =>
        Assert.Equal("mine", (string?)(await new DummyClient(model: "mine").PostAsync("chat/completions", $"{{{Hello}}}"))["model"]);

    [Theory]
    [InlineData("max_tokens")]
    [InlineData("max_completion_tokens")]
    public async Task Plain_TokenLimit_CutsAndSaysSo(string name)
    {
        JsonNode answer = await new DummyClient().PostAsync("chat/completions", $"{{\"{name}\":5,{Hello}}}");

        Assert.Equal("length", (string?)answer["choices"]![0]!["finish_reason"]);
        Assert.Equal(5, (int?)answer["usage"]!["completion_tokens"]);
        Assert.Equal(20, ((string)answer["choices"]![0]!["message"]!["content"]!).Length);
    }

    [Fact]
    public async Task Plain_LimitInsideACharacter_CutsBeforeIt()
    {
        JsonNode answer = await new DummyClient("{\"words\":500}").PostAsync("chat/completions", """{"max_tokens":300,"messages":[{"role":"user","content":"😀😀😀😀😀😀😀😀"}]}""");
        string text = (string)answer["choices"]![0]!["message"]!["content"]!;

        Assert.DoesNotContain('\uFFFD', text);
        Assert.False(char.IsHighSurrogate(text[^1]));
    }

    [Theory]
    [InlineData("\"stop\":\"LlmProxy\"")]
    [InlineData("\"stop\":[\"never there\",\"LlmProxy\"]")]
    public async Task Plain_StopSequence_EndsBeforeIt(string stop)
    {
        JsonNode answer = await new DummyClient().PostAsync("chat/completions", $"{{{stop},{Hello}}}");

        Assert.Equal("This is the dummy that is built into ", (string?)answer["choices"]![0]!["message"]!["content"]);
        Assert.Equal("stop", (string?)answer["choices"]![0]!["finish_reason"]);
    }

    [Fact]
    public async Task Plain_SeveralChoices_AreNumbered()
    {
        JsonNode answer = await new DummyClient().PostAsync("chat/completions", $"{{\"n\":3,{Hello}}}");

        Assert.Equal([0, 1, 2], answer["choices"]!.AsArray().Select(c => (int)c!["index"]!));
    }

    [Fact]
    public async Task Plain_WordsAsked_AreGiven()
    {
        JsonNode answer = await new DummyClient("{\"words\":\"7\"}").PostAsync("chat/completions", $"{{{Hello}}}");

        Assert.Equal(7, ((string)answer["choices"]![0]!["message"]!["content"]!).Split(' ').Length);
    }

    [Fact]
    public async Task Stream_WordByWord_SaysTheSameAsThePlainAnswer()
    {
        var client = new DummyClient();
        JsonNode plain = await client.PostAsync("chat/completions", $"{{{Hello}}}");
        List<string> data = await client.StreamAsync("chat/completions", $"{{\"stream\":true,{Hello}}}");
        List<JsonNode> chunks = DummyClient.Chunks(data);

        Assert.Equal("[DONE]", data[^1]);
        Assert.Equal("assistant", (string?)chunks[0]["choices"]![0]!["delta"]!["role"]);
        Assert.Equal((string?)plain["choices"]![0]!["message"]!["content"], string.Concat(chunks.Select(c => (string?)c["choices"]![0]!["delta"]!["content"])));
        Assert.True(chunks.Count > 50);
        Assert.Single(chunks.Select(c => (string?)c["id"]).Distinct());
        Assert.Equal("stop", (string?)chunks[^1]["choices"]![0]!["finish_reason"]);
        Assert.All(chunks, c => Assert.False(c.AsObject().ContainsKey("usage")));
    }

    [Fact]
    public async Task Stream_UsageAsked_ComesInAChunkOfItsOwn()
    {
        List<JsonNode> chunks = DummyClient.Chunks(await new DummyClient().StreamAsync("chat/completions", $"{{\"stream\":true,\"stream_options\":{{\"include_usage\":true}},{Hello}}}"));

        Assert.Empty(chunks[^1]["choices"]!.AsArray());
        Assert.True((int)chunks[^1]["usage"]!["completion_tokens"]! > 0);
        Assert.All(chunks.SkipLast(1), c => Assert.True(c.AsObject().ContainsKey("usage") && c["usage"] is null));
    }

    [Fact]
    public async Task Stream_Limited_EndsWithLength()
    {
        List<JsonNode> chunks = DummyClient.Chunks(await new DummyClient().StreamAsync("chat/completions", $"{{\"stream\":true,\"max_tokens\":3,{Hello}}}"));

        Assert.Equal("length", (string?)chunks[^1]["choices"]![0]!["finish_reason"]);
    }

    [Fact]
    public async Task JsonObject_Asked_IsAnObject()
    {
        JsonNode answer = await new DummyClient().PostAsync("chat/completions", $"{{\"response_format\":{{\"type\":\"json_object\"}},{Hello}}}");

        Assert.IsType<JsonObject>(JsonNode.Parse((string)answer["choices"]![0]!["message"]!["content"]!));
    }

    [Fact]
    public async Task JsonSchema_Asked_IsSatisfied()
    {
        const string Format = """
            "response_format":{"type":"json_schema","json_schema":{"name":"event","schema":{"type":"object","properties":{"name":{"type":"string"},"day":{"enum":["mon","tue"]},"guests":{"type":"array","items":{"$ref":"#/$defs/guest"},"minItems":2}},"required":["name","day","guests"],"$defs":{"guest":{"type":"object","properties":{"age":{"type":"integer","minimum":18}},"required":["age"]}}}}}
            """;
        JsonNode answer = await new DummyClient().PostAsync("chat/completions", $"{{{Format},{Hello}}}");

        Assert.Equal("""{"name":"name","day":"mon","guests":[{"age":18},{"age":18}]}""", (string?)answer["choices"]![0]!["message"]!["content"]);
    }

    [Theory]
    [InlineData("{}", "messages")]
    [InlineData("{\"messages\":[]}", "messages")]
    [InlineData("{\"messages\":\"hi\"}", "messages")]
    [InlineData("{\"messages\":[{\"content\":\"x\"}]}", "messages")]
    [InlineData("{\"max_tokens\":0,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}", "max_tokens")]
    [InlineData("{\"n\":\"2\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}", "n")]
    [InlineData("{\"stop\":5,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}", "stop")]
    [InlineData("{\"response_format\":{\"type\":\"xml\"},\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}", "response_format.type")]
    [InlineData("{\"tool_choice\":\"required\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}", "tool_choice")]
    public async Task Refused_RequestsThatNoServerTakes_NameTheField(string json, string param) =>
        Assert.Equal(param, (string?)(await new DummyClient().RefusedAsync("chat/completions", json))["param"]);

    [Theory]
    [InlineData("not json")]
    [InlineData("[1]")]
    [InlineData("")]
    public async Task Refused_BodyThatIsNoObject_Is400(string body) =>
        Assert.Equal("invalid_json", (string?)(await new DummyClient().RefusedAsync("chat/completions", body))["code"]);
}
