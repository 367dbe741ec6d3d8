using System.Text;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Tests.Conversation;

namespace LlmProxy.Tests.Providers.Anthropic;

public sealed class AnthropicFuzzTests
{
    private static readonly byte[] Stream = Encoding.UTF8.GetBytes(Claude.Events(
        Claude.Start(),
        Claude.Block(0, """{"type":"thinking","thinking":"","signature":""}"""),
        Claude.Delta(0, """{"type":"thinking_delta","thinking":"hm\u00e9"}"""),
        Claude.Stop(0),
        Claude.Block(1, """{"type":"tool_use","id":"t","name":"f","input":{"a":[1,2]}}"""),
        Claude.Delta(1, """{"type":"input_json_delta","partial_json":"{}"}"""),
        Claude.Stop(1),
        Claude.Finish("tool_use"),
        Claude.Over));

    private static readonly byte[] Whole = """
        {"id":"msg_1","type":"message","model":"m","content":[{"type":"text","text":"é","citations":[{"a":1}]},{"type":"tool_use","id":"t","name":"f","input":{"a":"b"}}],"stop_reason":"tool_use","usage":{"input_tokens":1,"output_tokens":2}}
        """u8.ToArray();

    /// <summary>Broken bytes end in an answer or a failure that has a name, never in an exception of another kind.</summary>
    [Fact]
    public void Answer_WithBrokenBytes_NeverCrashes()
    {
        var random = new Random(20_26);
        for (int round = 0; round < 4000; round++)
        {
            byte[] stream = Broken(Stream, random);
            _ = Turns.Stream(Claude.Chat(true), stream);
            _ = Turns.Stream(Claude.Own("""{"stream":true,"messages":[{"role":"user","content":"hi"}],"max_tokens":1}"""), stream);
            byte[] whole = Broken(Whole, random);
            Told told = Turns.Whole(Claude.Chat(false), whole);
            Assert.True(told.Failure is null || told.Failure.Code != ErrorCode.InternalError);
            _ = Turns.Whole(Claude.Own("""{"messages":[{"role":"user","content":"hi"}],"max_tokens":1}"""), whole);
            _ = Turns.Whole(Claude.Own("""{"messages":[{"role":"user","content":"hi"}]}""", EndpointKind.CountTokens), whole);
        }
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("7")]
    [InlineData("null")]
    [InlineData("""{"type":"content_block_start","index":0,"content_block":[]}""")]
    [InlineData("""{"type":"content_block_start","index":0}""")]
    [InlineData("""{"type":"message_start","message":5}""")]
    [InlineData("""{"type":"content_block_delta","index":0,"delta":"x"}""")]
    [InlineData("""{"type":"content_block_delta","index":99999999999,"delta":{"type":"text_delta","text":7}}""")]
    [InlineData("""{"type":["content_block_delta"],"delta":null}""")]
    public void Event_OfTheWrongShape_IsSkippedOrFails(string data)
    {
        Told told = Turns.Stream(Claude.Chat(true), $"data: {data}\n\n");
        Assert.True(told.Failure is null or { Code: ErrorCode.InvalidProviderResponse });
        Assert.False(told.IsComplete);
    }

    [Fact]
    public void Blocks_OpenedWithoutEnd_AreNotKeptWithoutEnd()
    {
        var text = new StringBuilder();
        for (int i = 0; i < 1000; i++)
        {
            text.Append("data: ").Append(Claude.Block(i, """{"type":"tool_use","id":"t","name":"f","input":{}}""")).Append("\n\n");
        }

        Assert.Equal(ErrorCode.InvalidProviderResponse, Turns.Stream(Claude.Chat(true), text.ToString()).Failure!.Code);
    }

    private static byte[] Broken(byte[] good, Random random)
    {
        byte[] bytes = [.. good];
        for (int i = random.Next(1, 6); i > 0; i--)
        {
            bytes[random.Next(bytes.Length)] = random.Next(4) == 0 ? "\"{}[],:\\"u8[random.Next(8)] : (byte)random.Next(256);
        }

        return random.Next(4) == 0 ? bytes[..random.Next(bytes.Length)] : bytes;
    }
}
