using System.ClientModel;
using System.Text;
using System.Text.Json.Nodes;
using LlmProxy.TestKit;
using OpenAI;
using OpenAI.Chat;

namespace LlmProxy.IntegrationTests.Contract;

/// <summary>A conversation of three turns with tools, streamed, through the official OpenAI package's own types.</summary>
public sealed class ToolConversationTests(ContractFixture fixture) : IClassFixture<ContractFixture>
{
    public static TheoryData<string> Vendors => ContractFixture.Vendors;

    [Theory]
    [MemberData(nameof(Vendors))]
    public async Task ThreeTurns_TwoCallsThenOneThenWords_ReachTheVendorWithAllResults(string vendor)
    {
        VendorScript script = ContractFixture.Script(vendor);
        ScriptedUpstream upstream = fixture.Upstream(vendor);
        var options = new ChatCompletionOptions { Tools = { Tool("tide"), Tool("wind") } };
        List<ChatMessage> messages = [new SystemChatMessage("Be brief."), new UserChatMessage("Tide and wind?")];

        upstream.Always(script.Says(Saying.Parallel));
        (List<ChatToolCall> two, _) = await TurnAsync(vendor, messages, options);
        Assert.Equal(Saying.Parallel.Calls.Select(c => (c.Name, c.Arguments)), two.Select(c => (c.FunctionName, c.FunctionArguments.ToString())));
        messages.Add(new AssistantChatMessage(two));
        messages.Add(new ToolChatMessage(two[0].Id, "low at 14:05"));
        messages.Add(new ToolChatMessage(two[1].Id, "gale from NW"));

        upstream.Always(script.Says(Saying.One));
        (List<ChatToolCall> one, _) = await TurnAsync(vendor, messages, options);
        Assert.Equal(["tide"], one.Select(c => c.FunctionName));
        Assert.DoesNotContain(one[0].Id, two.Select(c => c.Id));
        messages.Add(new AssistantChatMessage(one));
        messages.Add(new ToolChatMessage(one[0].Id, "low at 15:10"));

        upstream.Always(script.Says(Saying.Words));
        (List<ChatToolCall> none, string text) = await TurnAsync(vendor, messages, options);
        Assert.Empty(none);
        Assert.Equal(Saying.Words.Text, text);

        string sent = JsonNode.Parse(upstream.Calls[^1].Body)!.ToJsonString();
        int[] places = [.. new[] { "14:05", "gale from NW", "Reine", "15:10" }.Select(s => sent.IndexOf(s, StringComparison.Ordinal))];
        Assert.DoesNotContain(-1, places);
        Assert.Equal(places.Order(), places);
    }

    private async Task<(List<ChatToolCall> Calls, string Text)> TurnAsync(string vendor, List<ChatMessage> messages, ChatCompletionOptions options)
    {
        var client = new ChatClient("on-" + vendor, new ApiKeyCredential("none"), new OpenAIClientOptions { Endpoint = new Uri(fixture.Gateway.BaseUrl + "/v1") });
        var text = new StringBuilder();
        var calls = new SortedDictionary<int, (string Id, string Name, StringBuilder Arguments)>();
        await foreach (StreamingChatCompletionUpdate update in client.CompleteChatStreamingAsync(messages, options))
        {
            text.Append(string.Concat(update.ContentUpdate.Select(p => p.Text)));
            foreach (StreamingChatToolCallUpdate call in update.ToolCallUpdates)
            {
                if (!calls.TryGetValue(call.Index, out (string Id, string Name, StringBuilder Arguments) known))
                {
                    calls[call.Index] = known = (call.ToolCallId, call.FunctionName, new StringBuilder());
                }

                known.Arguments.Append(call.FunctionArgumentsUpdate?.ToString());
            }
        }

        return ([.. calls.Values.Select(c => ChatToolCall.CreateFunctionToolCall(c.Id, c.Name, BinaryData.FromString(c.Arguments.ToString())))], text.ToString());
    }

    private static ChatTool Tool(string name) =>
        ChatTool.CreateFunctionTool(name, "Looks it up", BinaryData.FromString("""{"type":"object","properties":{"harbour":{"type":"string"}}}"""));
}
