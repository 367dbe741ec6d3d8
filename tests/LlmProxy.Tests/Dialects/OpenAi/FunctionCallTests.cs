using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using LlmProxy.Conversation;
using LlmProxy.Dialects;
using LlmProxy.Dialects.OpenAi;
using LlmProxy.Pipeline;
using LlmProxy.Tests.Conversation;

namespace LlmProxy.Tests.Dialects.OpenAi;

/// <summary>Clients of before tools, who offer "functions", get their call as "function_call".</summary>
public sealed class FunctionCallTests
{
    private const string Question = """{"messages":[{"role":"user","content":"x"}],"functions":[{"name":"f","parameters":{"type":"object"}}]}""";

    [Fact]
    public void Whole_CallsItsFunctionInTheOldWay()
    {
        JsonNode choice = JsonNode.Parse(Written(front => front.OpenWhole))!["choices"]![0]!;

        Assert.Equal("""{"name":"f","arguments":"{\u0022a\u0022:1}"}""", choice["message"]!["function_call"]!.ToJsonString());
        Assert.False(choice["message"]!.AsObject().ContainsKey("tool_calls"));
        Assert.Equal("function_call", choice["finish_reason"]!.ToString());
    }

    [Fact]
    public void Stream_AddsUpToTheSame()
    {
        JsonNode[] choices =
        [
            .. Written(front => front.OpenStream).Split("\n\n", StringSplitOptions.RemoveEmptyEntries).SkipLast(1)
                .Select(e => JsonNode.Parse(e["data: ".Length..])!["choices"]![0]!),
        ];

        Assert.Equal("f", string.Concat(choices.Select(c => c["delta"]!["function_call"]?["name"])));
        Assert.Equal("{\"a\":1}", string.Concat(choices.Select(c => c["delta"]!["function_call"]?["arguments"])));
        Assert.All(choices, c => Assert.False(c["delta"]!.AsObject().ContainsKey("tool_calls")));
        Assert.Equal("function_call", choices[^1]["finish_reason"]!.ToString());
    }

    private static string Written(Func<IChatFront, Func<ChatTurn, ChatSink>> open)
    {
        Exchange exchange = Turns.Exchange(Question);
        var output = new ArrayBufferWriter<byte>();
        ChatSink sink = open(new ChatCompletionsFront())(new ChatTurn(exchange, Turns.Target("openai"), exchange.ReadChat()));
        sink.Output = output;
        sink.ToolStart(0, "call_1"u8, "f"u8);
        sink.ToolArguments(0, "{\\\"a\\\""u8);
        sink.ToolStart(1, "call_2"u8, "g"u8);
        sink.ToolArguments(0, ":1}"u8);
        sink.Finish(FinishReason.ToolCalls);
        sink.End();
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
