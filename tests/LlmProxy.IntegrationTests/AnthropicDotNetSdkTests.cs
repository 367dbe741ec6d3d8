using System.Text.Json;
using System.Text.Json.Nodes;
using Anthropic;
using Anthropic.Exceptions;
using Anthropic.Models.Messages;
using Anthropic.Models.Models;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>The official Anthropic package for .NET, unmodified and checking every answer against its schema, through the gateway.</summary>
public sealed class AnthropicDotNetSdkTests(AnthropicSdkFixture fixture) : IClassFixture<AnthropicSdkFixture>
{
    private static readonly string[] Cities = ["Paris", "Oslo"];

    public static TheoryData<string> Models => [.. AnthropicSdkFixture.Models];

    [Theory]
    [MemberData(nameof(Models))]
    public async Task Message_IsAnswered(string model)
    {
        Message answer = await Sdk().Messages.Create(Asking(model));

        Assert.Equal(OpenAiAnswers.Text, TextOf(answer));
        Assert.Equal("end_turn", answer.StopReason?.Raw());
        Assert.Equal((9, 5), (answer.Usage.InputTokens + answer.Usage.CacheReadInputTokens, answer.Usage.OutputTokens));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public async Task Message_Streamed_AddsUp(string model)
    {
        string text = "";
        string? stop = null;
        long output = 0;
        await foreach (RawMessageStreamEvent e in Sdk().Messages.CreateStreaming(Asking(model)))
        {
            if (e.TryPickContentBlockDelta(out RawContentBlockDeltaEvent? delta) && delta.Delta.TryPickText(out TextDelta? piece))
            {
                text += piece.Text;
            }
            else if (e.TryPickDelta(out RawMessageDeltaEvent? end))
            {
                stop = end.Delta.StopReason?.Raw();
                output = end.Usage.OutputTokens;
            }
        }

        Assert.Equal((OpenAiAnswers.Text, "end_turn", 5L), (text, stop, output));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public async Task Tools_AreCalledAndTheirResultsTold(string model)
    {
        Message calls = await Sdk().Messages.Create(Asking(model) with { Tools = [Weather()] });
        List<ToolUseBlock> used = [.. calls.Content.Select(block => block.TryPickToolUse(out ToolUseBlock? tool) ? tool : null).OfType<ToolUseBlock>()];
        Assert.Equal(Cities, used.Select(tool => tool.Input["city"].GetString()));
        Assert.Equal("tool_use", calls.StopReason?.Raw());

        Message answer = await Sdk().Messages.Create(Asking(model) with
        {
            Tools = [Weather()],
            Messages =
            [
                new UserMessageParam("Hi"),
                new AssistantMessageParam(new MessageContentParam((List<ContentBlockParam>)[.. used.Select(tool => (ContentBlockParam)new ToolUseBlockParam { ID = tool.ID, Name = tool.Name, Input = tool.Input })])),
                new UserMessageParam(new MessageContentParam((List<ContentBlockParam>)[.. used.Select(tool => (ContentBlockParam)new ToolResultBlockParam(tool.ID) { Content = "21 degrees", IsError = tool.ID == used[1].ID })])),
            ],
        });

        Assert.Equal(OpenAiAnswers.Text, TextOf(answer));
        JsonArray sent = (fixture.Upstream.Calls.Concat(fixture.Other.Calls)).Last(call => call.Model == model && call.Json["tools"] is not null).Json["messages"]!.AsArray();
        Assert.Contains("21 degrees", sent[^1]!.ToJsonString(), StringComparison.Ordinal);
        if (model is "gpt-4o" or "qwen")
        {
            Assert.Equal(["call_0", "call_1"], sent.Where(m => (string)m!["role"]! == "tool").Select(m => (string)m!["tool_call_id"]!));
            Assert.Equal("Error: 21 degrees", (string)sent[^1]!["content"]!);
        }
    }

    [Theory]
    [InlineData("qwen")]
    [InlineData("claude")]
    [InlineData("llama")]
    public async Task Thinking_ComesBeforeTheText(string model)
    {
        Message answer = await Sdk().Messages.Create(Asking(model) with { MaxTokens = 5000, Thinking = new ThinkingConfigEnabled(1024) });

        Assert.True(answer.Content[0].TryPickThinking(out ThinkingBlock? thinking), answer.ToString());
        Assert.Equal(AnthropicSdkUpstreams.Thought, thinking.Thinking);
        Assert.Equal(OpenAiAnswers.Text, TextOf(answer));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public async Task Tokens_AreCounted(string model)
    {
        MessageTokensCount count = await Sdk().Messages.CountTokens(new MessageCountTokensParams { Model = model, Messages = [new UserMessageParam("Hi")] });

        Assert.InRange(count.InputTokens, 1, 50);
    }

    [Fact]
    public async Task Models_AreListed()
    {
        ModelListPage page = await Sdk().Models.List();

        Assert.Superset(AnthropicSdkFixture.Models.ToHashSet(), page.Items.Select(m => m.ID).ToHashSet());
        Assert.Equal("claude", (await Sdk().Models.Retrieve("claude")).ID);
    }

    [Theory]
    [InlineData("refuses-400", typeof(AnthropicBadRequestException))]
    [InlineData("refuses-429", typeof(AnthropicRateLimitException))]
    [InlineData("no-such-model", typeof(AnthropicNotFoundException))]
    [InlineData("refuses-500", typeof(Anthropic5xxException))]
    public async Task Errors_AreOfTheRightClass(string model, System.Type type)
    {
        Exception error = await Assert.ThrowsAnyAsync<Exception>(() => Sdk().Messages.Create(Asking(model)));

        Assert.IsType(type, error);
    }

    [Fact]
    public async Task Errors_ForAnUnknownKey_AreUnauthorized()
    {
        await Assert.ThrowsAsync<AnthropicUnauthorizedException>(() => Sdk("sk-nobody-0123456789").Messages.Create(Asking("gpt-4o")));
    }

    [Fact]
    public async Task Errors_InAStream_AreThrown()
    {
        await Assert.ThrowsAnyAsync<AnthropicException>(async () =>
        {
            await foreach (RawMessageStreamEvent e in Sdk().Messages.CreateStreaming(Asking("dies")))
            {
                _ = e;
            }
        });
    }

    private AnthropicClient Sdk(string key = AnthropicSdkFixture.Key) =>
        new() { BaseUrl = fixture.Gateway.BaseUrl, ApiKey = key, MaxRetries = 0, ResponseValidation = true };

    private static MessageCreateParams Asking(string model) => new() { Model = model, MaxTokens = 50, Messages = [new UserMessageParam("Hi")] };

    private static Tool Weather() => new()
    {
        Name = "get_weather",
        InputSchema = new InputSchema { Properties = new Dictionary<string, JsonElement> { ["city"] = JsonSerializer.SerializeToElement(new { type = "string" }) }, Required = ["city"] },
    };

    private static string TextOf(Message message) =>
        string.Concat(message.Content.Select(block => block.TryPickText(out TextBlock? text) ? text.Text : ""));
}
