using System.Text.Json;
using LlmProxy.Conversation;

namespace LlmProxy.Providers.Gemini;

/// <summary>
/// One answer as it is told to the client: a stream sends it in pieces of the same shape as the whole. A stream has no
/// closing mark, and older models say "STOP" with every piece, so candidates are finished only when the stream has ended.
/// </summary>
internal sealed class GeminiAnswer(ChatTurn turn)
{
    private readonly List<GeminiChoice> _choices = [];
    private bool _hasBegun;

    /// <summary>Whether every candidate that began has said why it ended.</summary>
    public bool IsWhole
    {
        get
        {
            foreach (GeminiChoice choice in _choices)
            {
                if (!choice.HasFinished)
                {
                    return false;
                }
            }

            return _choices.Count > 0;
        }
    }

    public bool IsEmpty => _choices.Count == 0;

    /// <summary>Tells one GenerateContentResponse. Throws JsonException where it is none.</summary>
    public void Read(ReadOnlySpan<byte> json, ChatSink sink)
    {
        ReadOnlySpan<byte> candidates = default;
        ReadOnlySpan<byte> feedback = default;
        ReadOnlySpan<byte> usage = default;
        string? id = null;
        string? model = null;
        var members = new SpanWalk(json);
        if (!members.IsOverObject)
        {
            throw new JsonException("An answer must be an object.");
        }

        while (members.Next())
        {
            if (members.Is("candidates"u8))
            {
                members.Demand(JsonTokenType.StartArray);
                candidates = members.Value;
            }
            else if (members.Is("promptFeedback"u8))
            {
                feedback = members.Value;
            }
            else if (members.Is("usageMetadata"u8))
            {
                usage = members.Value;
            }
            else if (!_hasBegun && members.Is("responseId"u8))
            {
                id = members.Text();
            }
            else if (!_hasBegun && members.Is("modelVersion"u8))
            {
                model = members.Text();
            }
            else if (members.Is("error"u8) && members.Kind is not (JsonTokenType.Null or JsonTokenType.False))
            {
                sink.Fail(GeminiErrors.Inside(json, turn.Llm.Label));
                return;
            }
        }

        if (!_hasBegun)
        {
            _hasBegun = !candidates.IsEmpty;
            sink.Begin(id, model);
        }

        if (!usage.IsEmpty && GeminiUsage.Read(usage) is { } counts)
        {
            sink.SetUsage(counts);
        }

        ReadCandidates(candidates, sink);
        ReadFeedback(feedback, sink);
    }

    public void End(ChatSink sink)
    {
        foreach (GeminiChoice choice in _choices)
        {
            if (choice.HasBegun)
            {
                sink.Choice = choice.Index;
                choice.End(sink);
            }
        }

        sink.Choice = 0;
        sink.End();
    }

    private void ReadCandidates(ReadOnlySpan<byte> candidates, ChatSink sink)
    {
        var items = new SpanWalk(candidates);
        while (items.Next())
        {
            items.Demand(JsonTokenType.StartObject);
            ReadOnlySpan<byte> candidate = items.Value;
            long index = 0;
            var members = new SpanWalk(candidate);
            while (members.Next())
            {
                if (members.Is("index"u8))
                {
                    index = members.Number();
                }
            }

            if (index >= 0 && index < turn.Request.Choices)
            {
                GeminiChoice choice = Choice((int)index);
                sink.Choice = choice.Index;
                choice.Read(candidate, sink);
            }
        }
    }

    /// <summary>A prompt that was blocked has no candidates. https://ai.google.dev/api/generate-content#PromptFeedback</summary>
    private void ReadFeedback(ReadOnlySpan<byte> feedback, ChatSink sink)
    {
        ReadOnlySpan<byte> reason = default;
        ReadOnlySpan<byte> message = default;
        var members = new SpanWalk(feedback);
        while (members.Next())
        {
            reason = members.Is("blockReason"u8) ? members.Escaped : reason;
            message = members.Is("blockReasonMessage"u8) ? members.Escaped : message;
        }

        if (!reason.IsEmpty && !reason.SequenceEqual("BLOCKED_REASON_UNSPECIFIED"u8) && !reason.SequenceEqual("BLOCK_REASON_UNSPECIFIED"u8))
        {
            sink.Choice = 0;
            Choice(0).Block(message);
        }
    }

    private GeminiChoice Choice(int index)
    {
        while (_choices.Count <= index)
        {
            _choices.Add(new GeminiChoice(turn, _choices.Count));
        }

        return _choices[index];
    }
}
