using System.Text.Json.Nodes;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>A stream whose budget ends is ended as one that has reached its length, in every dialect, by whomever it is told.</summary>
public sealed class BudgetCutTests(BudgetCutFixture fixture) : IClassFixture<BudgetCutFixture>
{
    private const string Chat = "\"max_tokens\":100,\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]";

    [Theory]
    [InlineData("openai", false)]
    [InlineData("openai", true)]
    [InlineData("anthropic", false)]
    [InlineData("anthropic", true)]
    public async Task Chat_EndsWithLengthAndTheUsageThatWasAskedFor(string vendor, bool asksForUsage)
    {
        string model = $"chat-{vendor}-{asksForUsage}";
        Talks(vendor, model);

        CutReply cut = await fixture.CutAsync("/v1/chat/completions", $"{vendor}/{model}", Chat + (asksForUsage ? ",\"stream_options\":{\"include_usage\":true}" : ""));

        Assert.Equal("[DONE]", cut.Data[^1]);
        JsonNode[] chunks = cut.Json;
        JsonNode last = chunks[asksForUsage ? ^2 : ^1];
        Assert.Equal("length", (string?)last["choices"]![0]!["finish_reason"]);
        Assert.Empty(last["choices"]![0]!["delta"]!.AsObject());
        Assert.All(chunks, chunk => Assert.Equal((string?)chunks[0]["id"], (string?)chunk["id"]));
        Assert.All(chunks, chunk => Assert.Equal((string?)chunks[0]["model"], (string?)chunk["model"]));
        Assert.All(cut.Reasons, reason => Assert.Equal("insufficient_quota", reason));
        Assert.NotEmpty(cut.Reasons);
        if (asksForUsage)
        {
            Assert.Empty(chunks[^1]["choices"]!.AsArray());
            Assert.Equal((int)cut.Row["output_tokens"]!, (int)chunks[^1]["usage"]!["completion_tokens"]!);
        }

        await AbortedAsync(vendor, model);
    }

    [Fact]
    public async Task Chat_WithMetadata_SaysItInTheObjectOfTheLastChunkAlone()
    {
        Talks("openai", "chat-told");

        CutReply cut = await fixture.CutAsync("/v1/chat/completions", "openai/chat-told", Chat, ("x-llm-metadata", "on"));

        Assert.Equal(["insufficient_quota"], cut.Reasons);
        Assert.Equal((int)cut.Row["output_tokens"]!, (int)cut.Json[^1]["llm"]!["usage"]!["output_tokens"]!);
        Assert.Equal("length", (string?)cut.Json[^1]["choices"]![0]!["finish_reason"]);
    }

    [Fact]
    public async Task Chat_OfSeveralChoicesPassedThrough_EndsThoseThatAreOpen()
    {
        fixture.Upstream.On("many", Answers.Sse([
            .. Enumerable.Range(0, 3).Select(i => Step.Send(Choice(i, "{\"role\":\"assistant\",\"content\":\"\"}"))),
            .. Enumerable.Range(0, 3).Select(i => Step.Send(Choice(i, "{\"content\":\"word\"}"))),
            Step.Send(Choice(1, "{}", "\"stop\"")),
            .. Enumerable.Range(0, BudgetCutFixture.Words).Select(i => Step.Send(Choice(i % 2 * 2, "{\"content\":\" word\"}"))),
            Step.Hang]));

        CutReply cut = await fixture.CutAsync("/v1/chat/completions", "openai/many", Chat + ",\"n\":3");

        Assert.Equal("[DONE]", cut.Data[^1]);
        Assert.Equal(["1: stop", "0: length", "2: length"], Ends(cut));
        Assert.All(cut.Json[^2..], chunk => Assert.Empty(chunk["choices"]![0]!["delta"]!.AsObject()));
    }

    [Fact]
    public async Task Chat_OfSeveralChoicesTranslated_EndsThoseThatAreOpen()
    {
        fixture.Other.Once("many", Claude([("text", "short")], ends: true), Claude([("text", null)]));

        CutReply cut = await fixture.CutAsync("/v1/chat/completions", "anthropic/many", Chat + ",\"n\":2");

        Assert.Equal("[DONE]", cut.Data[^1]);
        string[] ends = [.. Ends(cut)];
        Assert.Equal(2, ends.Length);
        Assert.EndsWith(": stop", ends[0], StringComparison.Ordinal);
        Assert.EndsWith(": length", ends[1], StringComparison.Ordinal);
        Assert.NotEqual(ends[0][0], ends[1][0]);
    }

    [Fact]
    public async Task Chat_ThatAnotherLlmGoesOnWith_EndsOnceWithTheUsageOfBoth()
    {
        fixture.Upstream.On("breaks", Answers.Sse([Step.Send(OpenAiAnswers.RoleChunk), .. Enumerable.Repeat(Step.Send(OpenAiAnswers.ContentChunk("word ")), 20), Step.Break]));
        Talks("openai", "goes-on");

        CutReply cut = await fixture.CutAsync("/v1/chat/completions", "broken", Chat + ",\"stream_options\":{\"include_usage\":true}", ("x-llm-continue", "on"));

        Assert.Equal("[DONE]", cut.Data[^1]);
        Assert.Equal(["0: length"], Ends(cut));
        Assert.Equal(["insufficient_quota"], cut.Reasons);
        Assert.Single(cut.Data, data => data.Contains("\"llm\":", StringComparison.Ordinal));
        JsonNode usage = cut.Json[^1]["usage"]!;
        Assert.Equal(((int)cut.Row["output_tokens"]!, (int)cut.Row["input_tokens"]!), ((int)usage["completion_tokens"]!, (int)usage["prompt_tokens"]!));
        Assert.Equal("breaks", (string?)cut.Json[^1]["llm"]!["continued"]![0]!["model"]);
    }

    [Theory]
    [InlineData("openai", "\"prompt\":\"Once\"", 1)]
    [InlineData("openai", "\"prompt\":[\"Once\",\"Twice\"]", 2)]
    [InlineData("openai", "\"prompt\":[11,12,13]", 1)]
    [InlineData("anthropic", "\"prompt\":\"Once\"", 1)]
    public async Task Completions_EndWithLengthAndUsage(string vendor, string prompt, int choices)
    {
        string model = $"completions-{vendor}-{prompt.Length}";
        fixture.Other.On(model, Claude([("text", null)]));
        fixture.Upstream.On(model, Answers.Sse([
            .. Enumerable.Range(0, BudgetCutFixture.Words).Select(i => Step.Send(
                $$"""data: {"id":"cmpl-1","object":"text_completion","created":1700000000,"model":"m","choices":[{"text":" word","index":{{i % choices}},"logprobs":null,"finish_reason":null}]}""" + "\n\n")),
            Step.Hang]));

        CutReply cut = await fixture.CutAsync("/v1/completions", $"{vendor}/{model}", $"\"max_tokens\":100,\"stream_options\":{{\"include_usage\":true}},{prompt}");

        Assert.Equal("[DONE]", cut.Data[^1]);
        Assert.Equal(Enumerable.Range(0, choices).Select(i => $"{i}: length"), Ends(cut));
        Assert.Equal((int)cut.Row["output_tokens"]!, (int)cut.Json[^1]["usage"]!["completion_tokens"]!);
        Assert.All(cut.Json, chunk => Assert.Equal(((string?)cut.Json[0]["id"], (long?)cut.Json[0]["created"], "text_completion"), ((string?)chunk["id"], (long?)chunk["created"], (string?)chunk["object"])));
        Assert.All(cut.Reasons, reason => Assert.Equal("insufficient_quota", reason));
        Assert.NotEmpty(cut.Reasons);
    }

    [Theory]
    [InlineData("anthropic")]
    [InlineData("openai")]
    public async Task Messages_CloseTheirBlockAndEndWithMaxTokens(string vendor)
    {
        Talks("openai", "messages");
        fixture.Other.On("messages", Claude([("thinking", "Hm."), ("text", null)]));

        CutReply cut = await fixture.CutAsync("/v1/messages", vendor + "/messages", Chat);

        JsonNode[] events = cut.Json;
        Assert.Equal(["content_block_stop", "message_delta", "message_stop"], events[^3..].Select(e => (string?)e["type"]));
        Assert.Equal((string?)events[^3]["index"]?.ToString(), events.Last(e => (string?)e["type"] == "content_block_start")["index"]!.ToString());
        Assert.Equal(events.Count(e => (string?)e["type"] == "content_block_start"), events.Count(e => (string?)e["type"] == "content_block_stop"));
        Assert.Equal("max_tokens", (string?)events[^2]["delta"]!["stop_reason"]);
        Assert.Equal((int)cut.Row["output_tokens"]!, (int)events[^2]["usage"]!["output_tokens"]!);
        Assert.Equal(["insufficient_quota"], cut.Reasons);
    }

    [Theory]
    [InlineData("/api/chat", "ollama")]
    [InlineData("/api/chat", "openai")]
    [InlineData("/api/generate", "ollama")]
    [InlineData("/api/generate", "openai")]
    public async Task Ollama_EndsWithALineThatIsDone(string path, string vendor)
    {
        bool isChat = path == "/api/chat";
        Talks("openai", "lines");
        fixture.Other.On("lines", Answers.JsonLines([
            .. Enumerable.Repeat(Step.Send("{\"model\":\"llama\",\"created_at\":\"2026-02-03T10:00:00Z\"," + (isChat ? "\"message\":{\"role\":\"assistant\",\"content\":\" word\"}" : "\"response\":\" word\"") + ",\"done\":false}\n"), BudgetCutFixture.Words),
            Step.Hang]));

        CutReply cut = await fixture.CutAsync(path, vendor + "/lines", "\"options\":{\"num_predict\":100}," + (isChat ? "\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]" : "\"prompt\":\"Hello\""));

        JsonNode last = cut.Json[^1];
        Assert.Equal((true, "length", (string?)cut.Json[0]["model"]), ((bool)last["done"]!, (string?)last["done_reason"], (string?)last["model"]));
        Assert.Equal((int)cut.Row["output_tokens"]!, (int)last["eval_count"]!);
        Assert.Equal("", (string?)(isChat ? last["message"]!["content"] : last["response"]));
        Assert.InRange((long)last["eval_duration"]!, 1, (long)last["total_duration"]!);
        Assert.Equal(["insufficient_quota"], cut.Reasons);
        Assert.All(cut.Json[..^1], line => Assert.False((bool)line["done"]!));
    }

    private static IEnumerable<string> Ends(CutReply cut) => cut.Json
        .SelectMany(chunk => chunk["choices"]!.AsArray())
        .Where(choice => choice!["finish_reason"] is not null)
        .Select(choice => $"{choice!["index"]}: {choice["finish_reason"]}");

    private static string Choice(int index, string delta, string finish = "null") =>
        $$"""data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"m","choices":[{"index":{{index}},"delta":{{delta}},"logprobs":null,"finish_reason":{{finish}}}]}""" + "\n\n";

    private void Talks(string vendor, string model)
    {
        if (vendor == "anthropic")
        {
            fixture.Other.On(model, Claude([("text", null)]));
        }
        else
        {
            fixture.Upstream.On(model, Answers.Sse([Step.Send(OpenAiAnswers.RoleChunk), .. Enumerable.Repeat(Step.Send(OpenAiAnswers.ContentChunk(" word")), BudgetCutFixture.Words), Step.Hang]));
        }
    }

    /// <summary>Blocks one behind the other; the last one without a text never ends. A ping stands behind every word.</summary>
    private static UpstreamAnswer Claude((string Kind, string? Text)[] blocks, bool ends = false)
    {
        List<Step> steps = [Event("message_start", "\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude\",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":9,\"output_tokens\":1}}")];
        for (int i = 0; i < blocks.Length; i++)
        {
            (string kind, string? text) = blocks[i];
            steps.Add(Event("content_block_start", $$"""
                "index":{{i}},"content_block":{"type":"{{kind}}","{{kind}}":""}
                """));
            Step word = Step.Send(Written("content_block_delta", $$"""
                "index":{{i}},"delta":{"type":"{{kind}}_delta","{{kind}}":"{{text ?? " word"}}"}
                """) + Written("ping"));
            steps.AddRange(Enumerable.Repeat(word, text is null ? BudgetCutFixture.Words : 1));
            steps.Add(text is null ? Step.Hang : Event("content_block_stop", $"\"index\":{i}"));
        }

        if (ends)
        {
            steps.Add(Event("message_delta", "\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":2}"));
            steps.Add(Event("message_stop"));
        }

        return Answers.Sse([.. steps]);
    }

    private static Step Event(string type, string members = "") => Step.Send(Written(type, members));

    private static string Written(string type, string members = "") => $"event: {type}\ndata: {{\"type\":\"{type}\"{(members.Length > 0 ? "," + members.Trim() : "")}}}\n\n";

    private async Task AbortedAsync(string vendor, string model) => await (await (vendor == "openai" ? fixture.Upstream : fixture.Other).CallAsync(model)).Aborted;
}
