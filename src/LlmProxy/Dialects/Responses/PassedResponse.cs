using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Forwarding.Continuation;
using LlmProxy.Wire;

namespace LlmProxy.Dialects.Responses;

/// <summary>
/// A Response as far as its vendor's own events have told it: the last event of such a stream repeats the whole, so that
/// whoever is to write it must have kept everything.
/// </summary>
internal sealed class PassedResponse
{
    private readonly List<OutputItem> _items = [];
    private readonly JsonMembers _members = new();
    private byte[] _data = [];
    private long _kept;
    private bool _isLost;

    public IReadOnlyList<OutputItem> Items => _items;

    /// <summary>The response object as it was announced.</summary>
    public byte[] Head { get; private set; } = [];

    /// <summary>How many numbered events there were.</summary>
    public long Events { get; private set; }

    /// <summary>Whether all of it is known: it was announced, nothing was unreadable, and it is not too long to be kept.</summary>
    public bool IsKnown => !_isLost && Head.Length > 0;

    public void Lose()
    {
        _isLost = true;
        _items.Clear();
        Head = [];
    }

    public void Read(in StreamFrame frame)
    {
        if (_isLost)
        {
            return;
        }

        _data = ResponseEcho.OneLine(frame.Data);
        _members.Read(_data);
        Events = (Member("sequence_number"u8).Number ?? Events) + 1;
        ReadOnlySpan<byte> type = Member("type"u8).Text.Escaped;
        _kept += type.EndsWith(".delta"u8) ? Delta.Length : _data.Length;
        if (_kept > AnswerSoFar.MostBytes)
        {
            Lose();
            return;
        }

        if (type.SequenceEqual("response.created"u8) || type.SequenceEqual("response.in_progress"u8) || type.SequenceEqual("response.queued"u8))
        {
            Head = Member("response"u8).Json.ToArray();
        }
        else if (type.SequenceEqual("response.output_item.added"u8))
        {
            Add(Member("item"u8).Json);
        }
        else if (Member("output_index"u8).Number is { } index)
        {
            ReadOf((int)index, type);
        }
    }

    private void Add(ReadOnlyMemory<byte> item)
    {
        int index = _items.Count;
        string id = Member(item, "id"u8).Text.ToString();
        _items.Add(Member(item, "type"u8).Text.ToString() switch
        {
            "message" => new MessageItem("", index) { Id = id },
            "reasoning" => new ReasoningItem("", index) { Id = id, Seal = Member(item, "encrypted_content"u8).Text.Token.ToArray() },
            "function_call" => new CallItem("", index, isCustom: false, Member(item, "call_id"u8).Text.Token.ToArray(), Member(item, "name"u8).Text.Token.ToArray()) { Id = id },
            _ => new RawItem(index, item.ToArray()) { Id = id, IsCut = true },
        });
    }

    private void ReadOf(int index, ReadOnlySpan<byte> type)
    {
        if (index < 0 || index >= _items.Count)
        {
            Lose(); // Of an item that was never announced.
            return;
        }

        if (type.SequenceEqual("response.output_item.done"u8))
        {
            _items[index] = new RawItem(index, Member("item"u8).Json.ToArray()) { Id = _items[index].Id, IsDone = true };
            return;
        }

        switch (_items[index])
        {
            case MessageItem message:
                ReadMessage(message, type);
                break;
            case ReasoningItem reasoning:
                ReadReasoning(reasoning, type);
                break;
            case CallItem call when type.SequenceEqual("response.function_call_arguments.delta"u8):
                call.Arguments.Add(Delta);
                break;
            case RawItem raw when type.SequenceEqual("response.custom_tool_call_input.delta"u8):
                raw.Grow("input"u8, Delta);
                break;
            case RawItem raw when type.SequenceEqual("response.mcp_call_arguments.delta"u8):
                raw.Grow("arguments"u8, Delta);
                break;
            case RawItem raw when type.SequenceEqual("response.code_interpreter_call_code.delta"u8):
                raw.Grow("code"u8, Delta);
                break;
            default:
                break; // Says that something goes on or is done.
        }
    }

    private void ReadMessage(MessageItem message, ReadOnlySpan<byte> type)
    {
        if (type.SequenceEqual("response.content_part.added"u8))
        {
            message.Open = new MessagePart(message.Parts.Count, isRefusal: Member(Member("part"u8).Json, "type"u8).Text.Is("refusal"u8));
            message.Parts.Add(message.Open);
        }
        else if (type.SequenceEqual("response.content_part.done"u8))
        {
            message.Open = null;
        }
        else if (message.Open is not { } part)
        {
            if (type.EndsWith(".delta"u8))
            {
                Lose(); // Of a part that was never announced.
            }
        }
        else if (type.SequenceEqual("response.output_text.delta"u8) || type.SequenceEqual("response.refusal.delta"u8))
        {
            part.Text.Add(Delta);
            ReadOnlySpan<byte> logprobs = Member("logprobs"u8).Json.Span;
            if (logprobs.Length > 2 && logprobs[0] == '[')
            {
                part.AddLogprobs(logprobs[1..^1]);
            }
        }
        else if (type.SequenceEqual("response.output_text.annotation.added"u8))
        {
            part.Annotate(Member("annotation"u8).Json.ToArray());
        }
    }

    private void ReadReasoning(ReasoningItem reasoning, ReadOnlySpan<byte> type)
    {
        if (type.SequenceEqual("response.reasoning_summary_part.added"u8))
        {
            reasoning.HasPart = true;
        }
        else if (type.SequenceEqual("response.reasoning_summary_part.done"u8))
        {
            reasoning.ClosePart();
        }
        else if (type.SequenceEqual("response.reasoning_summary_text.delta"u8))
        {
            reasoning.Text.Add(Delta);
        }
        else if (type.SequenceEqual("response.reasoning_text.delta"u8))
        {
            reasoning.Content.Add(Delta);
        }
    }

    private ReadOnlySpan<byte> Delta => Member("delta"u8).Text.Escaped;

    private Found Member(ReadOnlySpan<byte> name)
    {
        int found = _members.Find(_data, name);
        return found < 0 ? default : new Found(_data.AsMemory(_members[found].ValueStart.._members[found].ValueEnd), _members[found].Kind);
    }

    private static Found Member(ReadOnlyMemory<byte> json, ReadOnlySpan<byte> name)
    {
        var members = new JsonWalk(json);
        while (members.Next())
        {
            if (members.Is(name))
            {
                return new Found(members.Value, members.Kind);
            }
        }

        return default;
    }

    private readonly record struct Found(ReadOnlyMemory<byte> Json, JsonTokenType Kind)
    {
        /// <summary>Missing for anything but a string.</summary>
        public JsonText Text => Kind == JsonTokenType.String ? new JsonText(Json) : default;

        public long? Number => Kind == JsonTokenType.Number && long.TryParse(Json.Span, out long number) ? number : null;
    }
}
