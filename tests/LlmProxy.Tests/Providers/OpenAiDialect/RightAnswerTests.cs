using System.Text;
using System.Text.Json.Nodes;
using LlmProxy.Endpoints;
using LlmProxy.Providers;
using LlmProxy.Providers.OpenAiDialect;

namespace LlmProxy.Tests.Providers.OpenAiDialect;

public sealed class RightAnswerTests
{
    private const string Right = """
        {"id":"x","object":"chat.completion","created":3,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"say \"refusal\": no","refusal":null,"annotations":[]},
         "logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3,"prompt_tokens_details":{"cached_tokens":0}},"x_new":1}
        """;

    [Fact]
    public void Is_AsOpenAiWritesIt_IsRight() => Assert.True(IsRight(Right));

    [Theory]
    [InlineData("id")]
    [InlineData("object")]
    [InlineData("created")]
    [InlineData("model")]
    [InlineData("choices")]
    [InlineData("choices/0/index")]
    [InlineData("choices/0/message")]
    [InlineData("choices/0/message/role")]
    [InlineData("choices/0/message/content")]
    [InlineData("choices/0/message/refusal")]
    [InlineData("choices/0/logprobs")]
    [InlineData("choices/0/finish_reason")]
    [InlineData("usage/prompt_tokens")]
    [InlineData("usage/completion_tokens")]
    [InlineData("usage/total_tokens")]
    public void Is_WithoutOneMember_IsNot(string path)
    {
        JsonNode answer = JsonNode.Parse(Right)!;
        string[] steps = path.Split('/');
        JsonNode at = steps.SkipLast(1).Aggregate(answer, (node, step) => int.TryParse(step, out int index) ? node[index]! : node[step]!);
        Assert.True(at.AsObject().Remove(steps[^1]));

        Assert.False(IsRight(answer.ToJsonString()));
    }

    [Theory]
    [InlineData("\"stop\"", "\"eos\"")]
    [InlineData("\"stop\"", "null")]
    [InlineData("\"say", "[\"say")]
    [InlineData("\"logprobs\":null", "\"logprobs\":{\"content\":[],\"refusal\":null}")]
    [InlineData("\"annotations\":[]", "\"annotations\":null")]
    [InlineData("\"annotations\":[]", "\"tool_calls\":null")]
    [InlineData("\"prompt_tokens_details\":{\"cached_tokens\":0}", "\"prompt_tokens_details\":null")]
    [InlineData("\"completion_tokens\":2", "\"prompt_tokens\":2")]
    [InlineData("\"chat.completion\"", "\"text_completion\"")]
    [InlineData("\"id\":\"x\"", "\"id\":\"\"")]
    public void Is_Unusual_IsLeftToTheMender(string part, string other)
    {
        string answer = Right.Replace(part, other, StringComparison.Ordinal);
        answer = other.StartsWith('[') ? answer.Replace("no\"", "no\"]", StringComparison.Ordinal) : answer;

        Assert.False(IsRight(answer));
    }

    [Theory]
    [InlineData("\"x_new\":1", "\"id\":\"y\"")]
    [InlineData("\"logprobs\":null", "\"logprobs\":null,\"index\":1")]
    [InlineData("\"finish_reason\":\"stop\"}", "\"finish_reason\":\"stop\"},{}")]
    [InlineData("\"finish_reason\":\"stop\"}", "\"finish_reason\":\"stop\"},null")]
    public void Is_AMemberTwiceOrAChoiceMore_IsLeftToTheMender(string part, string other) =>
        Assert.False(IsRight(Right.Replace(part, other, StringComparison.Ordinal)));

    [Theory]
    [InlineData("\"refusal\":null", "\"refusal\":null,\"reasoning_content\":\"hm\",\"x\":{\"tool_calls\":[1]}")]
    [InlineData("\"logprobs\":null", "\"logprobs\":null,\"stop_reason\":null,\"x\":[{\"message\":3}]")]
    [InlineData("\"x_new\":1", "\"x_new\":{\"choices\":[],\"usage\":null}")]
    public void Is_WithMoreThanTheSchemaKnows_IsStillRight(string part, string other) =>
        Assert.True(IsRight(Right.Replace(part, other, StringComparison.Ordinal)));

    [Fact]
    public void Read_CutAnywhere_IsNoAnswer()
    {
        byte[] whole = Encoding.UTF8.GetBytes(Right.TrimEnd());
        for (int length = 0; length < whole.Length; length++)
        {
            Assert.NotNull(AnswerReader.Read(EndpointKind.Chat, whole.AsSpan(0, length), Streams.Vendor).Failure);
        }
    }

    private static bool IsRight(string answer)
    {
        PlainAnswer read = AnswerReader.Read(EndpointKind.Chat, Encoding.UTF8.GetBytes(answer), Streams.Vendor);
        Assert.Null(read.Failure);
        return read.IsRight;
    }
}
