using LlmProxy.Accounting;
using LlmProxy.Conversation;
using LlmProxy.Pipeline;
using LlmProxy.Providers;

namespace LlmProxy.Forwarding.Continuation;

/// <summary>
/// Tells a continuation to the sink that told the answer's beginning: under the first LLM's id and model, without what
/// the client has already, with the usage of all who had a part in it.
/// </summary>
internal sealed class SeamSink(AnswerSoFar soFar, ChatSink client, Seam seam, ChatTurn turn) : ChatSink
{
    private bool _hasText;

    public override void SetUsage(TokenUsage usage) => base.SetUsage(usage.Plus(soFar.UsageBefore));

    protected override void OnText(ReadOnlySpan<byte> escaped)
    {
        _hasText = true;
        Tell(seam.Take(escaped));
    }

    /// <summary>The client has the beginning of an answer: what thinks only now does not go on with it.</summary>
    protected override void OnReasoning(ReadOnlySpan<byte> escaped)
    {
        if (!_hasText)
        {
            Fail(new VendorFailure(ErrorCode.InvalidProviderResponse, $"{TransportFailures.Who(turn.Target)} began to think anew instead of going on with the answer."));
        }
    }

    protected override void OnSignature(ReadOnlySpan<byte> escaped, bool isSealed)
    {
        // Of thinking that the client does not get.
    }

    protected override void OnRefusal(ReadOnlySpan<byte> escaped)
    {
        BeforeMore();
        Client().Refusal(escaped);
    }

    protected override void OnToolStart(int tool, ReadOnlySpan<byte> id, ReadOnlySpan<byte> name, ReadOnlySpan<byte> googleSignature)
    {
        BeforeMore();
        Client().ToolStart(tool, id, name, googleSignature);
    }

    protected override void OnToolArguments(int tool, ReadOnlySpan<byte> escaped) => Client().ToolArguments(tool, escaped);

    protected override void OnExtra(string name, ReadOnlySpan<byte> json)
    {
        BeforeMore();
        Client().Extra(name, json);
    }

    protected override void OnLogprobs(ReadOnlySpan<byte> elements)
    {
        if (seam.IsThrough)
        {
            Client().Logprobs(elements); // Others would stand beside a text that was taken off.
        }
    }

    protected override void OnMember(string name, ReadOnlySpan<byte> json)
    {
        // Said once, by whoever began.
    }

    protected override void OnFinish(FinishReason reason, ReadOnlySpan<byte> stopSequence)
    {
        Tell(seam.Finish());
        soFar.Finished();
        Client().Finish(reason, stopSequence);
    }

    protected override void OnEnd()
    {
        if (Usage is null)
        {
            SetUsage(soFar.Estimate(turn.Request, turn.Target));
        }

        client.SetUsage(Usage!.Value);
        Client().End();
    }

    private void BeforeMore()
    {
        Tell(seam.Finish());
        soFar.MoreThanText();
    }

    private void Tell(ReadOnlySpan<byte> escaped)
    {
        if (!escaped.IsEmpty)
        {
            soFar.Text(escaped);
            Client().Text(escaped);
        }
    }

    private ChatSink Client()
    {
        client.Output = Output;
        return client;
    }
}
