using System.Text.Json;
using LlmProxy.Conversation;

namespace LlmProxy.Providers.Gemini;

/// <summary>Reads a whole answer; an array of pieces, as streams without alt=sse come, is read the same way.</summary>
internal static class GeminiResponse
{
    public static void Read(ChatTurn turn, ReadOnlySpan<byte> body, ChatSink sink)
    {
        var answer = new GeminiAnswer(turn);
        var items = new SpanWalk(body);
        if (items.IsOverObject)
        {
            answer.Read(body, sink);
            DemandTheEnd(body);
        }
        else
        {
            while (items.Next())
            {
                answer.Read(items.Value, sink);
            }
        }

        if (sink.Failure is not null)
        {
            return;
        }

        if (answer.IsEmpty)
        {
            throw new JsonException("An answer must have candidates, or say why it has none.");
        }

        answer.End(sink);
    }

    /// <summary>Throws where the object is not closed, or something stands behind it.</summary>
    private static void DemandTheEnd(ReadOnlySpan<byte> body)
    {
        var reader = new Utf8JsonReader(body, Wire.JsonMembers.ReaderOptions);
        reader.Read();
        reader.Skip();
        _ = reader.Read();
    }
}
