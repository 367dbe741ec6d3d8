using System.Buffers;
using System.Text;
using LlmProxy.Conversation;
using LlmProxy.Dialects.OpenAi;
using LlmProxy.Forwarding;

namespace LlmProxy.Dialects.Ollama;

/// <summary>
/// Writes an answer as Ollama does: a line for each piece and a last one with the figures, or that last one alone with
/// everything in it.
/// </summary>
internal sealed class OllamaSink(ChatTurn turn, bool isGenerate, bool isStream) : ChatSink
{
    private readonly OllamaLineWriter _line = new(turn, isGenerate);
    private readonly PendingCalls _calls = new(turn);
    private readonly MessageExtras _extras = new();
    private readonly EscapedText _text = new();
    private readonly EscapedText _thinking = new();
    private readonly ArrayBufferWriter<byte> _logprobs = new();
    private readonly List<KeyValuePair<string, byte[]>> _members = [];
    private FinishReason? _finish;

    public override void GoOn(ChatTurn next) => turn = next;

    protected override void OnFollow(PassedAnswer passed) => _line.Follow(passed.Model);

    protected override void OnText(ReadOnlySpan<byte> escaped)
    {
        if (isStream)
        {
            _line.Begin(Output);
            _line.Text(escaped);
            EndLine();
        }
        else
        {
            _text.Add(escaped);
        }
    }

    protected override void OnReasoning(ReadOnlySpan<byte> escaped)
    {
        _extras.AddReasoning(escaped);
        if (isStream)
        {
            _line.Begin(Output);
            _line.Text(default);
            _line.Thinking(escaped);
            EndLine();
        }
        else
        {
            _thinking.Add(escaped);
        }
    }

    /// <summary>Ollama has no place for signatures; clients that send a message back as it came bring them back.</summary>
    protected override void OnSignature(ReadOnlySpan<byte> escaped, bool isSealed) => _extras.AddSignature(escaped, isSealed);

    protected override void OnRefusal(ReadOnlySpan<byte> escaped) => OnText(escaped);

    protected override void OnToolStart(int tool, ReadOnlySpan<byte> id, ReadOnlySpan<byte> name, ReadOnlySpan<byte> googleSignature) =>
        _calls.Start(tool, id, name, googleSignature);

    /// <summary>Arguments are an object here: they wait until they are whole.</summary>
    protected override void OnToolArguments(int tool, ReadOnlySpan<byte> escaped) => _calls.AddArguments(tool, escaped);

    protected override void OnExtra(string name, ReadOnlySpan<byte> json) => _extras.Add(name, json);

    protected override void OnLogprobs(ReadOnlySpan<byte> elements)
    {
        _logprobs.Write(_logprobs.WrittenCount > 0 ? ","u8 : default);
        _logprobs.Write(elements);
    }

    protected override void OnMember(string name, ReadOnlySpan<byte> json) => _members.Add(new(name, json.ToArray()));

    protected override void OnFinish(FinishReason reason, ReadOnlySpan<byte> stopSequence)
    {
        _finish = reason;
        if (isStream && !_calls.IsEmpty)
        {
            _line.Begin(Output);
            _line.Text(default);
            _calls.WriteTo(Output);
            EndLine();
            _calls.Clear();
        }
    }

    protected override void OnEnd()
    {
        _line.Begin(Output);
        _line.Text(_text.Escaped);
        if (!_thinking.IsEmpty)
        {
            _line.Thinking(_thinking.Escaped);
        }

        if (!_calls.IsEmpty)
        {
            _calls.WriteTo(Output);
        }

        if (!_extras.IsEmpty)
        {
            Output.Write(","u8);
            _extras.WriteTo(Output);
        }

        _line.EndMessage();
        WriteLogprobs();
        foreach ((string name, byte[] value) in _members)
        {
            Output.Write(Encoding.UTF8.GetBytes($",\"{name}\":"));
            Output.Write(value);
        }

        _line.Figures(_finish, Usage);
        if (isStream && (turn.Exchange.Wishes.Metadata == true || turn.GoesOn))
        {
            turn.Facts.Usage = Usage ?? turn.Facts.Usage;
            turn.Facts.SettleCost(turn.Target);
            Output.Write(",\"llm\":"u8);
            AnswerMetadata.Write(Output, turn.Exchange, turn.Target, turn.Facts);
        }

        Output.Write(isStream ? "}\n"u8 : "}"u8);
    }

    private void EndLine()
    {
        _line.EndMessage();
        WriteLogprobs();
        _line.EndPiece();
    }

    private void WriteLogprobs()
    {
        if (_logprobs.WrittenCount > 0)
        {
            Output.Write(",\"logprobs\":["u8);
            Output.Write(_logprobs.WrittenSpan);
            Output.Write("]"u8);
            _logprobs.ResetWrittenCount();
        }
    }
}
