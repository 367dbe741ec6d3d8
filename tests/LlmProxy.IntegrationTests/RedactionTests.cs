using System.Text;
using System.Text.Json.Nodes;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>Secrets and personal data on their way to an external LLM and back, in every dialect.</summary>
public sealed class RedactionTests(RedactionTests.Fixture fixture) : IClassFixture<RedactionTests.Fixture>
{
    private const string Email = "jane.doe@x.example";
    private const string Said = "Dear [EMAIL_1], dear [EMAIL_1]!";
    private const string Restored = $"Dear {Email}, dear {Email}!";

    private static readonly string Prompt = $"Write to {Email} twice.";

    [Theory]
    [InlineData("/v1/chat/completions", false)]
    [InlineData("/v1/chat/completions", true)]
    [InlineData("/v1/completions", false)]
    [InlineData("/v1/completions", true)]
    [InlineData("/v1/responses", false)]
    [InlineData("/v1/responses", true)]
    [InlineData("/v1/messages", false)]
    [InlineData("/v1/messages", true)]
    [InlineData("/api/chat", false)]
    [InlineData("/api/chat", true)]
    [InlineData("/api/generate", true)]
    public async Task EveryDialect_ToAnExternalLlm_IsMaskedThereAndRestoredHere(string path, bool isStream)
    {
        string model = $"m{path.Replace('/', '-')}-{isStream}";
        fixture.Upstream.On(model, Saying);
        string asked = path switch
        {
            "/v1/completions" or "/api/generate" => $"\"prompt\":\"{Prompt}\"",
            "/v1/responses" => $"\"instructions\":\"{Prompt}\",\"input\":\"{Prompt}\"",
            "/v1/messages" => $"\"max_tokens\":50,\"system\":\"{Prompt}\",\"messages\":[{{\"role\":\"user\",\"content\":[{{\"type\":\"text\",\"text\":\"{Prompt}\"}}]}}]",
            _ => $"\"messages\":[{{\"role\":\"system\",\"content\":\"{Prompt}\"}},{{\"role\":\"user\",\"content\":\"{Prompt}\"}}]",
        };

        Reply reply = await fixture.Client.PostAsync(path, $$"""{"model":"openai/{{model}}","stream":{{(isStream ? "true" : "false")}},{{asked}}}""");

        Assert.True(reply.Status == 200, reply.ToString());
        string sent = Assert.Single(fixture.Upstream.CallsFor(model)).Text;
        Assert.Contains("Write to [EMAIL_1] twice.", sent, StringComparison.Ordinal);
        Assert.DoesNotContain("jane", sent, StringComparison.Ordinal);
        Assert.DoesNotContain("[EMAIL", isStream && path == "/v1/responses" ? TextOf(path, isStream, reply.Text) : reply.Text, StringComparison.Ordinal);
        Assert.Equal(Restored, TextOf(path, isStream, reply.Text));
    }

    [Fact]
    public async Task Messages_ToAnthropicItself_PassMaskedAndComeBackRestored()
    {
        fixture.Other.On("claude-model", Answers.Sse(
            Step.Send("event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-model\",\"content\":[],\"usage\":{\"input_tokens\":3,\"output_tokens\":1}}}\n\n"),
            Step.Send("event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"tool_use\",\"id\":\"t1\",\"name\":\"mail\",\"input\":{}}}\n\n"),
            Step.Send("event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"to\\\": \\\"[EMA\"}}\n\n"),
            Step.Send("event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"IL_1]\\\"}\"}}\n\n"),
            Step.Send("event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\nevent: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"},\"usage\":{\"output_tokens\":5}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n")));

        Reply reply = await fixture.Client.PostAsync(
            "/v1/messages",
            $$$"""{"model":"claude","max_tokens":9,"stream":true,"metadata":{"user_id":"{{{Email}}}"},"messages":[{"role":"user","content":"{{{Prompt}}}"}]}""",
            ("anthropic-beta", $"for-{Email}"), ("anthropic-version", "2023-06-01"));

        UpstreamCall call = Assert.Single(fixture.Other.CallsFor("claude-model"));
        Assert.DoesNotContain("jane", call.Text + string.Join(' ', call.Headers), StringComparison.Ordinal);
        Assert.Equal("[EMAIL_1]", call.Json["metadata"]!["user_id"]!.ToString());
        string input = string.Concat(SseReader.Data(reply.Text).Select(data => JsonNode.Parse(data)!["delta"]?["partial_json"]?.ToString()));
        Assert.Equal(Email, JsonNode.Parse(input)!["to"]!.ToString());
    }

    [Fact]
    public async Task ToolsResultsAndCalls_ToAnExternalLlm_AreMasked()
    {
        fixture.Upstream.On("tools", Answers.Json("""{"id":"c","object":"chat.completion","created":1,"model":"tools","choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"mail","arguments":"{\"to\":\"[EMAIL_1]\",\"key\":\"[PRIVATE_KEY_1]\"}"}}]},"finish_reason":"tool_calls"}]}"""));

        Reply reply = await fixture.Client.PostAsync("/v1/chat/completions", $$$"""
            {"model":"openai/tools","messages":[{"role":"user","content":"go"},{"role":"assistant","content":null,"tool_calls":[{"id":"c0","type":"function","function":{"name":"find","arguments":"{\"who\":\"{{{Email}}}\"}"}}]},
            {"role":"tool","tool_call_id":"c0","content":"{\"key\":\"-----BEGIN PRIVATE KEY-----\\nMII\\n-----END PRIVATE KEY-----\"}"}]}
            """);

        string sent = Assert.Single(fixture.Upstream.CallsFor("tools")).Text;
        Assert.DoesNotContain("jane", sent, StringComparison.Ordinal);
        Assert.DoesNotContain("MII", sent, StringComparison.Ordinal);
        JsonNode arguments = JsonNode.Parse(reply.Json["choices"]![0]!["message"]!["tool_calls"]![0]!["function"]!["arguments"]!.ToString())!;
        Assert.Equal(Email, arguments["to"]!.ToString());
        Assert.Equal("-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----", arguments["key"]!.ToString());
    }

    [Fact]
    public async Task LocalLlm_WithRedactForExternal_SeesTheOriginal()
    {
        Reply reply = await fixture.Client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("home", text: Prompt));

        Expect.Ok(reply);
        Assert.Contains(Email, fixture.Other.CallsFor("home-model")[^1].Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ChainWithAnExternalMember_IsMaskedForAllOfIt()
    {
        fixture.Other.Once("first-model", Answers.Error(500, "broken"), Answers.Error(500, "broken"), Answers.Error(500, "broken"));
        fixture.Upstream.On("second-model", Saying);

        Reply reply = await fixture.Client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("mixed", text: Prompt), ("x-llm-retries", "0"));

        Expect.Ok(reply);
        Assert.Contains("[EMAIL_1]", fixture.Other.CallsFor("first-model")[^1].Text, StringComparison.Ordinal);
        Assert.DoesNotContain("jane", fixture.Other.CallsFor("first-model")[^1].Text + fixture.Upstream.CallsFor("second-model")[^1].Text, StringComparison.Ordinal);
        Assert.Equal(Restored, reply.Content);
    }

    [Fact]
    public async Task StreamThatBreaksInsideAPlaceholder_IsGoneOnWithAndRestoredWhole()
    {
        fixture.Upstream.Once("second-model", Answers.Sse(
            Step.Send(OpenAiAnswers.RoleChunk + OpenAiAnswers.ContentChunk("Dear [EMA")), Step.Send("data: {\"error\":{\"message\":\"gone\",\"type\":\"server_error\"}}\n\n")));
        fixture.Other.Once("first-model", Answers.Sse(Step.Send(OpenAiAnswers.RoleChunk + OpenAiAnswers.ContentChunk("IL_1]!") + OpenAiAnswers.Chunk("{}", "\"stop\"") + OpenAiAnswers.Done)));

        Reply reply = await fixture.Client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("breaking", "\"stream\":true", Prompt), ("x-llm-continue", "on"));

        Assert.Equal($"Dear {Email}!", SseReader.ContentOf(SseReader.Data(reply.Text)));
        Assert.DoesNotContain("jane", fixture.Other.CallsFor("first-model")[^1].Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task User_OfAMaskedCall_IsAPlaceholderForTheVendor()
    {
        await fixture.Client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("openai/named", $"\"user\":\"u-{Email}\"", "hello"));

        Assert.Equal("[EMAIL_1]", Assert.Single(fixture.Upstream.CallsFor("named")).Json["user"]!.ToString());
    }

    [Fact]
    public async Task Embeddings_OfPersonalData_AreMadeOfPlaceholders()
    {
        Reply reply = await fixture.Client.PostAsync("/v1/embeddings", $$"""{"model":"openai/embed","input":["{{Prompt}}","b"]}""");

        Expect.Ok(reply);
        Assert.Equal("Write to [EMAIL_1] twice.", Assert.Single(fixture.Upstream.CallsFor("embed")).Json["input"]![0]!.ToString());
    }

    [Fact]
    public async Task BlockedFind_Is400WithTheDetectorAndNeverTheValue()
    {
        Reply reply = await fixture.Client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("openai/blocked", text: "4111 1111 1111 1111"));

        string message = Expect.Error(reply, 400, "content_blocked");
        Assert.Contains("\"cards\"", message, StringComparison.Ordinal);
        Assert.DoesNotContain("4111", reply.Text, StringComparison.Ordinal);
        Assert.Empty(fixture.Upstream.CallsFor("blocked"));
    }

    [Fact]
    public async Task ModelNameAtAWildcard_ThatIsAFind_IsRefused()
    {
        Reply reply = await fixture.Client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody($"openai/{Email}"));

        Assert.DoesNotContain("jane", Expect.Error(reply, 400, "content_blocked"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task FormField_ThatIsAFind_IsRefused()
    {
        string form = $"--b\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\nopenai/whisper\r\n--b\r\ncontent-disposition: form-data; name=\"prompt\"\r\n\r\n{Prompt}\r\n--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.mp3\"\r\n\r\n{Email}\r\n--b--\r\n";

        Reply reply = await fixture.Client.PostAsync("/v1/audio/transcriptions", Encoding.UTF8.GetBytes(form), "multipart/form-data; boundary=b");

        Expect.Error(reply, 400, "content_blocked");
        Reply clean = await fixture.Client.PostAsync("/v1/audio/transcriptions", Encoding.UTF8.GetBytes(form.Replace(Prompt, "a song", StringComparison.Ordinal)), "multipart/form-data; boundary=b");
        Assert.True(clean.Status == 200, clean.ToString());
    }

    [Fact]
    public async Task Pass_ToAnExternalLlm_IsClosedAndToALocalOneOpen()
    {
        Expect.Error(await fixture.Client.PostAsync("/pass/ext/chat/completions", GatewayCalls.ChatBody("x")), 400, "content_blocked");
        Assert.Equal(200, (await fixture.Client.PostAsync("/pass/home/chat/completions", GatewayCalls.ChatBody("home-model"))).Status);
    }

    [Fact]
    public async Task Log_OfFindsAndPrompts_HasDetectorAndCountAndNoValue()
    {
        await fixture.Client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("openai/logged", text: $"{Prompt} from 10.20.30.40 and 10.20.30.41"));
        await fixture.Client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("home", text: Prompt));

        string line = await fixture.Gateway.Logs.WaitForAsync(l => l.Contains("redaction ip", StringComparison.Ordinal));
        Assert.Contains("2, logged", line, StringComparison.Ordinal);
        await fixture.Gateway.Logs.WaitForAsync(l => l.Contains("Write to [EMAIL_1] twice. from 10.20.30.40", StringComparison.Ordinal));
        Assert.DoesNotContain("jane", fixture.Gateway.Logs.Text, StringComparison.Ordinal);
    }

    /// <summary>Says the sentence with placeholders, letter by letter where it streams.</summary>
    private static Task Saying(UpstreamCall call)
    {
        bool isResponses = call.Path.EndsWith("/responses", StringComparison.Ordinal);
        bool isText = !call.Path.EndsWith("chat/completions", StringComparison.Ordinal) && !isResponses;
        string text = JsonValue.Create(Said).ToJsonString();
        string response = $$$"""{"id":"resp_1","object":"response","created_at":1,"status":"completed","model":"m","instructions":"Write to [EMAIL_1] twice.","output":[{"id":"msg_1","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","text":{{{text}}},"annotations":[]}]}],"usage":{"input_tokens":9,"output_tokens":5,"total_tokens":14}}""";
        if (!call.WantsStream)
        {
            return Answers.Json(isResponses ? response
                : isText ? $$"""{"id":"c","object":"text_completion","created":1,"model":"m","choices":[{"text":{{text}},"index":0,"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5} }"""
                : OpenAiAnswers.ChatJson(Said))(call);
        }

        IEnumerable<string> letters = Said.Select(c => JsonValue.Create(c.ToString()).ToJsonString());
        IEnumerable<string> events = isResponses
            ? letters.Select((letter, i) => $$"""event: response.output_text.delta{{'\n'}}data: {"type":"response.output_text.delta","sequence_number":{{i + 1}},"item_id":"msg_1","output_index":0,"content_index":0,"delta":{{letter}} }""" + "\n\n")
                .Prepend("event: response.created\ndata: {\"type\":\"response.created\",\"sequence_number\":0,\"response\":{\"id\":\"resp_1\",\"object\":\"response\",\"status\":\"in_progress\",\"model\":\"m\",\"output\":[]}}\n\n")
                .Append($"event: response.completed\ndata: {{\"type\":\"response.completed\",\"sequence_number\":99,\"response\":{response}}}\n\n")
            : isText
            ? letters.Select(letter => $$"""data: {"id":"c","object":"text_completion","created":1,"model":"m","choices":[{"text":{{letter}},"index":0,"logprobs":null,"finish_reason":null}]}""" + "\n\n")
                .Append("""data: {"id":"c","object":"text_completion","created":1,"model":"m","choices":[{"text":"","index":0,"logprobs":null,"finish_reason":"stop"}]}""" + "\n\n").Append(OpenAiAnswers.Done)
            : letters.Select(letter => OpenAiAnswers.Chunk($$"""{"content":{{letter}} }""")).Append(OpenAiAnswers.Chunk("{}", "\"stop\"")).Append(OpenAiAnswers.Done);
        return Answers.Sse([.. events.Select(e => Step.Send(e))])(call);
    }

    private static string TextOf(string path, bool isStream, string answer)
    {
        if (!isStream)
        {
            JsonNode whole = JsonNode.Parse(answer)!;
            return (whole["choices"]?[0]?["message"]?["content"] ?? whole["choices"]?[0]?["text"] ?? whole["content"]?[0]?["text"] ?? whole["output"]?[0]?["content"]?[0]?["text"] ?? whole["message"]?["content"] ?? whole["response"])!.ToString();
        }

        IEnumerable<string> events = path.StartsWith("/api", StringComparison.Ordinal) ? answer.Split('\n', StringSplitOptions.RemoveEmptyEntries) : SseReader.Data(answer).Where(data => data != "[DONE]");
        return string.Concat(events.Select(data => JsonNode.Parse(data)!).Select(e => path switch
        {
            "/v1/chat/completions" => e["choices"]?.AsArray() is [{ } choice, ..] ? choice["delta"]?["content"]?.ToString() : null,
            "/v1/completions" => e["choices"]?.AsArray() is [{ } choice, ..] ? choice["text"]?.ToString() : null,
            "/v1/responses" => e["type"]!.ToString() == "response.output_text.delta" ? e["delta"]!.ToString() : null,
            "/v1/messages" => e["delta"]?["text"]?.ToString(),
            "/api/generate" => e["response"]?.ToString(),
            _ => e["message"]?["content"]?.ToString(),
        }));
    }

    public sealed class Fixture : GatewayFixture
    {
        protected override GatewaySettings Settings() => new()
        {
            Config = Config(new
            {
                Llms = new object[]
                {
                    new { Name = "ext", Provider = "openai", Model = "*", Upstream.BaseUrl, Auth = new { api_key = "sk-1" } },
                    new { Name = "second", Provider = "openai", Model = "second-model", Upstream.BaseUrl, Auth = new { api_key = "sk-1" } },
                    new { Name = "first", Provider = "vllm", Model = "first-model", Other.BaseUrl },
                    new { Name = "home", Provider = "vllm", Model = "home-model", Other.BaseUrl },
                    new { Name = "claude", Provider = "anthropic", Model = "claude-model", BaseUrl = Other.Address, Auth = new { api_key = "sk-2" } },
                },
                Chains = new { mixed = new[] { "first", "second" }, breaking = new[] { "second", "first" } },
                Guards = new { Redact = new[] { "emails", "cards:block", "ip:log", "private_keys" } },
                Logging = new { Prompts = true },
            }),
        };
    }
}
