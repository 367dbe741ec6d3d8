using System.Buffers;
using LlmProxy.Accounting;
using LlmProxy.Providers;

namespace LlmProxy.Conversation;

internal enum FinishReason
{
    Stop,
    Length,
    ToolCalls,
    ContentFilter,

    /// <summary>The model itself declined (Anthropic's "refusal"): OpenAI knows it as a content filter.</summary>
    Refusal,

    /// <summary>The vendor paused a long turn of its own tools; the conversation can be sent again to go on.</summary>
    Pause,
}

/// <summary>
/// Where a vendor's answer goes, event by event, whether it came as a stream or whole: a client's dialect writes it down.
/// Texts are what stands between the quotes of a JSON string, escapes included, and are copied as they are.
/// One instance per answer, never shared. Order of calls: Begin, then anything, then Finish for each choice, SetUsage
/// whenever it is known, End.
/// </summary>
internal abstract class ChatSink
{
    /// <summary>Of more answers than this nobody keeps apart which have finished.</summary>
    public const int MostChoices = 128;

    private UInt128 _finished;

    /// <summary>Where the client's bytes are written; set by whoever drives the sink, before each event.</summary>
    public IBufferWriter<byte> Output { get; set; } = null!;

    /// <summary>Which of several answers is being told; 0 unless more than one was asked for.</summary>
    public int Choice { get; set; }

    /// <summary>How long all texts are that have been told, thinking and tools' arguments included.</summary>
    public long TextBytes { get; private set; }

    /// <summary>Something worth committing to has been told.</summary>
    public bool HasOutput { get; private set; }

    public bool HasFinished { get; private set; }

    public bool HasEnded { get; private set; }

    public VendorFailure? Failure { get; private set; }

    public TokenUsage? Usage { get; private set; }

    /// <summary>The model that the vendor says is answering.</summary>
    public string? ReportedModel { get; private set; }

    /// <summary>The vendor's own id for the answer; empty until it has said one.</summary>
    public string AnswerId { get; private set; } = "";

    /// <summary>The answer has an id and a model; may come more than once, the first of each counts.</summary>
    public void Begin(string? id, string? model)
    {
        AnswerId = AnswerId.Length == 0 ? id ?? "" : AnswerId;
        ReportedModel ??= model;
    }

    public void Text(ReadOnlySpan<byte> escaped)
    {
        if (!escaped.IsEmpty)
        {
            HasOutput = true;
            TextBytes += escaped.Length;
            OnText(escaped);
        }
    }

    public void Reasoning(ReadOnlySpan<byte> escaped)
    {
        if (!escaped.IsEmpty)
        {
            HasOutput = true;
            TextBytes += escaped.Length;
            OnReasoning(escaped);
        }
    }

    /// <summary>
    /// The block of reasoning told so far is closed by this signature; with <paramref name="isSealed"/> it is a block of
    /// its own that only the vendor can read (Anthropic's redacted_thinking).
    /// </summary>
    public void Signature(ReadOnlySpan<byte> escaped, bool isSealed = false) => OnSignature(escaped, isSealed);

    public void Refusal(ReadOnlySpan<byte> escaped)
    {
        if (!escaped.IsEmpty)
        {
            HasOutput = true;
            TextBytes += escaped.Length;
            OnRefusal(escaped);
        }
    }

    /// <summary>A tool call begins. <paramref name="tool"/> numbers the calls of this choice from 0; its parts may come interleaved with others'.</summary>
    public void ToolStart(int tool, ReadOnlySpan<byte> id, ReadOnlySpan<byte> name, ReadOnlySpan<byte> googleSignature = default)
    {
        HasOutput = true;
        OnToolStart(tool, id, name, googleSignature);
    }

    /// <summary>A piece of the call's arguments: JSON text, escaped as the inside of a JSON string.</summary>
    public void ToolArguments(int tool, ReadOnlySpan<byte> escaped)
    {
        if (!escaped.IsEmpty)
        {
            TextBytes += escaped.Length;
            OnToolArguments(tool, escaped);
        }
    }

    /// <summary>Something that belongs to the message and has no place above, as one JSON value: collected under its name as an array ("annotations", "citations", "images").</summary>
    public void Extra(string name, ReadOnlySpan<byte> json)
    {
        HasOutput = true;
        OnExtra(name, json);
    }

    /// <summary>Log probabilities as the elements of OpenAI's array (one or more objects, separated by commas).</summary>
    public void Logprobs(ReadOnlySpan<byte> elements) => OnLogprobs(elements);

    /// <summary>A member of the answer itself as JSON text ("service_tier", "system_fingerprint").</summary>
    public void Member(string name, ReadOnlySpan<byte> json) => OnMember(name, json);

    /// <summary>The choice is finished. <paramref name="stopSequence"/>: which of the client's stop words ended it, where the vendor says.</summary>
    public void Finish(FinishReason reason, ReadOnlySpan<byte> stopSequence = default)
    {
        HasOutput = true;
        HasFinished = true;
        _finished |= Choice < MostChoices ? UInt128.One << Choice : 0;
        OnFinish(reason, stopSequence);
    }

    /// <summary>Counts so far; the last ones told are the true ones.</summary>
    public virtual void SetUsage(TokenUsage usage) => Usage = usage;

    /// <summary>The answer is whole: what is still owed is written.</summary>
    public void End()
    {
        if (!HasEnded)
        {
            HasEnded = true;
            OnEnd();
        }
    }

    /// <summary>The answer ends here, before its vendor's end, as one that has reached its length: what is still open is closed.</summary>
    /// <param name="choices">How many answers were asked for.</param>
    /// <param name="usage">What it has come to; null where the sink knows better.</param>
    public void Cut(int choices, TokenUsage? usage)
    {
        if (usage is { } used)
        {
            SetUsage(used);
        }

        for (Choice = 0; Choice < Math.Min(choices, MostChoices); Choice++)
        {
            if ((_finished >> Choice & UInt128.One) == 0)
            {
                Finish(FinishReason.Length);
            }
        }

        Choice = 0;
        End();
    }

    /// <summary>The vendor failed inside its answer. Nothing is written: whoever drives the sink tells the client.</summary>
    public void Fail(VendorFailure failure) => Failure ??= failure;

    /// <summary>The client has the answer's beginning in its vendor's own bytes: what is told from here on stands behind them as if it were one.</summary>
    public void Follow(PassedAnswer passed)
    {
        Begin(passed.AnswerId, passed.Model);
        _finished = passed.Finished;
        OnFollow(passed);
    }

    /// <summary>
    /// Another LLM goes on with the answer: what is told from here on is <paramref name="next"/>'s, and stands behind what
    /// the client has as if it were one.
    /// </summary>
    public virtual void GoOn(ChatTurn next) => throw new NotSupportedException("Its streams are not gone on with.");

    protected virtual void OnFollow(PassedAnswer passed) => throw new NotSupportedException("It writes no streams.");

    protected abstract void OnText(ReadOnlySpan<byte> escaped);

    protected abstract void OnReasoning(ReadOnlySpan<byte> escaped);

    protected abstract void OnSignature(ReadOnlySpan<byte> escaped, bool isSealed);

    protected abstract void OnRefusal(ReadOnlySpan<byte> escaped);

    protected abstract void OnToolStart(int tool, ReadOnlySpan<byte> id, ReadOnlySpan<byte> name, ReadOnlySpan<byte> googleSignature);

    protected abstract void OnToolArguments(int tool, ReadOnlySpan<byte> escaped);

    protected abstract void OnExtra(string name, ReadOnlySpan<byte> json);

    protected abstract void OnLogprobs(ReadOnlySpan<byte> elements);

    protected abstract void OnMember(string name, ReadOnlySpan<byte> json);

    protected abstract void OnFinish(FinishReason reason, ReadOnlySpan<byte> stopSequence);

    protected abstract void OnEnd();
}
