using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Dialects;
using LlmProxy.Endpoints;
using LlmProxy.Forwarding;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Providers.Anthropic;
using LlmProxy.Providers.OpenAiDialect;
using LlmProxy.Routing;
using LlmProxy.Wire;

namespace LlmProxy.Caching;

/// <summary>
/// Gives a kept answer the form that a call asks for: the same bytes where it was asked for like that before; else it is read
/// and written anew, a stream as a whole and a whole as a stream, by the readers and writers that translations use.
/// </summary>
internal static class Replay
{
    /// <summary>Whether answers of this kind have one key for both forms.</summary>
    public static bool Knows(EndpointKind endpoint) => endpoint == EndpointKind.Chat || endpoint == EndpointKind.Completions || endpoint == EndpointKind.Messages;

    /// <summary>Whether the call would get the very bytes that another one with these properties gets.</summary>
    public static bool IsSameForm(Exchange exchange, bool isStream, bool tellsUsage) =>
        exchange.IsStream == isStream && (!isStream || !exchange.Endpoint.TakesStreamOptions || exchange.Peek!.WantsUsage == tellsUsage);

    /// <summary>Whether a call can take the bytes of one under way as they come.</summary>
    public static bool IsLive(Exchange follower, Flight flight) =>
        follower.IsStream && IsSameForm(follower, flight.Leader.IsStream, flight.Leader.Peek!.WantsUsage);

    /// <summary>The bytes for this call; null: the answer has no such form.</summary>
    public static ReadOnlyMemory<byte>? Of(Exchange exchange, CachedAnswer kept, RouteTarget target)
    {
        if (IsSameForm(exchange, kept.IsStream, kept.TellsUsage))
        {
            return kept.Body;
        }

        if (!Knows(exchange.Endpoint))
        {
            return null;
        }

        try
        {
            return Rewritten(exchange, kept, target);
        }
        catch (Exception e) when (ChatStreamTranslator.IsUnreadable(e) || e is CallRefusedException)
        {
            return null;
        }
    }

    private static ReadOnlyMemory<byte>? Rewritten(Exchange exchange, CachedAnswer kept, RouteTarget target)
    {
        // What was asked of the gateway itself ("metadata", "echo") is in the answer already or is put there after.
        var bare = new Exchange(exchange.Http, exchange.Endpoint, exchange.Snapshot, exchange.Time, exchange.Budget, exchange.Shutdown) { IsStream = exchange.IsStream };
        var request = new ChatRequest { WantsUsage = exchange.Peek!.WantsUsage };
        if (exchange.Peek.Members.Find(exchange.Body!.Span, "functions"u8) >= 0)
        {
            request.Fields.Add(new RequestField("functions", "functions", default));
        }

        var turn = new ChatTurn(bare, target, request);
        IChatFront front = exchange.Endpoint.ChatFront!;
        ChatSink sink = exchange.IsStream ? front.OpenStream(turn) : front.OpenWhole(turn);
        using var output = new PooledWriter();
        sink.Output = output;
        if (kept.Usage is { } usage)
        {
            sink.SetUsage(usage);
        }

        if (kept.IsStream)
        {
            TellStream(exchange.Endpoint, kept.Body, target, sink);
        }
        else
        {
            TellWhole(exchange.Endpoint, kept.Body, target, sink);
        }

        return sink.Failure is null && sink.HasEnded ? output.Written.ToArray() : null;
    }

    private static void TellWhole(EndpointKind endpoint, ReadOnlyMemory<byte> body, RouteTarget target, ChatSink sink)
    {
        VendorLabel vendor = target.Deployment.Label;
        if (endpoint == EndpointKind.Messages)
        {
            AnthropicResponse.Tell(body.Span, new AnthropicTeller(null), vendor, sink);
            return;
        }

        if (endpoint == EndpointKind.Completions)
        {
            TextAnswer.Tell(body, sink);
        }
        else
        {
            var answer = new OpenAiChatAnswer(vendor);
            answer.Read(body.Span, sink);
            answer.FinishAll(sink);
        }

        sink.End();
    }

    private static void TellStream(EndpointKind endpoint, ReadOnlyMemory<byte> body, RouteTarget target, ChatSink sink)
    {
        IChatStream? reader = endpoint.ChatFront!.OpenReader(target.Deployment.Label);
        var framer = new SseFramer();
        while (framer.TryRead(body.Span, true, out int consumed, out StreamFrame frame))
        {
            if (reader is not null)
            {
                reader.Read(frame, sink);
            }
            else if (frame.IsDone)
            {
                sink.End();
            }
            else if (frame.HasData)
            {
                TextAnswer.Tell(frame.Data.ToArray(), sink);
            }

            body = body[consumed..];
        }

        reader?.Ended(sink);
    }
}
