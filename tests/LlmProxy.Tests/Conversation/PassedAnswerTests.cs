using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using LlmProxy.Accounting;
using LlmProxy.Accounting.Journal;
using LlmProxy.Conversation;
using LlmProxy.Endpoints;
using LlmProxy.Limits;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Routing;
using LlmProxy.Wire;
using Microsoft.Extensions.Logging.Abstractions;

namespace LlmProxy.Tests.Conversation;

/// <summary>What is written behind a vendor's own bytes speaks of the same answer as they do.</summary>
public sealed class PassedAnswerTests : IDisposable
{
    private const string Request = """{"model":"m","stream":true,"n":3,"messages":[{"role":"user","content":"Hi"}]}""";

    private readonly CallJournal _journal = new(NullLogger<CallJournal>.Instance);

    public void Dispose() => _journal.Dispose();

    [Fact]
    public void Head_OfAVendorThatHasNone_IsTheOneTheClientGot()
    {
        JsonNode[] told = CutBehind("custom", """{"choices":[{"index":0,"delta":{"content":"a"}}]}""", """{"choices":[{"index":0,"delta":{"content":"b"}}]}""");

        Assert.All(told, chunk => Assert.Equal(Names(told[0]), Names(chunk)));
        Assert.StartsWith("chatcmpl-", (string?)told[0]["id"], StringComparison.Ordinal);
    }

    [Fact]
    public void Head_BehindAzuresEmptyFirstChunk_IsTheAnswers()
    {
        JsonNode[] told = CutBehind(
            "custom",
            """{"id":"","object":"","created":0,"model":"","choices":[],"prompt_filter_results":[]}""",
            """{"id":"chatcmpl-7","object":"chat.completion.chunk","created":1700000007,"model":"gpt","choices":[{"index":0,"delta":{"role":"assistant","content":"a"},"finish_reason":null}]}""");

        Assert.Equal(("chatcmpl-7", 1700000007, "gpt"), Names(told[^1]));
    }

    [Theory]
    [InlineData("""{"index":0,"delta":{},"finish_reason":"stop"},{"index":2,"delta":{},"finish_reason":"length"}""", "1")]
    [InlineData("""{"index":1,"delta":{},"finish_reason":"stop"},{"index":2,"delta":{"content":"b"},"finish_reason":null}""", "0,2")]
    [InlineData("""{"index":0,"delta":{},"finish_reason":""}""", "0,1,2")]
    [InlineData("""{"index":0,"delta":{},"finish_reason":"stop"},{"index":1,"delta":{},"finish_reason":"stop"},{"index":2,"delta":{},"finish_reason":"stop"}""", "")]
    public void Choices_ThatAreOpen_AreTheOnesThatAreEnded(string choices, string ended)
    {
        JsonNode[] told = CutBehind("openai", Chunk("""{"index":0,"delta":{"role":"assistant","content":"a"},"finish_reason":null}"""), Chunk(choices));

        Assert.Equal(ended, string.Join(',', told.Skip(2).Select(chunk => (int)chunk["choices"]![0]!["index"]!)));
    }

    [Fact]
    public void Choices_ThatNobodyWrites_AreNotEndedByTheThousand()
    {
        JsonNode[] told = CutBehind(
            "custom",
            """{"model":"m","stream":true,"n":2000000000,"messages":[{"role":"user","content":"Hi"}]}""",
            [Chunk("""{"index":0,"delta":{"role":"assistant","content":"a"},"finish_reason":null}""")]);

        Assert.InRange(told.Length, 2, 130);
    }

    [Fact]
    public void Nobody_ReadsAlong_WhereNoBudgetCanEnd()
    {
        RouteTarget target = Turns.Target("openai");
        Exchange exchange = Turns.Exchange(Request);
        using VendorCall call = target.Deployment.Provider.Open(exchange, target, new AttemptFacts(1));

        Assert.Null(PassedAnswer.Watch(exchange, target, new AttemptFacts(1), call));
    }

    private static string Chunk(string choices) => $$"""{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"m","choices":[{{choices}}]}""";

    private static (string? Id, long? Created, string? Model) Names(JsonNode chunk) => ((string?)chunk["id"], (long?)chunk["created"], (string?)chunk["model"]);

    /// <summary>As the relay does it: all that the client has got when the answer is cut behind these events.</summary>
    private JsonNode[] CutBehind(string provider, params string[] events) => CutBehind(provider, Request, events);

    private JsonNode[] CutBehind(string provider, string request, string[] events)
    {
        RouteTarget target = Turns.Target(provider);
        Exchange exchange = Turns.Exchange(request);
        exchange.Account = new CallAccount(exchange, Hold.None, _journal) { IsMetered = true };
        var facts = new AttemptFacts(1);
        using VendorCall call = target.Deployment.Provider.Open(exchange, target, facts);
        _ = call.Write(0);
        IStreamFramer framer = call.Stream.OpenFramer();
        IStreamTranslator translator = call.OpenStream();
        PassedAnswer passed = PassedAnswer.Watch(exchange, target, facts, call)!;
        var told = new ArrayBufferWriter<byte>();
        ReadOnlySpan<byte> vendor = Encoding.UTF8.GetBytes(string.Concat(events.Select(data => $"data: {data}\n\n")));
        while (!vendor.IsEmpty && framer.TryRead(vendor, ended: false, out int consumed, out StreamFrame frame))
        {
            var own = new ArrayBufferWriter<byte>();
            FrameVerdict verdict = translator.Translate(in frame, own);
            passed.Take(in frame, verdict, own.WrittenSpan);
            told.Write((verdict & FrameVerdict.Pass) != 0 ? frame.Raw : own.WrittenSpan);
            vendor = vendor[consumed..];
        }

        ChatSink sink = passed.OpenSink(new ChatTurn(exchange, target, new ChatRequest(), facts), EndpointKind.Chat.ChatFront!);
        sink.Output = told;
        sink.Cut(AskedChoices.In(exchange), new TokenUsage(1, 0, 0, 2, 0));
        string[] data = [.. Encoding.UTF8.GetString(told.WrittenSpan).Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(one => one["data: ".Length..])];
        Assert.Equal("[DONE]", data[^1]);
        return [.. data[..^1].Select(one => JsonNode.Parse(one)!)];
    }
}
