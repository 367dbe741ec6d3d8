using System.Text.Json.Nodes;
using LlmProxy.Accounting;
using LlmProxy.Conversation;

namespace LlmProxy.Tests.Dialects.Responses;

/// <summary>Answers as Responses: what the events say, and that they add up to the whole.</summary>
public sealed class ResponseSinkTests
{
    private const string Plain = """{"model":"m","input":"hello"}""";

    [Fact]
    public void Stream_OfText_ComesInTheDocumentedOrder()
    {
        List<JsonNode> events = ResponseTeller.Events(ResponseTeller.Turn(Plain), TellText);

        Assert.Equal(
            [
                "created", "in_progress", "output_item.added", "content_part.added", "output_text.delta", "output_text.delta",
                "output_text.done", "content_part.done", "output_item.done", "completed",
            ],
            ResponseTeller.Types(events));
        Assert.Equal(("in_progress", 0), (events[0]["response"]!["status"]!.ToString(), events[0]["response"]!["output"]!.AsArray().Count));
        Assert.Equal("Grüß \"dich\"\n", events[6]["text"]!.ToString());
        Assert.Empty(events[4]["logprobs"]!.AsArray());
        Assert.Equal(("message", "assistant", "in_progress"), (events[2]["item"]!["type"]!.ToString(), events[2]["item"]!["role"]!.ToString(), events[2]["item"]!["status"]!.ToString()));
    }

    [Fact]
    public void Whole_HasEveryMemberThatSdksRequire()
    {
        JsonNode answer = ResponseTeller.Agree(Plain, TellText);

        string[] required =
        [
            "id", "object", "created_at", "status", "completed_at", "error", "incomplete_details", "instructions", "max_output_tokens", "max_tool_calls", "metadata",
            "model", "output", "parallel_tool_calls", "previous_response_id", "prompt_cache_key", "reasoning", "safety_identifier", "service_tier", "store",
            "temperature", "text", "tool_choice", "tools", "top_logprobs", "top_p", "truncation", "usage", "user", "background",
        ];
        Assert.All(required, name => Assert.True(answer.AsObject().ContainsKey(name), name));
        Assert.StartsWith("resp_", answer["id"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal(("response", "completed", "model-1"), (answer["object"]!.ToString(), answer["status"]!.ToString(), answer["model"]!.ToString()));
        Assert.False((bool)answer["store"]!);
        AssertJson("""{"input_tokens":12,"input_tokens_details":{"cached_tokens":3,"cache_write_tokens":1},"output_tokens":5,"output_tokens_details":{"reasoning_tokens":2},"total_tokens":17}""", answer["usage"]!);
        AssertJson("""[{"type":"output_text","text":"Grüß \"dich\"\n","annotations":[],"logprobs":[]}]""", answer["output"]![0]!["content"]!);
        AssertJson("""{"format":{"type":"text"},"verbosity":"medium"}""", answer["text"]!);
    }

    [Fact]
    public void Settings_AreEchoed_OnOneLine()
    {
        JsonNode answer = ResponseTeller.Agree(
            """
            {"input": "x", "instructions": "Be\nbrief.", "temperature": 0.25, "metadata": {
                "team": "blue"
              }, "tools": [ { "type": "function", "name": "f",
                "parameters": {"type": "object"} } ],
              "tool_choice": "required", "parallel_tool_calls": false, "reasoning": {"effort": "low"}, "max_output_tokens": 99, "user": "u-1", "store": true,
              "text": {"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}}}}
            """,
            TellText);

        Assert.Equal("Be\nbrief.", answer["instructions"]!.ToString());
        AssertJson("""{"team":"blue"}""", answer["metadata"]!);
        AssertJson("""[{"type":"function","name":"f","parameters":{"type":"object"},"strict":null}]""", answer["tools"]!);
        AssertJson("""{"effort":"low","summary":null}""", answer["reasoning"]!);
        Assert.Equal(("0.25", "required", "99", "u-1"), (answer["temperature"]!.ToJsonString(), answer["tool_choice"]!.ToString(), answer["max_output_tokens"]!.ToJsonString(), answer["user"]!.ToString()));
        Assert.False((bool)answer["parallel_tool_calls"]!);
        Assert.False((bool)answer["store"]!);
        Assert.Equal("json_schema", answer["text"]!["format"]!["type"]!.ToString());
    }

    [Fact]
    public void Calls_WhoseArgumentsInterleave_AreKeptApart()
    {
        JsonNode answer = ResponseTeller.Agree(Plain, sink =>
        {
            sink.Text("Let me see."u8);
            sink.ToolStart(0, "call_v1"u8, "first"u8);
            sink.ToolArguments(0, "{\\\"a\\\""u8);
            sink.ToolStart(1, default, "second"u8);
            sink.ToolArguments(1, "{\\\"b\\\":\\\"x\\\"}"u8);
            sink.ToolArguments(0, ":1}"u8);
            sink.Finish(FinishReason.ToolCalls);
            sink.End();
        });

        JsonArray output = answer["output"]!.AsArray();
        Assert.Equal(["message", "function_call", "function_call"], output.Select(o => o!["type"]!.ToString()));
        Assert.Equal(("call_v1", "first", "{\"a\":1}"), (output[1]!["call_id"]!.ToString(), output[1]!["name"]!.ToString(), output[1]!["arguments"]!.ToString()));
        Assert.StartsWith("call_", output[2]!["call_id"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal("completed", output[2]!["status"]!.ToString());
        Assert.Equal(3, output.Select(o => o!["id"]!.ToString()).Distinct().Count());
    }

    [Fact]
    public void Thinking_IsAnItemForEachBlock_WithItsSignatureSealedIn()
    {
        JsonNode answer = ResponseTeller.Agree(Plain, sink =>
        {
            sink.Reasoning("Hm, "u8);
            sink.Reasoning("yes."u8);
            sink.Signature("s+1"u8);
            sink.Signature("xx"u8, isSealed: true);
            sink.Reasoning("More."u8);
            sink.ToolStart(0, "c"u8, "f"u8, "g/2"u8);
            sink.ToolArguments(0, "{}"u8);
            sink.ToolStart(1, "d"u8, "f"u8, "g/3"u8);
            sink.Finish(FinishReason.ToolCalls);
            sink.End();
        });

        JsonArray output = answer["output"]!.AsArray();
        Assert.Equal(["reasoning", "reasoning", "reasoning", "function_call", "reasoning", "function_call"], output.Select(o => o!["type"]!.ToString()));
        AssertJson("""[{"type":"summary_text","text":"Hm, yes."}]""", output[0]!["summary"]!);
        Assert.Equal(["lp1:t:s+1", "lp1:r:xx", "lp1:g:g/2", "lp1:g:g/3"], output.Select(o => o!["encrypted_content"]?.ToString()).OfType<string>());
        Assert.Empty(output[1]!["summary"]!.AsArray());
    }

    [Fact]
    public void Thinking_WithoutSignature_IsATextAlone()
    {
        JsonNode answer = ResponseTeller.Agree(Plain, sink =>
        {
            sink.Reasoning("Hm."u8);
            sink.Text("Yes."u8);
            sink.Finish(FinishReason.Stop);
            sink.End();
        });

        Assert.Equal(["reasoning", "message"], answer["output"]!.AsArray().Select(o => o!["type"]!.ToString()));
        Assert.Null(answer["output"]![0]!["encrypted_content"]);
    }

    [Fact]
    public void Stream_OfThinking_TellsItsSummaryPart()
    {
        List<JsonNode> events = ResponseTeller.Events(ResponseTeller.Turn(Plain), sink =>
        {
            sink.Reasoning("Hm."u8);
            sink.Signature("s"u8);
            sink.Refusal("No."u8);
            sink.Finish(FinishReason.Stop);
            sink.End();
        });

        Assert.Equal(
            [
                "created", "in_progress", "output_item.added", "reasoning_summary_part.added", "reasoning_summary_text.delta", "reasoning_summary_text.done",
                "reasoning_summary_part.done", "output_item.done", "output_item.added", "content_part.added", "refusal.delta", "refusal.done", "content_part.done",
                "output_item.done", "completed",
            ],
            ResponseTeller.Types(events));
        Assert.Equal("No.", events[11]["refusal"]!.ToString());
    }

    [Theory]
    [InlineData(FinishReason.Length, "max_output_tokens")]
    [InlineData(FinishReason.ContentFilter, "content_filter")]
    [InlineData(FinishReason.Refusal, "content_filter")]
    internal void Answer_CutShort_IsIncompleteAndSaysWhy(FinishReason reason, string why)
    {
        JsonNode answer = ResponseTeller.Agree(Plain, sink =>
        {
            sink.Text("Half a"u8);
            sink.Finish(reason);
            sink.End();
        });

        Assert.Equal(("incomplete", why, "incomplete"), (answer["status"]!.ToString(), answer["incomplete_details"]!["reason"]!.ToString(), answer["output"]![0]!["status"]!.ToString()));
        Assert.Null(answer["completed_at"]);
    }

    [Fact]
    public void Answer_OfNothing_HasAnEmptyMessage()
    {
        JsonNode answer = ResponseTeller.Agree(Plain, sink =>
        {
            sink.Finish(FinishReason.Stop);
            sink.End();
        });

        Assert.Equal("", answer["output"]![0]!["content"]![0]!["text"]!.ToString());
        Assert.True(answer.AsObject().ContainsKey("usage") && answer["usage"] is null);
    }

    [Fact]
    public void Annotations_StandFlatAtTheText_AndOtherExtrasAtTheMessage()
    {
        JsonNode answer = ResponseTeller.Agree(Plain, sink =>
        {
            sink.Text("See there."u8);
            sink.Extra("annotations", "{\n\"type\":\"url_citation\",\"url_citation\":{\"start_index\":0,\"end_index\":3,\"title\":\"T\",\"url\":\"https://a.example\"}}"u8);
            sink.Extra("citations", "{\"cited_text\":\"x\"}"u8);
            sink.Finish(FinishReason.Stop);
            sink.End();
        });

        AssertJson("""[{"type":"url_citation","start_index":0,"end_index":3,"title":"T","url":"https://a.example"}]""", answer["output"]![0]!["content"]![0]!["annotations"]!);
        AssertJson("""[{"cited_text":"x"}]""", answer["output"]![0]!["citations"]!);
    }

    [Fact]
    public void Logprobs_GoWithTheTextTheyBelongTo()
    {
        JsonNode answer = ResponseTeller.Agree("""{"input":"x","top_logprobs":1}""", sink =>
        {
            sink.Logprobs("{\"token\":\"A\",\"logprob\":-0.5,\"bytes\":[65],\"top_logprobs\":[]}"u8);
            sink.Text("A"u8);
            sink.Logprobs("{\"token\":\"B\",\"logprob\":-0.25,\"bytes\":[66],\"top_logprobs\":[]}"u8);
            sink.Text("B"u8);
            sink.Finish(FinishReason.Stop);
            sink.End();
        });

        Assert.Equal(["A", "B"], answer["output"]![0]!["content"]![0]!["logprobs"]!.AsArray().Select(l => l!["token"]!.ToString()));
    }

    [Fact]
    public void CustomTool_IsCalledWithItsTextAlone()
    {
        JsonNode answer = ResponseTeller.Agree("""{"input":"x","tools":[{"type":"custom","name":"patch"},{"type":"function","name":"f","parameters":null,"strict":false}]}""", sink =>
        {
            sink.ToolStart(0, "c1"u8, "patch"u8);
            sink.ToolArguments(0, "{\\\"input\\\":\\\"*** Be"u8);
            sink.ToolArguments(0, "gin\\\\n\\\"}"u8);
            sink.ToolStart(1, "c2"u8, "f"u8);
            sink.ToolArguments(1, "{}"u8);
            sink.Finish(FinishReason.ToolCalls);
            sink.End();
        });

        Assert.Equal(("custom_tool_call", "*** Begin\n"), (answer["output"]![0]!["type"]!.ToString(), answer["output"]![0]!["input"]!.ToString()));
        Assert.Equal("function_call", answer["output"]![1]!["type"]!.ToString());
    }

    [Fact]
    public void CustomTool_CalledWithFreeText_IsGivenIt()
    {
        JsonNode answer = ResponseTeller.Agree("""{"input":"x","tools":[{"type":"custom","name":"patch"}]}""", sink =>
        {
            sink.ToolStart(0, "c1"u8, "patch"u8);
            sink.ToolArguments(0, "ls -l"u8);
            sink.Finish(FinishReason.ToolCalls);
            sink.End();
        });

        Assert.Equal("ls -l", answer["output"]![0]!["input"]!.ToString());
    }

    [Fact]
    public void Metadata_Wished_IsOnTheLastEventsResponse()
    {
        List<JsonNode> events = ResponseTeller.Events(ResponseTeller.Turn("""{"input":"x","stream":true,"llm":{"metadata":true}}"""), TellText);

        Assert.Equal(("openai", 5), (events[^1]["response"]!["llm"]!["provider"]!.ToString(), (int)events[^1]["response"]!["llm"]!["usage"]!["output_tokens"]!));
        Assert.False(events[0]["response"]!.AsObject().ContainsKey("llm"));
    }

    [Fact]
    public void FurtherChoices_AreNotMixedIn()
    {
        JsonNode answer = ResponseTeller.Agree(Plain, sink =>
        {
            sink.Text("One"u8);
            sink.Choice = 1;
            sink.Text("Two"u8);
            sink.Finish(FinishReason.Length);
            sink.Choice = 0;
            sink.Finish(FinishReason.Stop);
            sink.End();
        });

        Assert.Equal(("completed", "One"), (answer["status"]!.ToString(), answer["output"]![0]!["content"]![0]!["text"]!.ToString()));
    }

    private static void TellText(ChatSink sink)
    {
        sink.Begin("answer-1", "model-1");
        sink.Text("Grüß "u8);
        sink.Text("\\\"dich\\\"\\n"u8);
        sink.SetUsage(new TokenUsage(8, 3, 1, 5, 2));
        sink.Finish(FinishReason.Stop);
        sink.End();
    }

    private static void AssertJson(string expected, JsonNode actual) => Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), actual), actual.ToJsonString());
}
