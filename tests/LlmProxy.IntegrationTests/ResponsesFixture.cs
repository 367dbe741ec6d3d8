using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>Vendors that only chat, for clients that ask them for Responses and completions.</summary>
public class ResponsesFixture : GatewayFixture
{
    public const string Key = "sk-responses-caller-0123456789";

    private const string ClaudeTool =
        """{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[{"type":"tool_use","id":"toolu_1","name":"get_weather","input":{"city":"Paris"}}],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":9,"output_tokens":5}}""";

    protected override GatewaySettings Settings()
    {
        Upstream.On("cuts", Answers.Json(OpenAiAnswers.ChatJson("Half a").Replace("\"finish_reason\":\"stop\"", "\"finish_reason\":\"length\"", StringComparison.Ordinal)));
        Upstream.On("dies", Answers.Sse(Step.Send(OpenAiAnswers.RoleChunk + OpenAiAnswers.ContentChunk("Half a")), Step.Break));
        Upstream.On("thinks", Answers.Sse(
            Step.Send(OpenAiAnswers.Chunk("""{"role":"assistant","content":""}""")),
            Step.Send(OpenAiAnswers.Chunk("""{"reasoning_content":"Hm, "}""")),
            Step.Send(OpenAiAnswers.Chunk("""{"reasoning_content":"yes."}""")),
            Step.Send(OpenAiAnswers.ContentChunk("Yes.")),
            Step.Send(OpenAiAnswers.Chunk("{}", "\"stop\"") + OpenAiAnswers.UsageChunk() + OpenAiAnswers.Done)));
        Upstream.On("claude", Answers.Json(ClaudeTool));
        Upstream.On("claude-thinks", Answers.Sse([.. ClaudeEvents().Select(Step.Send)]));
        string[] chatting = ["chats-only", "cuts", "dies", "thinks"];
        string[] claudes = ["claude", "claude-thinks"];
        return new GatewaySettings
        {
            Config = Config(new
            {
                Keys = new object[] { new { Name = "responses", Key } },
                Llms = chatting.Select(m => (object)new { Name = m, Provider = "vllm", Model = m, Upstream.BaseUrl, Endpoints = new[] { "chat" } })
                    .Append(new { Name = "counts", Provider = "together", Model = "counts", Upstream.BaseUrl, Auth = new { api_key = "sk-vendor" } })
                    .Concat(claudes.Select(m => (object)new { Name = m, Provider = "anthropic", Model = m, Upstream.BaseUrl, Auth = new { api_key = "sk-vendor" } })),
                Resilience = new { MaxRetries = 0, BreakerFailures = 10_000 },
            }),
        };
    }

    private static IEnumerable<string> ClaudeEvents()
    {
        string[] events =
        [
            """{"type":"message_start","message":{"id":"msg_2","type":"message","role":"assistant","model":"claude-thinks","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":11,"output_tokens":1}}}""",
            """{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}""",
            """{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Let me see."}}""",
            """{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"c2lnbmVk"}}""",
            """{"type":"content_block_stop","index":0}""",
            """{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}""",
            """{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Claude "}}""",
            """{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"speaking."}}""",
            """{"type":"content_block_stop","index":1}""",
            """{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":12}}""",
            """{"type":"message_stop"}""",
        ];
        return events.Select(e => $"event: {System.Text.Json.Nodes.JsonNode.Parse(e)!["type"]}\ndata: {e}\n\n");
    }
}
