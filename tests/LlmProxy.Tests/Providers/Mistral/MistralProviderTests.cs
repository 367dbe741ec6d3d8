using System.Text.Json.Nodes;
using LlmProxy.Endpoints;

namespace LlmProxy.Tests.Providers.Mistral;

public sealed class MistralProviderTests
{
    private const string Hello = "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]";

    [Fact]
    public void Chat_FieldsWithOtherNames_AreRenamed()
    {
        Adjusted result = Chat($"{{{Hello},\"max_completion_tokens\":9,\"seed\":1}}");

        Assert.Equal($"{{{Hello},\"max_tokens\":9,\"random_seed\":1}}", result.Text);
        Assert.Empty(result.Dropped);
    }

    [Fact]
    public void Chat_FieldsThatAreRefused_GoAndAreNamed()
    {
        Adjusted result = Chat($"{{\"user\":\"u\",\"logit_bias\":{{\"1\":2}},{Hello},\"logprobs\":true,\"top_logprobs\":2,\"store\":false,\"service_tier\":\"auto\"}}");

        Assert.Equal($"{{{Hello}}}", result.Text);
        Assert.Equal(["logit_bias", "logprobs", "service_tier", "top_logprobs", "user"], result.Dropped.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Chat_StreamOptions_GoSilentlyBecauseUsageComesAnyway()
    {
        Adjusted result = Chat($"{{\"stream\":true,\"stream_options\":{{\"include_usage\":true}},{Hello}}}");

        Assert.Equal($"{{\"stream\":true,{Hello}}}", result.Text);
        Assert.Empty(result.Dropped);
    }

    [Theory]
    [InlineData("\"tool_choice\":\"required\"")]
    [InlineData("\"parallel_tool_calls\":false")]
    [InlineData("\"n\":2")]
    [InlineData("\"response_format\":{\"type\":\"json_object\"}")]
    [InlineData("\"safe_prompt\":true")]
    [InlineData("\"metadata\":{\"a\":1}")]
    [InlineData("\"functions\":[{\"name\":\"f\"}]")]
    [InlineData("\"tomorrows_field\":1")]
    public void Chat_EverythingElse_Passes(string field)
    {
        string json = $"{{{field},{Hello}}}";

        Assert.Equal(json, Chat(json).Text);
    }

    [Fact]
    public void Chat_DeveloperRole_BecomesSystem()
    {
        Adjusted result = Chat("{\"messages\":[ {\"role\":\"developer\",\"content\":\"be brief\"} , {\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"hi\"}]} ]}");

        Assert.Equal("{\"messages\":[ {\"role\":\"system\",\"content\":\"be brief\"} , {\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"hi\"}]} ]}", result.Text);
        Assert.Empty(result.Dropped);
    }

    [Fact]
    public void Chat_EchoedAssistantMessage_LosesWhatOnlyAnswersHave()
    {
        Adjusted result = Chat("""{"messages":[{"role":"assistant","content":null,"refusal":null,"annotations":[],"audio":null,"function_call":null,"reasoning_content":"hm","tool_calls":[{"id":"1","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","name":"f","tool_call_id":"1","content":"ok"}]}""");

        Assert.True(JsonNode.DeepEquals(
            JsonNode.Parse("""{"messages":[{"role":"assistant","content":null,"tool_calls":[{"id":"1","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","name":"f","tool_call_id":"1","content":"ok"}]}"""),
            result.Json));
        Assert.Equal(["messages[].reasoning_content"], result.Dropped);
    }

    [Fact]
    public void Chat_NamesOfSpeakers_GoAndAreNamedOnce()
    {
        Adjusted result = Chat("""{"messages":[{"name":"ann","role":"user","content":"hi"},{"role":"user","content":"ho","name":"bob"}]}""");

        Assert.Equal("""{"messages":[{"role":"user","content":"hi"},{"role":"user","content":"ho"}]}""", result.Text);
        Assert.Equal(["messages[].name"], result.Dropped);
    }

    [Fact]
    public void Embeddings_Dimensions_AreCalledOutputDimension()
    {
        Adjusted result = Adjusted.By("mistral", EndpointKind.Embeddings, "{\"input\":\"a\",\"dimensions\":8,\"user\":\"u\",\"encoding_format\":\"base64\"}");

        Assert.Equal("{\"input\":\"a\",\"output_dimension\":8,\"encoding_format\":\"base64\"}", result.Text);
        Assert.Equal(["user"], result.Dropped);
    }

    private static Adjusted Chat(string json) => Adjusted.By("mistral", EndpointKind.Chat, json);
}
