using System.Text.Json.Nodes;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>The same for Responses, whose last event repeats all that came before.</summary>
public sealed class BudgetCutResponsesTests(BudgetCutFixture fixture) : IClassFixture<BudgetCutFixture>
{
    private const string Ask = "\"max_output_tokens\":100,\"input\":\"Hello\"";
    private const string Head = "{\"id\":\"resp_1\",\"object\":\"response\",\"created_at\":1700000000,\"status\":\"in_progress\",\"error\":null,\"incomplete_details\":null,\"model\":\"gpt\",\"output\":[],\"usage\":null,\"unheard_of\":{\"a\":1}}";
    private int _number;

    [Fact]
    public async Task Translated_EndsIncompleteWithItsUsage()
    {
        fixture.Other.On("told", Answers.Sse([
            Event("message_start", "\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude\",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":9,\"output_tokens\":1}}"),
            Event("content_block_start", "\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}"),
            .. Enumerable.Repeat(Event("content_block_delta", "\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\" word\"}"), BudgetCutFixture.Words),
            Step.Hang]));

        CutReply cut = await fixture.CutAsync("/v1/responses", "anthropic/told", Ask);

        IsWhole(cut, "response.output_text.done", "response.content_part.done", "response.output_item.done");
    }

    [Fact]
    public async Task Passed_InAMessage_EndsIncompleteWithAllThatCame()
    {
        fixture.Upstream.On("passed", Stream(
            Numbered("response.output_item.added", "\"output_index\":0,\"item\":{\"id\":\"rs_1\",\"type\":\"reasoning\",\"summary\":[]}"),
            Numbered("response.reasoning_summary_part.added", "\"item_id\":\"rs_1\",\"output_index\":0,\"summary_index\":0,\"part\":{\"type\":\"summary_text\",\"text\":\"\"}"),
            Numbered("response.reasoning_summary_text.delta", "\"item_id\":\"rs_1\",\"output_index\":0,\"summary_index\":0,\"delta\":\"Hm.\""),
            Numbered("response.output_item.done", "\"output_index\":0,\"item\":{\"id\":\"rs_1\",\"type\":\"reasoning\",\"summary\":[{\"type\":\"summary_text\",\"text\":\"Hm.\"}],\"encrypted_content\":\"c2VhbA==\"}"),
            Numbered("response.output_item.added", "\"output_index\":1,\"item\":{\"id\":\"msg_1\",\"type\":\"message\",\"status\":\"in_progress\",\"role\":\"assistant\",\"content\":[]}"),
            Numbered("response.content_part.added", "\"item_id\":\"msg_1\",\"output_index\":1,\"content_index\":0,\"part\":{\"type\":\"output_text\",\"text\":\"\",\"annotations\":[],\"logprobs\":[]}"),
            "response.output_text.delta", "\"item_id\":\"msg_1\",\"output_index\":1,\"content_index\":0,\"delta\":\" w\\u00f6rd\",\"logprobs\":[]"));

        CutReply cut = await fixture.CutAsync("/v1/responses", "openai/passed", Ask);

        JsonNode response = IsWhole(cut, "response.output_text.done", "response.content_part.done", "response.output_item.done");
        Assert.Equal(("resp_1", "gpt", 1), ((string?)response["id"], (string?)response["model"], (int?)response["unheard_of"]!["a"]));
        Assert.Equal(["rs_1", "msg_1"], response["output"]!.AsArray().Select(item => (string?)item!["id"]));
        Assert.Equal("c2VhbA==", (string?)response["output"]![0]!["encrypted_content"]);
        Assert.All(cut.Json[^4..^1], e => Assert.Equal(1, (int)e["output_index"]!));
        Assert.Equal("msg_1", (string?)cut.Json[^4]["item_id"]);
    }

    [Fact]
    public async Task Passed_InACall_EndsIncompleteWithTheArgumentsSoFar()
    {
        fixture.Upstream.On("calls", Stream(
            Numbered("response.output_item.added", "\"output_index\":0,\"item\":{\"id\":\"fc_1\",\"type\":\"function_call\",\"status\":\"in_progress\",\"call_id\":\"call_1\",\"name\":\"write\",\"arguments\":\"\"}"),
            "response.function_call_arguments.delta", "\"item_id\":\"fc_1\",\"output_index\":0,\"delta\":\"word \""));

        CutReply cut = await fixture.CutAsync("/v1/responses", "openai/calls", Ask);

        JsonNode response = IsWhole(cut, "response.function_call_arguments.done", "response.output_item.done");
        JsonNode call = response["output"]![0]!;
        Assert.Equal(("fc_1", "call_1", "write", Deltas(cut)), ((string?)call["id"], (string?)call["call_id"], (string?)call["name"], (string?)call["arguments"]));
    }

    [Theory]
    [InlineData("custom_tool_call", "response.custom_tool_call_input.delta", "input")]
    [InlineData("code_interpreter_call", "response.code_interpreter_call_code.delta", "code")]
    [InlineData("mcp_call", "response.mcp_call_arguments.delta", "arguments")]
    public async Task Passed_InAnItemThatHasNoTranslation_EndsItAsItCame(string type, string delta, string grows)
    {
        fixture.Upstream.On(type, Stream(
            Numbered("response.output_item.added", $$"""
                "output_index":0,"item":{"id":"it_1","type":"{{type}}","status":"in_progress","{{grows}}":"","own":[1,2]}
                """.Trim()),
            delta, "\"item_id\":\"it_1\",\"output_index\":0,\"delta\":\"word \""));

        CutReply cut = await fixture.CutAsync("/v1/responses", "openai/" + type, Ask);

        JsonNode item = IsWhole(cut, "response.output_item.done")["output"]![0]!;
        Assert.Equal(("it_1", type, Deltas(cut)), ((string?)item["id"], (string?)item["type"], (string?)item[grows]));
        Assert.Equal(2, item["own"]!.AsArray().Count);
    }

    [Theory]
    [InlineData("response.reasoning_summary_text.delta", "\"summary_index\":1", "summary", 1)]
    [InlineData("response.reasoning_text.delta", "\"content_index\":0", "content", 0)]
    public async Task Passed_InItsThinking_EndsIncompleteWithIt(string delta, string place, string member, int part)
    {
        string model = "thinks-" + member;
        fixture.Upstream.On(model, Stream(
            Numbered("response.output_item.added", "\"output_index\":0,\"item\":{\"id\":\"rs_1\",\"type\":\"reasoning\",\"summary\":[]}"),
            Numbered("response.reasoning_summary_part.added", "\"item_id\":\"rs_1\",\"output_index\":0,\"summary_index\":0,\"part\":{\"type\":\"summary_text\",\"text\":\"\"}"),
            Numbered("response.reasoning_summary_text.delta", "\"item_id\":\"rs_1\",\"output_index\":0,\"summary_index\":0,\"delta\":\"Hm.\""),
            Numbered("response.reasoning_summary_part.done", "\"item_id\":\"rs_1\",\"output_index\":0,\"summary_index\":0,\"part\":{\"type\":\"summary_text\",\"text\":\"Hm.\"}"),
            member == "summary" ? Numbered("response.reasoning_summary_part.added", "\"item_id\":\"rs_1\",\"output_index\":0,\"summary_index\":1,\"part\":{\"type\":\"summary_text\",\"text\":\"\"}") : Numbered("response.reasoning_part.added", "\"item_id\":\"rs_1\",\"output_index\":0"),
            delta, $"\"item_id\":\"rs_1\",\"output_index\":0,{place},\"delta\":\"word \""));

        CutReply cut = await fixture.CutAsync("/v1/responses", "openai/" + model, Ask);

        JsonNode item = IsWhole(cut, "response.output_item.done")["output"]![0]!;
        Assert.Equal(Deltas(cut)[(part * "Hm.".Length)..], (string?)item[member]![part]!["text"]);
        Assert.Equal("Hm.", (string?)item["summary"]![0]!["text"]);
    }

    [Fact]
    public async Task Passed_WithoutItsBeginnings_EndsWithAnErrorEvent()
    {
        fixture.Upstream.On("bare", Stream("response.output_text.delta", "\"item_id\":\"msg_1\",\"output_index\":0,\"content_index\":0,\"delta\":\"word \""));

        CutReply cut = await fixture.CutAsync("/v1/responses", "openai/bare", Ask);

        Assert.Equal("error", (string?)cut.Json[^1]["type"]);
        Expect.Error(cut.Data[^1], 429, "insufficient_quota");
    }

    /// <summary>Ends as the API's own streams do; the response of the last event.</summary>
    private static JsonNode IsWhole(CutReply cut, params string[] closings)
    {
        JsonNode[] events = cut.Json;
        Assert.Equal([.. closings, "response.incomplete"], events[^(closings.Length + 1)..].Select(e => (string?)e["type"]));
        Assert.Equal(Enumerable.Range(0, events.Length), events.Select(e => (int)e["sequence_number"]!));
        JsonNode response = events[^1]["response"]!;
        Assert.Equal(("incomplete", "max_output_tokens"), ((string?)response["status"], (string?)response["incomplete_details"]!["reason"]));
        Assert.Equal((int)cut.Row["output_tokens"]!, (int)response["usage"]!["output_tokens"]!);
        Assert.Equal("insufficient_quota", (string?)response["llm"]!["reason"]);
        JsonNode last = response["output"]!.AsArray()[^1]!;
        Assert.True(last["status"] is null || (string?)last["status"] == "incomplete", last.ToJsonString());
        if (last["content"]?[0]?["type"]?.ToString() == "output_text")
        {
            Assert.Equal(Deltas(cut), (string?)last["content"]![0]!["text"]);
            Assert.Equal(Deltas(cut), (string?)events[^4]["text"]);
        }

        Expect.SameJson(events[^2]["item"]!.ToJsonString(), last);
        return response;
    }

    private static string Deltas(CutReply cut)
    {
        string last = (string)cut.Json.Last(e => e["delta"] is not null)["type"]!;
        return string.Concat(cut.Json.Where(e => (string?)e["type"] == last).Select(e => (string?)e["delta"]));
    }

    private UpstreamAnswer Stream(params string[] parts)
    {
        List<Step> steps = [];
        foreach (string part in (IEnumerable<string>)[.. parts[..^2]])
        {
            steps.Add(Step.Send(part));
        }

        if (steps.Count > 0)
        {
            steps.InsertRange(0, [Step.Send(Written("response.created", $"\"sequence_number\":0,\"response\":{Head}")), Step.Send(Written("response.in_progress", $"\"sequence_number\":1,\"response\":{Head}"))]);
        }

        int next = _number == 0 ? 0 : 2 + _number;
        steps.AddRange(Enumerable.Range(next, BudgetCutFixture.Words).Select(i => Step.Send(Written(parts[^2], $"\"sequence_number\":{i},{parts[^1]}"))));
        return Answers.Sse([.. steps, Step.Hang]);
    }

    /// <summary>Behind the two events with which each stream begins.</summary>
    private string Numbered(string type, string members) => Written(type, $"\"sequence_number\":{2 + _number++},{members}");

    private static Step Event(string type, string members) => Step.Send(Written(type, members));

    private static string Written(string type, string members) => $"event: {type}\ndata: {{\"type\":\"{type}\",{members}}}\n\n";
}
