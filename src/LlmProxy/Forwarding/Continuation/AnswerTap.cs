using LlmProxy.Accounting;
using LlmProxy.Conversation;

namespace LlmProxy.Forwarding.Continuation;

/// <summary>Notes what is told on its way to the client's sink, or, where the client gets the vendor's own bytes, beside it.</summary>
internal sealed class AnswerTap(AnswerSoFar soFar, ChatSink? client) : ChatSink
{
    public override void SetUsage(TokenUsage usage)
    {
        base.SetUsage(usage);
        client?.SetUsage(usage);
    }

    protected override void OnText(ReadOnlySpan<byte> escaped)
    {
        if (Choice > 0)
        {
            soFar.MoreThanText();
        }

        soFar.Text(escaped);
        Client()?.Text(escaped);
    }

    protected override void OnReasoning(ReadOnlySpan<byte> escaped)
    {
        soFar.Thinks();
        Client()?.Reasoning(escaped);
    }

    protected override void OnSignature(ReadOnlySpan<byte> escaped, bool isSealed) => Client()?.Signature(escaped, isSealed);

    protected override void OnRefusal(ReadOnlySpan<byte> escaped)
    {
        soFar.MoreThanText();
        Client()?.Refusal(escaped);
    }

    protected override void OnToolStart(int tool, ReadOnlySpan<byte> id, ReadOnlySpan<byte> name, ReadOnlySpan<byte> googleSignature)
    {
        soFar.MoreThanText();
        Client()?.ToolStart(tool, id, name, googleSignature);
    }

    protected override void OnToolArguments(int tool, ReadOnlySpan<byte> escaped) => Client()?.ToolArguments(tool, escaped);

    protected override void OnExtra(string name, ReadOnlySpan<byte> json)
    {
        soFar.MoreThanText();
        Client()?.Extra(name, json);
    }

    protected override void OnLogprobs(ReadOnlySpan<byte> elements) => Client()?.Logprobs(elements);

    protected override void OnMember(string name, ReadOnlySpan<byte> json) => Client()?.Member(name, json);

    protected override void OnFinish(FinishReason reason, ReadOnlySpan<byte> stopSequence)
    {
        soFar.Finished();
        Client()?.Finish(reason, stopSequence);
    }

    protected override void OnEnd() => Client()?.End();

    private ChatSink? Client()
    {
        if (client is null)
        {
            return null;
        }

        client.Output = Output;
        client.Choice = Choice;
        client.Begin(AnswerId, ReportedModel);
        return client;
    }
}
