using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using LlmProxy.Conversation;
using LlmProxy.Endpoints;
using LlmProxy.Forwarding.Continuation;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Routing;
using LlmProxy.Tests.Conversation;
using LlmProxy.Wire;

namespace LlmProxy.Tests.Forwarding.Continuation;

/// <summary>Whatever byte a vendor's stream is cut at: what is gone on from is what the client has got, and the two make one answer.</summary>
public sealed class AnswerSoFarTests
{
    private const string Text = "Grüße, 日本! \"Zitat\"\n\n 👩‍🚀 \\n Ende";

    private static readonly string[] Pieces = ["Grüße", ", 日本! ", "\"Zitat\"", "\n\n ", "👩‍🚀", " \\n ", "Ende"];

    public static TheoryData<string, string> Firsts => new()
    {
        { "custom", "chat" }, { "anthropic", "chat" }, { "ollama", "chat" },
        { "custom", "messages" }, { "anthropic", "messages" },
        { "custom", "ollama_chat" }, { "ollama", "ollama_chat" },
    };

    [Theory]
    [MemberData(nameof(Firsts))]
    public void Stream_CutAtEveryByte_IsGoneOnWithFromWhatTheClientHas(string provider, string endpoint)
    {
        EndpointKind client = EndpointKind.All.First(kind => kind.Name == endpoint);
        byte[] vendor = Encoding.UTF8.GetBytes(StreamOf(provider));
        int gone = 0;
        for (int cut = 1; cut < vendor.Length; cut++)
        {
            var told = new ArrayBufferWriter<byte>();
            AttemptFacts first = Tell(provider, client, vendor.AsSpan(0, cut), told);
            string had = TextOf(endpoint, told);
            if (first.SoFar!.Break() is not { } broken)
            {
                Assert.True(string.IsNullOrWhiteSpace(had) || first.SoFar.IsFinished, $"cut at {cut}: {had}");
                continue;
            }

            Assert.Equal(had, broken.Sent + broken.Space);
            Assert.Equal(Text[..had.Length], had);
            GoOn(client, first, broken, told);
            Assert.Equal(Text, TextOf(endpoint, told));
            gone++;
        }

        Assert.True(gone > vendor.Length / 2, $"{gone} of {vendor.Length}");
    }

    /// <summary>As the relay does it.</summary>
    private static AttemptFacts Tell(string provider, EndpointKind client, ReadOnlySpan<byte> vendor, ArrayBufferWriter<byte> told)
    {
        RouteTarget target = Turns.Target(provider);
        Exchange exchange = Turns.Exchange(Request, client, ("x-llm-continue", "on"));
        var facts = new AttemptFacts(1);
        using VendorCall call = target.Deployment.Provider.Open(exchange, target, facts);
        _ = call.Write(0);
        IStreamFramer framer = call.Stream.OpenFramer();
        IStreamTranslator translator = call.OpenStream();
        PassedAnswer? passed = PassedAnswer.Watch(exchange, target, facts, call);
        while (!vendor.IsEmpty && framer.TryRead(vendor, ended: true, out int consumed, out StreamFrame frame))
        {
            var own = new ArrayBufferWriter<byte>();
            FrameVerdict verdict = translator.Translate(in frame, own);
            passed?.Take(in frame, verdict, own.WrittenSpan);
            told.Write((verdict & FrameVerdict.Pass) != 0 ? frame.Raw : own.WrittenSpan);
            vendor = vendor[consumed..];
        }

        return facts;
    }

    private static void GoOn(EndpointKind client, AttemptFacts first, BrokenText broken, ArrayBufferWriter<byte> told)
    {
        RouteTarget target = Turns.Target("vllm", "second");
        Exchange exchange = Turns.Exchange(Request, client, ("x-llm-continue", "on"));
        first.SoFar!.LeaveOff(Turns.Target("custom"), exchange.ReadChat(), null, new VendorFailure(ErrorCode.ProviderUnreachable, "gone"), broken.Chars);
        var facts = new AttemptFacts(2) { GoesOnFrom = broken, SoFar = first.SoFar };
        using var call = new TranslatedChat(exchange, target, facts, target.Deployment.Provider.GoesOn(target)!);
        _ = call.Write(0);
        IStreamTranslator translator = call.OpenStream();
        IStreamFramer framer = call.Stream.OpenFramer();
        ReadOnlySpan<byte> vendor = Encoding.UTF8.GetBytes(OpenAi([Text[broken.Sent.Length..]]));
        while (!vendor.IsEmpty && framer.TryRead(vendor, ended: true, out int consumed, out StreamFrame frame))
        {
            var own = new ArrayBufferWriter<byte>();
            FrameVerdict verdict = translator.Translate(in frame, own);
            Assert.Equal(FrameVerdict.None, verdict & (FrameVerdict.Error | FrameVerdict.Pass));
            told.Write(own.WrittenSpan);
            vendor = vendor[consumed..];
        }

        Assert.True(translator.IsComplete);
    }

    private const string Request = """{"model":"m","stream":true,"max_tokens":100,"messages":[{"role":"user","content":"Tell me"}]}""";

    private static string TextOf(string endpoint, ArrayBufferWriter<byte> told)
    {
        IEnumerable<JsonNode> events = Encoding.UTF8.GetString(told.WrittenSpan).Split('\n')
            .Select(line => line.StartsWith("data: ", StringComparison.Ordinal) ? line[6..] : line)
            .Where(line => line.StartsWith('{'))
            .Select(line => JsonNode.Parse(line)!);
        return string.Concat(events.Select(e => endpoint switch
        {
            "chat" => e["choices"] is JsonArray { Count: > 0 } choices ? (string?)choices[0]!["delta"]!["content"] : null,
            "messages" => (string?)e["delta"]?["text"],
            _ => (string?)e["message"]?["content"],
        }));
    }

    private static string StreamOf(string provider) => provider switch
    {
        "anthropic" => string.Concat((IEnumerable<string>)
        [
            Event("message_start", """{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":9,"output_tokens":1}}}"""),
            Event("content_block_start", """{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"""),
            .. Pieces.Select(piece => Event("content_block_delta", $$$"""{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":{{{Json(piece)}}}}}""")),
            Event("content_block_stop", """{"type":"content_block_stop","index":0}"""),
        ]),
        "ollama" => string.Concat(Pieces.Select(piece => $$$"""{"model":"llama","created_at":"2026-02-03T10:00:00Z","message":{"role":"assistant","content":{{{Json(piece)}}}},"done":false}""" + "\n")),
        _ => OpenAi(Pieces),
    };

    private static string OpenAi(string[] pieces) => string.Concat((IEnumerable<string>)
    [
        Chunk("""{"role":"assistant","content":""}""", "null"),
        .. pieces.Select(piece => Chunk($$"""{"content":{{Json(piece)}}}""", "null")),
        Chunk("{}", "\"stop\""),
        "data: [DONE]\n\n",
    ]);

    private static string Chunk(string delta, string finish) =>
        $$"""data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"first","choices":[{"index":0,"delta":{{delta}},"logprobs":null,"finish_reason":{{finish}}}]}""" + "\n\n";

    private static string Event(string name, string data) => $"event: {name}\ndata: {data}\n\n";

    /// <summary>Every second one spelled in escapes.</summary>
    private static string Json(string piece) => piece.Length % 2 == 0 ? JsonValue.Create(piece).ToJsonString() : $"\"{piece.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)}\"";
}
